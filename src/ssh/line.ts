/**
 * Which connection a command goes over: lines are opened at first use, kept, shared, and opened anew when they broke.
 *
 * @module
 */
import { isTrouble } from "./trouble.ts";
import type { Connection, Life, Means } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Limit } from "./limit.ts";
import type { Trouble } from "../model/fleet.ts";

/** A way to an endpoint: at most one connection at a time. */
export class Line {
  readonly #endpoint: Endpoint;
  readonly #hops: Hops;
  #connection: Connection | undefined;
  #opening: Promise<Connection | Trouble> | undefined;

  constructor(endpoint: Endpoint, hops: Hops) {
    this.#endpoint = endpoint;
    this.#hops = hops;
  }

  /** The connection, if one is open. */
  get current(): Connection | undefined {
    return this.#connection?.gone === undefined ? this.#connection : undefined;
  }

  /** The open connection, or the one that is being opened, or a new one. */
  connection(): Promise<Connection | Trouble> {
    if (this.current !== undefined) return Promise.resolve(this.current);
    this.#opening ??= this.#open().finally(() => this.#opening = undefined);
    return this.#opening;
  }

  async close(): Promise<void> {
    await this.#opening;
    await this.#connection?.close();
  }

  async #open(): Promise<Connection | Trouble> {
    const { jump } = this.#endpoint;
    // The hop comes first: while it waits for its turn to connect, nothing that waits for it holds one.
    const via = jump === undefined ? undefined : await this.#hops.to(jump).connection();
    if (via !== undefined && isTrouble(via)) return via;
    const opened = await this.#hops.open(this.#endpoint, via);
    if (!isTrouble(opened)) this.#connection = opened;
    return opened;
  }
}

/** What all connections of a fleet have in common; the servers that nodes are reached through, each connected once. */
export class Hops {
  readonly #lines = new Map<string, Line>();
  readonly #connecting: Limit;
  readonly #life: Life;
  #means: Means | undefined;

  constructor(connecting: Limit, life: Life) {
    this.#connecting = connecting;
    this.#life = life;
  }

  to(endpoint: Endpoint): Line {
    const id = JSON.stringify(endpoint);
    const line = this.#lines.get(id) ?? new Line(endpoint, this);
    this.#lines.set(id, line);
    return line;
  }

  async open(endpoint: Endpoint, via: Connection | undefined): Promise<Connection | Trouble> {
    // node-ssh costs 80 ms to load: a command that reaches no node does without.
    const { connect, newMeans } = await import("./connection.ts");
    const means = this.#means ??= newMeans(this.#life);
    return await this.#connecting(() => connect(endpoint, via, means));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.close()));
  }
}
