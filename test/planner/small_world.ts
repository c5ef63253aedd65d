/**
 * A cluster as it is, small enough to enumerate: what runs where, whose data lies where, who is recorded; and what of
 * that can be known. Effects change what is so; what is seen follows from it (`sight.ts`). The arithmetic and the invariants
 * are done here once more, without the rules' help.
 */
import type { Effect } from "../../mod.ts";
import type { NodeFacts, RecordedMember } from "../../src/model/node.ts";
import type { Observation, Target } from "../../src/model/observation.ts";
import type { Judge } from "../../src/classify/input.ts";
import type { Command } from "../../src/playbook/command.ts";
import type { Service } from "../../src/playbook/plugin.ts";
import { clusterId } from "../unit/core_samples.ts";
import { etcdHabits, type Habits } from "./habits.ts";
import { look } from "./sight.ts";
import { nothing, type Recorded, type Spot } from "./spot.ts";

/** What became of an effect: `wrong` is what must never happen. */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "wrong"; readonly what: string };

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
  get leader(): Pick<Recorded, "id" | "node"> | undefined {
    if (!this.held) return undefined;
    const up = this.voters.filter((m) => this.up(m));
    const now = up.find((m) => m.id === this.#leader) ?? up[0];
    this.#leader = now?.id;
    return now;
  }

  /** The members could be these, as far as that takes restarts. */
  canRoll(_next: readonly Recorded[]): boolean {
    return true;
  }
  /** It may be taken out of the record. */
  canLeave(_m: Recorded): boolean {
    return true;
  }
  /** As whom a node would join. */
  joining(node: string): Recorded {
    return { id: "", node, voter: true, named: true, inSync: true };
  }
  /** Who serves, and not by what is recorded. */
  get late(): readonly Recorded[] {
    return [];
  }
  /** What is wrong with how they are found: no cluster comes to be like that. */
  get unsafe(): string | undefined {
    return undefined;
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

  // ---- what is seen, where services differ --------------------------------------------------------------------------

  look(): Observation {
    return look(this);
  }
  /** Its process takes part, so that what it serves is the truth. */
  follows(node: string): boolean {
    return this.held && this.spot(node).serves;
  }
  /** Whom the process on a node takes for the leader. */
  leaderBy(_node: string): string | undefined {
    return this.leader?.id;
  }
  /** The members as the process on a node lists them. */
  listBy(_node: string): readonly RecordedMember[] {
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
  votersLatched(_node: string): readonly string[] {
    return this.voters.map((m) => m.node);
  }
  /** What a node tells beside that. */
  told(_node: string): Partial<NodeFacts> {
    return {};
  }
  get judge(): Judge {
    return {
      drift: (f) => ({ settings: this.spot(f.node).drifted ? { SETTING: "as the config says" } : {} }),
      forbids: () => undefined,
    };
  }

  // ---- what effects do ---------------------------------------------------------------------------------------------

  /** The late values of a command, by their keys; undefined where one of them does not exist. */
  texts(_command: Command, _seen: Observation): ReadonlyMap<string, string> | undefined {
    return new Map();
  }
  /** Applies an effect; `texts` are the late values of its command. */
  apply(effect: Effect, texts: ReadonlyMap<string, string>): Outcome {
    const before = this.margin;
    const what = this.happens(effect, texts) ??
      (before >= 0 && this.margin < 0 ? "the quorum is lost" : undefined);
    return what === undefined ? { kind: "done" } : { kind: "wrong", what };
  }

  /** What is wrong with an effect, or undefined. */
  protected happens(effect: Effect, _texts: ReadonlyMap<string, string>): string | undefined {
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
          id: `${80 + ++this.#ids}`,
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
        this.member(own.id, { voter: true });
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

  protected member(id: string, over: Partial<Recorded>): void {
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
      this.change(node, { process: true, data: own.id, cluster: this.cluster, serves: true });
      this.member(own.id, { named: true, inSync: true });
      return undefined;
    }
    if (s.blank) return `${node} starts as itself, and has lost what it knew`;
    // It exits where a member that has run has lost its data: the step fails, and costs nothing.
    if (s.data === undefined) return undefined;
    this.change(node, { process: true });
    this.#form();
    // A learner that runs again comes into sync.
    if (own !== undefined && this.held && this.up(own)) this.member(own.id, { named: true, inSync: true });
    return undefined;
  }
  get cluster(): string {
    return this.spot(this.leader?.node ?? "").cluster;
  }

  /** A bootstrap comes about once a majority of its members runs. */
  #form(): void {
    const names = this.target.desired.map((n) => n.name);
    const run = names.filter((n) => this.spot(n).cluster === "boot" && this.spot(n).process);
    if (this.record.length > 0) {
      for (const m of this.record) if (this.up(m)) this.member(m.id, { named: true });
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
      if (s.cluster !== this.cluster) return `${node} loses the data of another cluster`;
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
