/**
 * Hosts in memory, for a test of a playbook: the real engine with all its rules runs on them, and what a step declares
 * as its effect is what happens. So a test shows the order of things, and what becomes of a step that fails; whether a
 * command does what it declares, only real hosts show.
 *
 * @module
 */
import { applyService } from "../engine/apply.ts";
import type { Outside } from "../engine/outside.ts";
import type { Happening, Outcome } from "../model/event.ts";
import type { About, Reply, SessionReply } from "../model/fleet.ts";
import type { HostNode, Intent, Latch, NodeFacts, RecordedMember } from "../model/node.ts";
import type { Memory, Target } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import { known } from "../model/tri.ts";
import { sampleNode } from "../plan/sample.ts";
import type { Effect } from "../playbook/effect.ts";
import type { Service } from "../playbook/plugin.ts";
import { bound, type Subject } from "./subject.ts";

export interface FakeFleetOptions extends Subject {
  /** False: nothing was ever formed. @default true */
  readonly formed?: boolean;
}

/** What one run came to. */
export interface Applied {
  readonly outcome: Outcome;
  /** Each command that ran, with its place: "n4: systemctl start etcd.service". */
  readonly ran: readonly string[];
  /** The cases of the changes that were completed, with their nodes: "add n4". */
  readonly changes: readonly string[];
  readonly refusals: readonly Refusal[];
}

interface Host {
  readonly node: HostNode;
  reached: boolean;
  running: boolean;
  fenced: boolean;
  enabled: boolean;
  started: boolean;
  data: string | undefined;
  latch: Latch | undefined;
  intent: Intent | undefined;
}

const clusterId = "c1a5700000000000";
const place = { dataPath: "/var/lib/data", fsId: "1" };
const NO_SUM = "0".repeat(64);
const exited = (code: number, out = "", err = ""): Reply => ({
  kind: "exited",
  code,
  stdout: new TextEncoder().encode(out),
  stderr: new TextEncoder().encode(err),
});

/**
 * A fleet of such hosts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { etcd } from "quorate/plugins/etcd";
 * import { FakeFleet } from "quorate/testing";
 *
 * const fleet = new FakeFleet({ plugin: etcd });
 * const { outcome, changes } = await fleet.apply("n1", "n2", "n4");
 * assert.deepEqual([outcome, changes], ["converged", ["replace n3→n4"]]);
 * assert.deepEqual(fleet.members, ["n1", "n2", "n4"]);
 * ```
 */
export class FakeFleet {
  /** Called with each step on a node before its command runs: what it returns is why the command fails. */
  onStep: (step: string, on: string) => string | undefined = () => undefined;
  readonly #service: Service;
  readonly #target: Target;
  readonly #hosts: ReadonlyMap<string, Host>;
  #members: readonly RecordedMember[] = [];
  #leader: string | undefined;
  #memory: Memory = { attempts: {} };
  #now = 0;
  #ids = 0;

  constructor(of: FakeFleetOptions) {
    const { service, target } = bound(of);
    // A member that never started is known by where it will be; the plugin's own URLs are not asked for.
    this.#service = {
      ...service,
      claims: (m, n) => m.peerUrls.includes(urlOf(n.name)),
      caughtUp: (learner) => learner.local,
      drift: () => ({ settings: {} }),
    };
    this.#target = target;
    this.#hosts = new Map(target.nodes.map((node) => [node.name, blank(node)]));
    if (of.formed ?? true) { for (const n of target.desired) this.#form(n.name); }
    for (const n of target.desired) this.#latch(n.name);
  }

  /** Names of the recorded members' nodes; a learner's with a star, in the order in which they joined. */
  get members(): readonly string[] {
    return this.#members.map((m) => `${nodeOf(m)}${m.role === "learner" ? "*" : ""}`);
  }

  /** Its process ends; its data is there. */
  stop(node: string): void {
    this.#host(node).running = false;
    this.#elect();
  }
  /** Its process ends, and its data is lost. */
  wipe(node: string): void {
    this.stop(node);
    this.#host(node).data = undefined;
  }
  /** Nobody can log in any more; its process goes on. */
  cut(node: string): void {
    this.#host(node).reached = false;
  }
  mend(node: string): void {
    this.#host(node).reached = true;
  }

  /** One run of `apply` with these desired members, the config's unless named. */
  async apply(...members: readonly string[]): Promise<Applied> {
    const { nodes, desired } = this.#target;
    const wanted = members.length === 0 ? desired : members.map((name) => this.#host(name).node);
    const events: Happening[] = [];
    const stop = new AbortController();
    const target = { ...this.#target, desired: wanted, nodes };
    const run = { service: this.#service, target, outside: this.#outside() };
    const { outcome } = await applyService(run, (h) => events.push(h), stop.signal);
    return {
      outcome,
      ran: events.flatMap((e) => e.event === "stepStarted" ? [`${e.on}: ${e.command}`] : []),
      changes: events.flatMap((e) => e.event === "changeDone" ? [`${e.case} ${e.subject}`] : []),
      refusals: events.flatMap((e) =>
        e.event === "refused" ? e.refusals : e.event === "quorumLost" ? [e.refusal] : []
      ),
    };
  }

  #host(name: string): Host {
    const found = this.#hosts.get(name);
    if (found === undefined) throw new RangeError(`Cannot find ${name}: it is no node of this fleet`);
    return found;
  }

  // ---- what a step declares happens --------------------------------------------------------------------------------

  #do(effect: Effect): void {
    switch (effect.does) {
      case "intends":
        this.#host(effect.node).intent = effect.intent;
        break;
      case "formed":
        this.#host(effect.node).intent = undefined;
        break;
      case "configures":
        if (effect.join === "existing") {
          Object.assign(this.#host(effect.node), { intent: undefined, started: false, latch: undefined });
        }
        break;
      case "starts":
        this.#start(effect.node, effect.as);
        break;
      case "fences":
        Object.assign(this.#host(effect.node), { running: false, enabled: false, fenced: true });
        break;
      case "unfences":
        this.#host(effect.node).fenced = false;
        break;
      case "setsAside":
        Object.assign(this.#host(effect.node), { data: undefined, latch: undefined, started: false });
        break;
      case "latches":
        this.#latch(effect.node);
        break;
      case "registersLearner":
        this.#members = [...this.#members, { ...this.#newMember(effect.node), name: "", role: "learner" }];
        break;
      case "promotes":
        this.#change((m) => nodeOf(m) === effect.node, { role: "voter" });
        break;
      case "removes":
        this.#members = this.#members.filter((m) => m.id !== effect.member);
        break;
      case "movesLeaderFrom":
        this.#leader = this.#members.find((m) => m.id !== effect.member && this.#serves(m))?.id;
        break;
    }
    this.#elect();
  }

  #start(name: string, as: "new" | "existing" | "itself"): void {
    const host = this.#host(name);
    if (as === "new") {
      host.started = true;
      for (const one of host.intent?.members ?? [name]) {
        if (!this.#members.some((m) => nodeOf(m) === one)) {
          this.#members = [...this.#members, this.#newMember(one)];
        }
      }
    }
    const own = this.#members.find((m) => nodeOf(m) === name);
    if (own === undefined) return;
    Object.assign(host, { running: true, enabled: true, data: own.id });
    this.#change((m) => m.id === own.id, { name });
  }

  #form(name: string): void {
    this.#members = [...this.#members, this.#newMember(name)];
    this.#start(name, "itself");
    this.#elect();
  }
  #newMember = (node: string): RecordedMember => ({
    id: `a${++this.#ids}`.padEnd(16, "0"),
    name: node,
    role: "voter",
    peerUrls: [urlOf(node)],
    clientUrls: [urlOf(node)],
  });
  #change(which: (m: RecordedMember) => boolean, over: Partial<RecordedMember>): void {
    this.#members = this.#members.map((m) => which(m) ? { ...m, ...over } : m);
  }
  #latch(name: string): void {
    const host = this.#host(name);
    if (host.data === undefined) return;
    const voters = this.#members.filter((m) => m.role === "voter").map(nodeOf);
    host.latch = { clusterId, memberId: host.data, ...place, voters };
  }
  #serves = (m: RecordedMember): boolean => m.role === "voter" && this.#host(nodeOf(m)).running;
  get #held(): boolean {
    const voters = this.#members.filter((m) => m.role === "voter");
    return voters.length > 0 && voters.filter(this.#serves).length > voters.length / 2;
  }
  #elect(): void {
    if (!this.#members.some((m) => m.id === this.#leader && this.#serves(m))) {
      this.#leader = this.#members.find(this.#serves)?.id;
    }
  }

  // ---- what the engine sees ----------------------------------------------------------------------------------------

  #facts(host: Host): NodeFacts {
    const { name } = host.node;
    const base = sampleNode(name);
    if (!host.reached) {
      const trouble = { code: "unreachable", detail: "it was cut off", unblock: `mend("${name}")` } as const;
      const data = { state: "unknown", identity: "unknown", place: undefined } as const;
      const nothing = {
        process: "unknown",
        latch: "unknown",
        intent: "unknown",
        started: "unknown",
      } as const;
      return { ...base, ...nothing, reached: false, trouble, data, fenced: "unknown" };
    }
    const own = this.#members.find((m) => m.id === host.data);
    const identity = host.data === undefined ? undefined : { clusterId, memberId: host.data };
    const enabled = host.enabled ? "enabled" : "disabled";
    return {
      ...base,
      unit: { ...base.unit, active: host.running ? "active" : "inactive", enabled },
      process: known(host.running),
      fenced: known(host.fenced),
      started: host.started ? place : "none",
      intent: host.intent ?? "none",
      latch: host.latch ?? "none",
      data: identity === undefined
        ? { state: "empty", identity: "none", place }
        : { state: "present", identity, place },
      view: !host.running || identity === undefined ? undefined : {
        identity,
        linearizable: known(this.#held && own?.role === "voter"),
        local: known(this.#held),
        members: this.#members,
        leaderId: this.#held ? this.#leader : undefined,
        role: own?.role,
        term: 1n,
        index: 1n,
        version: undefined,
        alarms: [],
        pristine: "no",
        trouble: undefined,
      },
    };
  }

  #execute(on: string, about: About | undefined): Reply {
    if (about === undefined) return exited(0, `${NO_SUM}\n`);
    const why = this.onStep(about.step, on);
    if (why !== undefined) return exited(1, "", why);
    if (isEffect(about.effect)) this.#do(about.effect);
    return exited(0);
  }

  #lock(node: string): SessionReply {
    const host = this.#host(node);
    const gone: Reply = { kind: "lost", detail: "the connection went away" };
    if (!host.reached) return { kind: "failed", reply: exited(255, "", "no route") };
    return {
      kind: "held",
      session: {
        node,
        found: "",
        held: true,
        alive: () => Promise.resolve(host.reached),
        run: (_script, { about }) => Promise.resolve(host.reached ? this.#execute(node, about) : gone),
        close: () => Promise.resolve(),
      },
    };
  }

  #outside(): Outside {
    return {
      clock: {
        now: () => this.#now,
        wall: () => 1_700_000_000_000 + this.#now,
        sleep: (ms) => {
          this.#now += ms;
          return Promise.resolve();
        },
      },
      checks: {
        check: (_, node) => {
          this.#now += 5;
          return Promise.resolve(this.#facts(this.#host(node.name)));
        },
        late: () => Promise.resolve(),
        peers: (_, members) =>
          Promise.resolve(
            Object.fromEntries(members.map((m) => [m.id, known(this.#held && this.#serves(m))])),
          ),
      },
      fleet: {
        run: (node) => Promise.resolve(this.#execute(node, undefined)),
        lock: (node) => Promise.resolve(this.#lock(node)),
        fetch: () => Promise.resolve(exited(0)),
        close: () => Promise.resolve(),
      },
      here: () => Promise.resolve(exited(0)),
      store: {
        readMemory: () => Promise.resolve(this.#memory),
        writeMemory: (memory) => {
          this.#memory = memory;
          return Promise.resolve();
        },
        lock: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
        trouble: () => Promise.resolve(undefined),
        snapshot: (kind) =>
          Promise.resolve({
            path: kind,
            write: () => Promise.resolve(),
            sha256: () => NO_SUM,
            keep: () => Promise.resolve(),
            drop: () => Promise.resolve(),
          }),
      },
      token: () => "token",
      holder: "test",
    };
  }
}

const urlOf = (node: string): string => `fake://${node}`;
const nodeOf = (m: RecordedMember): string => m.peerUrls[0]?.slice("fake://".length) ?? "";
const blank = (node: HostNode): Host => ({
  node,
  reached: true,
  running: false,
  fenced: false,
  enabled: false,
  started: false,
  data: undefined,
  latch: undefined,
  intent: undefined,
});
/** The engine hands a step's own effect over. */
const isEffect = (effect: About["effect"]): effect is Effect => "does" in effect;
