/**
 * Real hosts over SSH, as the engine sees them.
 *
 * @module
 */
import { hostname } from "node:os";
import { type Endpoint, findEndpoint, readSurroundings, type Surroundings } from "./endpoint.ts";
import { fetchFile } from "./fetch.ts";
import { type Limit, limit } from "./limit.ts";
import { Hops, Line } from "./line.ts";
import { takeLock } from "./session.ts";
import { type Manner, runScript } from "./talk.ts";
import { isTrouble, unreachable } from "./trouble.ts";
import type { Connection } from "./connection.ts";
import type { Fleet, Reply, SessionReply, Trouble } from "../model/fleet.ts";
import type { SshTarget } from "./settings.ts";

/** How a fleet works, apart from where its nodes are. */
export interface SshFleetOptions {
  /** @default {32} How many connections are opened at a time. */
  readonly maxConnecting?: number;
  /** What is written into locks. @default {"host:pid since TIME"} */
  readonly holder?: string;
  /** @default {8388608} Bytes of output that are kept of one script; more of it is an error. */
  readonly maxOutput?: number;
  /** Milliseconds between signs of life; a peer is taken for dead after three. @default {5000} */
  readonly keepaliveMs?: number;
  /** The files and the environment to find endpoints with. @default {readSurroundings()} */
  readonly surroundings?: Surroundings;
}

/** Scripts and files on one node at a time; the other sessions of a connection are left to locks. */
const RUNS_AT_A_TIME = 4;
/** Connections that are tried for one command: the kept one may have broken unnoticed, and others may be full. */
const TRIES = 4;

interface Node {
  readonly target: SshTarget;
  readonly lines: Line[];
  readonly runs: Limit;
  endpoint: Promise<Endpoint | Trouble> | undefined;
}

/**
 * Makes a fleet of hosts that are reached over SSH. Nothing is connected before it is used, and everything is kept
 * until `close`. A method rejects for a name that is not among the targets (RangeError), and for what a sink throws.
 */
export function sshFleet(targets: readonly SshTarget[], options: SshFleetOptions = {}): Fleet {
  return new SshFleet(targets, options);
}

class SshFleet implements Fleet {
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #hops: Hops;
  readonly #end = new AbortController();
  readonly #maxOutput: number;
  readonly #holder: string;
  #around: Surroundings | undefined;

  constructor(targets: readonly SshTarget[], options: SshFleetOptions) {
    this.#nodes = new Map(targets.map((target) => [target.name, {
      target,
      lines: [],
      runs: limit(RUNS_AT_A_TIME),
      endpoint: undefined,
    }]));
    this.#hops = new Hops(limit(options.maxConnecting ?? 32), {
      keepaliveMs: options.keepaliveMs ?? 5_000,
      signal: this.#end.signal,
    });
    this.#maxOutput = options.maxOutput ?? 8 * 1024 * 1024;
    this.#holder = options.holder ?? `${hostname()}:${Deno.pid} since ${new Date().toISOString()}`;
    this.#around = options.surroundings;
  }

  async run(name: string, script: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<Reply> {
    const node = this.#node(name);
    const ms = Math.max(1, timeoutMs);
    return replied(
      await node.runs(() => this.#use(node, (connection, how) => runScript(connection, script, ms, how))),
    );
  }

  async lock(name: string, lockPath: string): Promise<SessionReply> {
    const taken = await this.#use(
      this.#node(name),
      (connection, how) => takeLock(connection, name, lockPath, this.#holder, how),
    );
    return isTrouble(taken) ? { kind: "failed", reply: unreachable(taken) } : taken;
  }

  async fetch(
    name: string,
    path: string,
    sink: (piece: Uint8Array) => void | Promise<void>,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<Reply> {
    const node = this.#node(name);
    const ms = Math.max(1, timeoutMs);
    return replied(
      await node.runs(() => this.#use(node, (connection, how) => fetchFile(connection, path, sink, ms, how))),
    );
  }

  async close(): Promise<void> {
    this.#end.abort();
    const lines = [...this.#nodes.values()].flatMap((node) => node.lines);
    await Promise.all(lines.map((line) => line.close()));
    await this.#hops.close();
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new RangeError(`Cannot reach "${name}": it is not a node of this fleet`);
    return node;
  }

  /** Does work that sends something to a node; a trouble that it gives says that nothing was sent. */
  async #use<T extends object>(
    node: Node,
    work: (connection: Connection, manner: Manner) => Promise<T | Trouble>,
  ): Promise<T | Trouble> {
    const { name, host, ssh } = node.target;
    this.#around ??= readSurroundings();
    node.endpoint ??= findEndpoint(host, ssh, this.#around);
    const endpoint = await node.endpoint;
    if (isTrouble(endpoint)) return endpoint;
    const manner = { become: ssh.become === "sudo" && endpoint.user !== "root", maxOutput: this.#maxOutput };
    for (let tries = 1;; tries++) {
      if (this.#end.signal.aborted) return closed(name);
      const line = this.#line(node, endpoint);
      const kept = line.current !== undefined;
      const connection = await line.connection();
      if (isTrouble(connection)) return connection;
      const done = await work(connection, manner);
      if (!isTrouble(done) || done.code !== "unreachable" || tries === TRIES) return done;
      if (!connection.full && (!kept || connection.gone === undefined)) return done;
    }
  }

  /** One line, until all its sessions are taken by locks. */
  #line(node: Node, endpoint: Endpoint): Line {
    const found = node.lines.find((line) => line.current?.full !== true);
    if (found !== undefined) return found;
    const line = new Line(endpoint, this.#hops);
    node.lines.push(line);
    return line;
  }
}

const replied = (done: Reply | Trouble): Reply => isTrouble(done) ? unreachable(done) : done;

const closed = (name: string): Trouble => ({
  code: "unreachable",
  detail: `${name} was not asked: the fleet is closed`,
  unblock: "run the command again",
});
