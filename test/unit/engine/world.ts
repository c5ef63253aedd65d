/** A scripted fleet in memory: a record of members, nodes that run or do not, and bad luck on demand. No real time. */
import assert from "node:assert/strict";
import type { exitCodeOf } from "../../../src/model/event.ts";
import { StateError } from "../../../src/engine/state_error.ts";
import type { Leases } from "../../../src/engine/lease.ts";
import type { Outside, ServiceRun } from "../../../src/engine/outside.ts";
import { applyService } from "../../../src/engine/apply.ts";
import type { Applied } from "../../../src/engine/begin.ts";
import type { Happening } from "../../../src/model/event.ts";
import type { Reply, SessionReply } from "../../../src/model/fleet.ts";
import type { HostNode, NodeFacts, RecordedMember } from "../../../src/model/node.ts";
import type { Memory, Policy, Target } from "../../../src/model/observation.ts";
import type { Service } from "../../../mod.ts";
import { sampleNode } from "../../../src/plan/sample.ts";
import { clusterId, place, recorded, target, unreachable, view } from "../core_samples.ts";
import { fakeService } from "../fake_service.ts";

type Luck = "lost" | "lost after" | "timed out" | "timed out after" | { readonly says: string };

const bytes = (text: string) => new TextEncoder().encode(text);
export const exited = (code: number, out = "", err = ""): Reply => ({
  kind: "exited",
  code,
  stdout: bytes(out),
  stderr: bytes(err),
});

export class World {
  now = 0;
  members: RecordedMember[] = [];
  leader: string | undefined;
  /** Each leader has a term of its own. */
  term = 2n;
  /** Whose data lies on a node: a member id. */
  readonly data = new Map<string, string>();
  readonly running = new Set<string>();
  readonly fenced = new Set<string>();
  readonly silent = new Set<string>();
  readonly drifted = new Set<string>();
  /** Nodes whose lock somebody holds, and who. */
  readonly busy = new Map<string, string>();
  readonly open = new Map<string, { held: boolean }>();
  memory: Memory = { attempts: {} };
  localLock = true;
  /** What of the state directory cannot be written, and why. */
  readonly unwritable = new Map<"lock" | "memory" | "journal", string>();
  /** The lease of the service, where a test has several managers. */
  leases: Leases | undefined;
  /** Nodes answer checks, but no lock can be taken on them. */
  unlockable = false;
  electing = false;
  /** What ran: "n1: register n4". */
  readonly log: string[] = [];
  readonly events: Happening[] = [];
  looks = 0;
  /** How often each node was asked. */
  readonly asked: Record<string, number> = {};
  /** What becomes of a command; asked with its count so far. */
  luck: (command: string, times: number) => Luck | undefined = () => undefined;
  /** Called before each look and after each command. */
  onLook: () => void = () => {};
  onRun: (command: string) => void = () => {};
  readonly stop = new AbortController();
  #ids = 0;

  constructor(readonly target: Target, members: string, readonly service: Service = fakeService) {
    for (const name of members.split(" ")) {
      const id = this.#newId();
      this.members.push(recorded(id, name));
      this.data.set(name, id);
      this.running.add(name);
    }
    this.leader = this.members[0]?.id;
  }

  apply(): Promise<Applied> {
    this.log.length = 0;
    this.events.length = 0;
    return applyService(this.run, (h) => this.events.push(h), this.stop.signal);
  }

  get run(): ServiceRun {
    return { service: this.service, target: this.target, outside: this.#outside() };
  }
  get names(): string {
    return this.members.map((m) => `${m.name || "?"}${m.role === "learner" ? "*" : ""}`).join(" ");
  }
  told(event: Happening["event"]): readonly Happening[] {
    return this.events.filter((e) => e.event === event);
  }
  refusedBy(): readonly string[] {
    return this.events.flatMap((e) => e.event === "refused" ? e.refusals.map((r) => r.rule) : []);
  }
  idOf(name: string): string {
    return this.data.get(name) ?? "nobody";
  }
  kill(name: string): void {
    this.running.delete(name);
  }

  #newId(): string {
    return `a${++this.#ids}`;
  }
  #outside(): Outside {
    return {
      clock: {
        now: () => this.now,
        wall: () => 1_700_000_000_000 + this.now,
        sleep: (ms) => {
          this.now += ms;
          return Promise.resolve();
        },
      },
      checks: {
        check: (_service, node) => {
          this.now += 5;
          this.asked[node.name] = (this.asked[node.name] ?? 0) + 1;
          if (node === this.target.nodes[0]) {
            this.looks++;
            this.onLook();
          }
          return Promise.resolve(this.#facts(node));
        },
        late: () => new Promise(() => {}),
        survey: () => Promise.resolve(undefined),
        peers: (_service, members) =>
          Promise.resolve(Object.fromEntries(members.map((m) => [m.id, this.#serves(m) ? "yes" : "no"]))),
      },
      fleet: {
        run: (node, script) => Promise.resolve(this.#execute(node, script.trim())),
        lock: (node) => Promise.resolve(this.#lock(node)),
        fetch: () => Promise.resolve(exited(0)),
        close: () => Promise.resolve(),
      },
      here: (script) => Promise.resolve(this.#execute("here", script)),
      store: {
        readMemory: () => Promise.resolve(this.memory),
        writeMemory: (m) => {
          const why = this.unwritable.get("memory");
          if (why !== undefined) return Promise.reject(new StateError(why));
          this.memory = m;
          return Promise.resolve();
        },
        lock: () => {
          const why = this.unwritable.get("lock");
          if (why !== undefined) return Promise.reject(new StateError(why));
          return Promise.resolve(
            this.localLock ? { [Symbol.asyncDispose]: () => Promise.resolve() } : undefined,
          );
        },
        trouble: () => Promise.resolve(this.unwritable.get("journal")),
        open: () => Promise.reject(new Error("no files here")),
        snapshot: () => Promise.reject(new Error("no snapshots here")),
      },
      ...(this.leases === undefined ? {} : { leases: this.leases }),
      token: () => "token",
      holder: "manager:1",
    };
  }

  #lock(node: string): SessionReply {
    const holder = this.busy.get(node);
    if (holder !== undefined) return { kind: "busy", holder };
    if (this.unlockable || this.silent.has(node)) {
      return { kind: "failed", reply: exited(255, "", "no route") };
    }
    const session = { held: true };
    this.open.set(node, session);
    const lost: Reply = { kind: "lost", detail: "the connection went away" };
    const run = (script: string): Promise<Reply> =>
      Promise.resolve(session.held && !this.silent.has(node) ? this.#execute(node, script.trim()) : lost);
    const close = () => {
      session.held = false;
      return Promise.resolve();
    };
    return {
      kind: "held",
      session: {
        node,
        found: "",
        get held() {
          return session.held;
        },
        run,
        alive: async () => (await run("true")).kind === "exited",
        close,
      },
    };
  }

  #execute(node: string, command: string): Reply {
    if (command === "true") return exited(0);
    const line = `${node}: ${command}`;
    this.log.push(line);
    const luck = this.luck(command, this.log.filter((l) => l.endsWith(`: ${command}`)).length);
    const done = luck === undefined || luck === "lost after" || luck === "timed out after";
    const reply = done ? this.#do(command) : exited(1);
    this.onRun(command);
    if (luck === undefined) return reply;
    if (typeof luck === "object") return exited(1, "", luck.says);
    return luck.startsWith("lost")
      ? { kind: "lost", detail: "the connection went away" }
      : { kind: "timedOut", stdout: bytes(""), stderr: bytes("") };
  }

  #do(command: string): Reply {
    const [word = "", of = ""] = command.split(" ");
    const change = (id: string, over: Partial<RecordedMember>) => {
      this.members = this.members.map((m) => (m.id === id ? { ...m, ...over } : m));
    };
    switch (word) {
      case "register": {
        const id = this.#newId();
        this.members.push(recorded(id, of, { name: "", role: "learner", clientUrls: [] }));
        break;
      }
      case "start": {
        const own = this.members.find((m) => m.peerUrls.some((u) => u.includes(this.#address(of))));
        if (own === undefined) return exited(1, "", "no member of that name");
        this.data.set(of, own.id);
        this.running.add(of);
        change(own.id, { name: of });
        break;
      }
      case "promote":
        change(of, { role: "voter" });
        break;
      case "remove":
        this.members = this.members.filter((m) => m.id !== of);
        if (this.leader === of) this.leader = this.members.find((m) => this.#runs(m))?.id;
        break;
      case "hand-over":
        this.term++;
        this.leader = this.members.find((m) => m.id !== of && m.role === "voter" && this.#runs(m))?.id;
        break;
      case "fence":
        this.running.delete(of);
        this.fenced.add(of);
        break;
      case "stage":
        this.fenced.delete(of);
        break;
      case "set-aside":
        this.data.delete(of);
        break;
    }
    return exited(0);
  }

  #address = (name: string): string => `//${this.target.nodes.find((n) => n.name === name)?.address}:`;
  #nodeOf(m: RecordedMember): string | undefined {
    return this.target.nodes.find((n) => m.peerUrls.some((u) => u.includes(this.#address(n.name))))?.name;
  }
  #runs(m: RecordedMember): boolean {
    return this.running.has(this.#nodeOf(m) ?? "");
  }
  #held(): boolean {
    const voters = this.members.filter((m) => m.role === "voter");
    return !this.electing && voters.filter((m) => this.#runs(m)).length > voters.length / 2;
  }
  #serves(m: RecordedMember): boolean {
    return this.#held() && this.#runs(m);
  }

  #facts(n: HostNode): NodeFacts {
    const base = sampleNode(n.name);
    if (this.silent.has(n.name)) return { ...base, ...unreachable };
    const memberId = this.data.get(n.name);
    const process = this.running.has(n.name) ? "yes" : "no";
    const fenced = this.fenced.has(n.name) ? "yes" : "no";
    if (memberId === undefined) return { ...base, process, fenced };
    const own = this.members.find((m) => m.id === memberId);
    const identity = { clusterId, memberId };
    const voters = this.members.filter((m) => m.role === "voter");
    const reads = own?.role === "voter" && this.#serves(own) ? "yes" : "no";
    return {
      ...base,
      process,
      fenced,
      unit: { ...base.unit, enabled: "enabled", load: "loaded" },
      data: { state: "present", identity, place },
      latch: { ...identity, ...place, voters: voters.flatMap((m) => this.#nodeOf(m) ?? []) },
      settings: { DRIFT: this.drifted.has(n.name) ? "yes" : "no" },
      view: process === "no" ? undefined : view(memberId, {
        linearizable: reads,
        local: this.#held() ? "yes" : "no",
        members: this.members,
        term: this.term,
        leaderId: this.#held() ? this.leader : undefined,
        role: own?.role,
      }),
    };
  }
}

/** Five hosts, with a cluster on the first three unless told. */
export const hosts = "n1 n2 n3 n4 n5";
export const world = (desired: string, members = "n1 n2 n3", policy: Partial<Policy> = {}): World =>
  new World(target(desired, hosts, policy), members);
/** Applies, and expects this end; every lock is let go. */
export const ends = async (w: World, outcome: keyof typeof exitCodeOf, changed?: number): Promise<void> => {
  const end = await w.apply();
  assert.equal(end.outcome, outcome, JSON.stringify(w.events.slice(-3)));
  if (changed !== undefined) assert.equal(end.changed, changed);
  const last = w.events.at(-1);
  assert.equal(last?.event, "runEnded");
  for (const session of w.open.values()) assert.equal(session.held, false, "every lock is let go");
};
