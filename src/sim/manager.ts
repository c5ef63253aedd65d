/**
 * A simulated management host: the outside of the engine, with bad luck. Answers get lost before, during and after
 * what was asked for; connections end; and the manager itself may die between any two of its own moves.
 *
 * @module
 */
import type { Checks } from "../engine/checks.ts";
import type { Outside, Store } from "../engine/outside.ts";
import type { Fleet, Reply, SessionReply } from "../model/fleet.ts";
import type { HostNode, NodeFacts } from "../model/node.ts";
import type { Memory, Target } from "../model/observation.ts";
import { unreached } from "../node/parse.ts";
import type { Surveyed } from "../playbook/plugin.ts";
import { factsOf, peersOf, surveyOf } from "./facts.ts";
import type { Host } from "./host.ts";
import { Deeds } from "./judge.ts";
import type { Random } from "./random.ts";
import { exited, SimSession, unreachable } from "./session.ts";
import type { World } from "./world.ts";

const CONNECT_MS = 3_000;
const lucks = {
  before: "a connection dies before a command",
  during: "a connection dies in the middle of a command",
  after: "a connection dies after a command, its answer lost",
  twice: "a command is run twice",
} as const;

/** A management host: what it keeps lives longer than any process on it. */
export class Manager {
  memory: Memory = { attempts: {} };
  clockMs = 1_700_000_000_000;
  busy = false;
  constructor(readonly name: string) {}
}

/** One process on a management host: one run. */
export class Run {
  readonly deeds: Deeds;
  #dead = false;
  #moves = 0;
  readonly #sessions = new Set<SimSession>();
  /** In so many of 1000 commands the answer gets lost. */
  lossPerMille = 0;
  /** It is killed at its so-manieth move. */
  diesAt = Infinity;

  constructor(
    readonly world: World,
    readonly manager: Manager,
    readonly random: Random,
    readonly id: string,
    target: Target,
    /** Whether this run's config, or what is recorded or was left there, gives it a reason to act on a host. */
    readonly mayTouch: (host: Host) => boolean,
  ) {
    this.deeds = new Deeds(`${manager.name}:${id}`, target);
  }

  readonly #died = Promise.withResolvers<undefined>();

  get dead(): boolean {
    return this.#dead;
  }
  get death(): Promise<undefined> {
    return this.#died.promise;
  }
  kill(): void {
    this.#dead = true;
    this.#died.resolve(undefined);
    this.manager.busy = false;
    this.world.tell(this.manager.name, "is killed");
    this.world.count("a manager is killed");
    for (const session of this.#sessions) session.abandon();
  }

  /** Each answer that the run waits for is a place where it may die; a dead process waits for ever. */
  async move<T>(answer: Promise<T>): Promise<T> {
    const value = await answer;
    if (++this.#moves === this.diesAt && !this.#dead) this.kill();
    return this.#dead ? await new Promise<never>(() => {}) : value;
  }

  /** The way to a host or back, waiting out what TCP waits out; false when the connection is given up. */
  async way(from: string, to: string, patienceMs: number): Promise<boolean> {
    const { world } = this;
    for (const until = world.time.now + patienceMs; !world.open(from, to) || !world.awake(to);) {
      if (world.time.now >= until) return false;
      await world.time.sleep(500);
    }
    const slow = world.hosts.get(to)?.slowMs ?? world.hosts.get(from)?.slowMs ?? 0;
    await world.time.sleep(this.random.int(1, 12) + (slow === 0 ? 0 : this.random.int(0, slow)));
    return world.awake(to);
  }

  outside(): Outside {
    const { world, manager } = this;
    const store: Store = {
      readMemory: () => Promise.resolve(manager.memory),
      writeMemory: (memory) => {
        manager.memory = memory;
        return Promise.resolve();
      },
      lock: () => {
        if (manager.busy) return Promise.resolve(undefined);
        manager.busy = true;
        return Promise.resolve({
          [Symbol.asyncDispose]: () => {
            manager.busy = false;
            return Promise.resolve();
          },
        });
      },
      trouble: () => Promise.resolve(undefined),
      // What it holds goes with the world, not through commands.
      open: () =>
        Promise.resolve({
          size: 1,
          read: () => Promise.resolve(new Uint8Array(1)),
          sha256: () => Promise.resolve("0".repeat(64)),
          [Symbol.dispose]: () => {},
        }),
      snapshot: (kind) =>
        Promise.resolve({
          path: kind,
          write: () => Promise.resolve(),
          sha256: () => "0".repeat(64),
          keep: () => Promise.resolve(),
          drop: () => Promise.resolve(),
        }),
    };
    const fleet: Fleet = {
      run: (node) => this.move(Promise.resolve(unreachable(node, "nothing but checks is simulated"))),
      lock: (node) => this.move(this.#lock(world.host(node))),
      fetch: (node, path) => this.move(this.#fetch(world.host(node), path)),
      close: () => Promise.resolve(),
    };
    return {
      fleet,
      checks: this.#checks(),
      here: () => Promise.resolve(exited(0)),
      clock: {
        now: () => world.time.now,
        wall: () => manager.clockMs + world.time.now,
        sleep: (ms) => this.move(world.time.sleep(ms)),
      },
      store,
      token: () => this.random.hex(32),
      holder: `${manager.name}:${this.id}`,
    };
  }

  #checks(): Checks {
    const { world, manager } = this;
    return {
      check: (_service, node) => this.move(this.#check(node)),
      survey: (_service, node, silent) => this.move(this.#survey(node, silent)),
      late: (tookMs) => world.time.sleep(Math.max(300, tookMs / 2)),
      peers: (_service, members, from) =>
        this.move((async () => {
          await world.time.sleep(this.random.int(20, 80));
          const asked = from.filter((n) => world.linked(manager.name, n.name));
          const said = peersOf(world, members, asked);
          if (Object.values(said).includes("no")) await world.time.sleep(3_000);
          return said;
        })()),
    };
  }

  async #check(node: HostNode): Promise<NodeFacts> {
    const { world, manager } = this;
    const host = world.host(node.name);
    if (!await this.way(manager.name, host.name, CONNECT_MS)) {
      return unreached(node, unreachable(node.name, "timed out"));
    }
    await world.time.sleep(this.random.int(30, 90));
    const facts = factsOf(world, host);
    this.deeds.lookedAt = world.time.now;
    // Without a majority the question waits to its deadline.
    if (facts.view?.linearizable === "unknown" && facts.view.local !== "no") await world.time.sleep(2_000);
    const lost = this.#unlucky();
    if (lost) world.count("the answer to a look is lost");
    if (lost || !await this.way(host.name, manager.name, CONNECT_MS)) {
      return unreached(node, { kind: "lost", detail: "the connection went away" });
    }
    return facts;
  }

  async #survey(node: HostNode, silent: readonly HostNode[]): Promise<Surveyed | undefined> {
    const host = this.world.host(node.name);
    if (!await this.way(this.manager.name, host.name, CONNECT_MS)) return undefined;
    await this.world.time.sleep(this.random.int(50, 2_000));
    const said = surveyOf(this.world, host, silent);
    return await this.way(host.name, this.manager.name, CONNECT_MS) ? said : undefined;
  }

  async #lock(host: Host): Promise<SessionReply> {
    const { world, manager } = this;
    if (!await this.way(manager.name, host.name, CONNECT_MS)) {
      return { kind: "failed", reply: unreachable(host.name, "timed out") };
    }
    if (host.lock !== undefined) return { kind: "busy", holder: host.lock.holder };
    const session = new SimSession(this, host, host.lockLine);
    host.lockLine = session.holder;
    host.lock = session;
    this.#sessions.add(session);
    if (this.#dead) session.abandon();
    if (!await this.way(host.name, manager.name, CONNECT_MS)) {
      session.abandon();
      return { kind: "failed", reply: unreachable(host.name, "no answer") };
    }
    world.tell(manager.name, `holds the lock on ${host.name}`);
    return { kind: "held", session };
  }

  async #fetch(host: Host, path: string): Promise<Reply> {
    const { world } = this;
    await world.time.sleep(this.random.int(20, 200));
    const kept = host.files.get(path);
    if (kept === undefined) return exited(1, "", "No such file or directory");
    const arrives = world.linked(this.manager.name, host.name) && !this.#unlucky();
    if (arrives) {
      this.deeds.snapshot = true;
      world.snapshots.push(kept);
    }
    return arrives ? exited(0) : { kind: "lost", detail: "the connection went away" };
  }

  #unlucky(): boolean {
    return this.lossPerMille > 0 && this.random.percent(this.lossPerMille / 10);
  }

  /** Whether a command's connection goes away before it, in the middle of it or after it, or it is run twice. */
  bad(): "before" | "during" | "after" | "twice" | undefined {
    const luck = this.#unlucky()
      ? this.random.pick(["before", "during", "after", "twice"] as const)
      : undefined;
    if (luck !== undefined) this.world.count(lucks[luck]);
    return luck;
  }
}
