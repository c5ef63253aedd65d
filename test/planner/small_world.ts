/**
 * A cluster as it is, small enough to enumerate: what runs where, whose data lies where, who is recorded; and what of
 * that can be known. Effects change what is so; what is seen follows from it through the shipped `observe`. The arithmetic
 * and the invariants are done here once more, without the rules' help.
 */
import type { Effect } from "../../mod.ts";
import type { HostNode, Latch, NodeFacts, RecordedMember } from "../../src/model/node.ts";
import type { Observation, Target } from "../../src/model/observation.ts";
import type { Tri } from "../../src/model/tri.ts";
import { observe, toAskPeers } from "../../src/observe/observe.ts";
import type { Service } from "../../src/playbook/plugin.ts";
import { sampleNode } from "../../src/plan/sample.ts";
import { clusterId, masked, place, unreachable, view } from "../unit/core_samples.ts";
import { etcdHabits, type Habits } from "./habits.ts";

/** What is so on one node, and how much of it can be known. */
export interface Spot {
  readonly process: boolean;
  /** A process that takes part; one that does not has lost its network, say. */
  readonly serves: boolean;
  /** It still takes somebody for the leader. */
  readonly deceived: boolean;
  /** It was started with other settings than the config's. */
  readonly drifted: boolean;
  /** Whose data lies there. */
  readonly data: string | undefined;
  readonly cluster: string;
  readonly pristine: boolean;
  /** Started on a disk that was wiped: nothing but the ids is there. */
  readonly blank: boolean;
  readonly latch: string | undefined;
  readonly intent: boolean;
  readonly started: boolean;
  readonly fenced: boolean;
  /** A person stopped and masked the unit. */
  readonly held: boolean;
  readonly lacks: boolean;
  // What can be known: over SSH, by the other members, of the disk, of processes, of its marks, by its own service.
  readonly reached: boolean;
  readonly told: boolean;
  readonly readable: boolean;
  readonly mounted: boolean;
  readonly scanned: boolean;
  readonly marks: boolean;
  readonly answers: boolean;
}
export const nothing: Spot = {
  process: false,
  serves: true,
  deceived: false,
  drifted: false,
  data: undefined,
  cluster: clusterId,
  pristine: false,
  blank: false,
  latch: undefined,
  intent: false,
  started: false,
  fenced: false,
  held: false,
  lacks: false,
  reached: true,
  told: true,
  readable: true,
  mounted: true,
  scanned: true,
  marks: true,
  answers: true,
};

export interface Recorded {
  readonly id: string;
  readonly node: string;
  readonly voter: boolean;
  /** It has run once: the record knows its name. */
  readonly named: boolean;
  readonly inSync: boolean;
}

export const TOKEN = "0123";

export class SmallWorld {
  readonly service: Service;
  #leader: string | undefined;
  #ids = 0;

  constructor(
    readonly target: Target,
    readonly spots: Map<string, Spot>,
    public record: readonly Recorded[],
    readonly habits: Habits = etcdHabits,
  ) {
    this.service = habits.bind(target);
  }

  spot(node: string): Spot {
    return this.spots.get(node) ?? nothing;
  }
  change(node: string, over: Partial<Spot>): void {
    this.spots.set(node, { ...this.spot(node), ...over });
  }
  /** It runs as the member that the record means, and hears the others. */
  up(m: Recorded): boolean {
    const s = this.spot(m.node);
    return s.process && s.serves && s.data === m.id;
  }
  get voters(): readonly Recorded[] {
    return this.record.filter((m) => m.voter);
  }
  get margin(): number {
    return this.voters.filter((m) => this.up(m)).length - (Math.floor(this.voters.length / 2) + 1);
  }
  get held(): boolean {
    return this.voters.length > 0 && this.margin >= 0;
  }
  get leader(): Recorded | undefined {
    if (!this.held) return undefined;
    const up = this.voters.filter((m) => this.up(m));
    const now = up.find((m) => m.id === this.#leader) ?? up[0];
    this.#leader = now?.id;
    return now;
  }

  /** An unmounted disk of which nothing was ever written down looks like none, to anybody. */
  leavesTraces(): boolean {
    return [...this.spots.values()].every((s) =>
      s.mounted || s.data === undefined || s.latch !== undefined || s.started
    );
  }
  /** A bootstrap that had begun may have come about already. */
  begin(): void {
    this.#form();
  }

  // ---- what is seen ------------------------------------------------------------------------------------------------

  look(): Observation {
    const { nodes } = this.target;
    const facts = Object.fromEntries(nodes.map((n) => [n.name, this.#facts(n)]));
    const first = observe(this.service, nodes, { facts, peers: {}, at: 0 });
    const asked = toAskPeers(first);
    if (asked.length === 0) return first;
    const some = first.members.some((m) =>
      m.role === "voter" && m.health === "healthy" && facts[m.node ?? ""]?.reached
    );
    const peers = Object.fromEntries(asked.map((a) => {
      const m = this.record.find((r) => r.id === a.id);
      const said: Tri = m === undefined || !some || !this.spot(m.node).told
        ? "unknown"
        : this.up(m)
        ? "yes"
        : "no";
      return [a.id, said];
    }));
    return observe(this.service, nodes, { facts, peers, at: 0 });
  }

  #list(): readonly RecordedMember[] {
    return this.record.map((m) => {
      const host = this.target.nodes.find((n) => n.name === m.node);
      return {
        id: m.id,
        name: m.named || !this.habits.namesLate ? m.node : "",
        role: m.voter ? "voter" : "learner",
        peerUrls: host === undefined ? [] : [this.habits.peerUrl(host)],
        clientUrls: m.named ? [`http://${host?.address}:2379`] : [],
      };
    });
  }

  #facts(n: HostNode): NodeFacts {
    const s = this.spot(n.name);
    const base = sampleNode(n.name);
    if (!s.reached) return { ...base, ...unreachable };
    const there = s.mounted ? place : { ...place, fsId: "2" };
    const latch: Latch = {
      clusterId: s.cluster,
      memberId: s.latch ?? "",
      ...place,
      voters: this.voters.map((m) => m.node),
    };
    const identity = { clusterId: s.cluster, memberId: s.data ?? "" };
    const seen = s.mounted || s.blank ? s.data : undefined;
    const bare = s.blank && !s.process;
    return {
      ...base,
      unit: {
        ...base.unit,
        ...(s.held ? masked.unit : {}),
        enabled: s.held
          ? "masked"
          : s.fenced || (s.data === undefined && s.latch === undefined)
          ? "disabled"
          : "enabled",
        active: s.process ? "active" : "inactive",
      },
      process: s.scanned ? (s.process ? "yes" : "no") : "unknown",
      data: !s.readable
        ? { state: "unknown", identity: "unknown", place: there, why: "it cannot be read" }
        : bare && (!s.mounted || !s.marks)
        ? { state: "unknown", identity, place: there, why: "it holds nothing" }
        : bare
        ? { state: "blank", identity, place: there }
        : seen !== undefined
        ? { state: s.pristine ? "pristine" : "present", identity, place: there }
        : !s.mounted && (s.latch !== undefined || s.started)
        ? { state: "unknown", identity: "none", place: there, why: "it is not mounted" }
        : { state: "empty", identity: "none", place: there },
      latch: !s.marks ? "unknown" : s.latch === undefined ? "none" : latch,
      intent: !s.marks
        ? "unknown"
        : s.intent
        ? { token: TOKEN, members: this.target.desired.map((d) => d.name) }
        : "none",
      started: !s.marks ? "unknown" : s.started ? place : "none",
      fenced: s.fenced ? "yes" : "no",
      missing: s.lacks ? [this.habits.program] : [],
      view: s.process && s.scanned ? this.#view(n.name, s) : undefined,
    };
  }

  #view(node: string, s: Spot): NodeFacts["view"] {
    const m = this.record.find((r) => r.node === node && r.id === s.data);
    const quiet = {
      identity: undefined,
      linearizable: "unknown",
      local: "unknown",
      role: undefined,
    } as const;
    const common = { term: 3n, index: 10_000n, identity: { clusterId: s.cluster, memberId: s.data ?? "" } };
    if (!s.answers || s.data === undefined) return view("", { ...quiet, trouble: "no answer" });
    if (s.pristine) return view(s.data, { ...common, pristine: "yes", members: [] });
    const without = { ...common, linearizable: "no", local: "no", trouble: "no leader" } as const;
    const leader = this.leader;
    const known = { leaderId: leader?.id, local: "yes" } as const;
    if (s.deceived) return view(s.data, { ...common, ...known, linearizable: "no" });
    if (!this.held || !s.serves) return view(s.data, without);
    if (m === undefined) {
      const runsOn = this.habits.runsOn && s.cluster === this.#cluster();
      return view(s.data, runsOn ? { ...common, ...known, members: this.#list() } : without);
    }
    if (!m.voter) {
      const index = m.inSync ? common.index : 5n;
      const reads = this.habits.learnersServe
        ? { linearizable: "yes", members: this.#list() } as const
        : { linearizable: "no" } as const;
      return view(m.id, { ...common, ...known, ...reads, index, role: "learner" });
    }
    return view(m.id, { ...common, ...known, members: this.#list() });
  }

  // ---- what effects do ---------------------------------------------------------------------------------------------

  /** Applies an effect; what is wrong with it, or undefined. */
  apply(effect: Effect): string | undefined {
    const before = this.margin;
    const wrong = this.#apply(effect);
    if (wrong !== undefined) return wrong;
    return before >= 0 && this.margin < 0 ? "the quorum is lost" : undefined;
  }

  #apply(effect: Effect): string | undefined {
    const node = "node" in effect ? effect.node : "";
    const s = this.spot(node);
    const own = this.record.find((m) => m.node === node);
    const hurt = (not?: Recorded) => this.voters.find((m) => m !== not && !this.up(m));
    if ("node" in effect && effect.does !== "registersLearner" && effect.does !== "promotes" && !s.reached) {
      return `${node} cannot be reached, and ${effect.does} is done on it`;
    }
    switch (effect.does) {
      case "intends":
        this.change(node, { intent: true });
        return undefined;
      case "formed":
        this.change(node, { intent: false });
        return undefined;
      case "configures":
        if (effect.join === "existing") {
          this.change(node, { intent: false, started: false });
        }
        return undefined;
      case "unfences":
        this.change(node, { fenced: false });
        return undefined;
      case "latches":
        if (s.data !== undefined) this.change(node, { latch: s.data, marks: true });
        return undefined;
      case "unlatches":
        this.change(node, { latch: undefined });
        return undefined;
      case "starts":
        return this.#start(node, effect.as);
      case "restarts": {
        this.change(node, { drifted: false });
        if (own === undefined || !own.voter || !this.up(own)) return undefined;
        const others = this.voters.filter((m) => m !== own && this.up(m)).length;
        if (this.margin >= 0 && others > 0 && this.margin < 1) return `restarting ${node} stops the service`;
        return this.habits.handsOver && this.leader === own && others > 0
          ? `the leader on ${node} has not handed over`
          : undefined;
      }
      case "fences":
        if (own?.voter && this.up(own) && this.margin === 0) return `fencing ${node} stops the service`;
        this.change(node, { process: false, fenced: true });
        return undefined;
      case "setsAside":
        return this.#setAside(node);
      case "registersLearner":
        if (this.record.some((m) => !m.voter || (this.habits.namesLate && !m.named))) {
          return "a second learner";
        }
        if (s.data !== undefined || s.fenced || s.process) return `${node} was not made ready`;
        this.record = [...this.record, {
          id: `d${++this.#ids}00000000000000`,
          node,
          voter: false,
          named: false,
          inSync: false,
        }];
        return undefined;
      case "promotes":
        if (own === undefined) return "nobody to promote";
        if (!this.up(own)) return `${node} becomes a voter before it runs`;
        if (!own.inSync) return `${node} becomes a voter before it is in sync`;
        this.#member(own.id, { voter: true });
        return undefined;
      case "removes": {
        const gone = this.record.find((m) => m.id === effect.member);
        if (gone === undefined) return undefined;
        if (
          this.habits.handsOver && this.leader === gone && this.voters.filter((m) => this.up(m)).length > 1
        ) {
          return "the leader has not handed over";
        }
        const margin = this.margin;
        const other = hurt(gone);
        this.record = this.record.filter((m) => m !== gone);
        if (this.up(gone) && !this.habits.runsOn) this.change(gone.node, { process: false });
        return other !== undefined && this.margin < margin
          ? `safety is spent while ${other.node} is out of order`
          : undefined;
      }
      case "movesLeaderFrom": {
        const next = this.voters.find((m) => m.id !== effect.member && this.up(m));
        if (next !== undefined) this.#leader = next.id;
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #member(id: string, over: Partial<Recorded>): void {
    this.record = this.record.map((m) => m.id === id ? { ...m, ...over } : m);
  }

  #start(node: string, as: "new" | "existing" | "itself"): string | undefined {
    const s = this.spot(node);
    const own = this.record.find((m) => m.node === node);
    if (s.held) return `a person's word on ${node} is not respected`;
    if (as === "new") {
      const other = [...this.spots].find(([, x]) =>
        x.data !== undefined && !x.pristine && x.cluster !== "boot"
      );
      if (other !== undefined && !this.held) return `${node} starts as new, and ${other[0]} holds data`;
      if (s.started || s.data !== undefined) return `${node} starts as new again`;
      this.change(node, { process: true, started: true, data: `b${node}`, cluster: "boot" });
      this.#form();
      return undefined;
    }
    const first = own !== undefined && (!own.named || this.habits.returnsEmpty);
    if (s.data === undefined && as === "existing" && first && this.held) {
      this.change(node, { process: true, data: own.id, cluster: this.#cluster(), serves: true });
      this.#member(own.id, { named: true, inSync: true });
      return undefined;
    }
    if (s.blank) return `${node} starts as itself, and has lost what it knew`;
    // It exits where a member that has run has lost its data: the step fails, and costs nothing.
    if (s.data === undefined) return undefined;
    this.change(node, { process: true });
    this.#form();
    // A learner that runs again comes into sync.
    if (own !== undefined && this.held && this.up(own)) this.#member(own.id, { named: true, inSync: true });
    return undefined;
  }
  #cluster(): string {
    return this.spot(this.leader?.node ?? "").cluster;
  }

  /** A bootstrap comes about once a majority of its members runs. */
  #form(): void {
    const names = this.target.desired.map((n) => n.name);
    const run = names.filter((n) => this.spot(n).cluster === "boot" && this.spot(n).process);
    if (this.record.length > 0) {
      for (const m of this.record) if (this.up(m)) this.#member(m.id, { named: true });
    } else if (run.length > names.length / 2) {
      this.record = names.map((n) => ({
        id: `b${n}`,
        node: n,
        voter: true,
        named: run.includes(n),
        inSync: true,
      }));
    }
  }

  #setAside(node: string): string | undefined {
    const s = this.spot(node);
    if (s.process) return `${node} still runs`;
    if (s.data !== undefined && !s.pristine) {
      if (this.record.some((m) => m.id === s.data)) return `${node} loses the data of a current member`;
      if (!this.held) return `${node} may hold the last copy`;
      if (s.cluster !== this.#cluster()) return `${node} loses the data of another cluster`;
    }
    this.change(node, {
      data: undefined,
      pristine: false,
      blank: false,
      latch: undefined,
      started: false,
      cluster: clusterId,
    });
    return undefined;
  }
}
