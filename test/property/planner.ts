/** What a recorded and a desired node may look like, and a small model of its own that every plan is followed in. */
import type { Member, Observation } from "../../src/model/observation.ts";
import type { NodeFacts } from "../../src/model/node.ts";
import type { Effect } from "../../mod.ts";
import { clusterId, down, empty, holds, masked, unreachable } from "../unit/core_samples.ts";

/** A kind of node: what is seen of its member, and of itself. */
export interface Kind {
  readonly name: string;
  readonly member?: Partial<Member>;
  readonly node?: Partial<NodeFacts>;
}
const bad = { health: "unhealthy", leader: false } as const;
const unmounted: Partial<NodeFacts> = {
  process: "no",
  data: {
    state: "unknown",
    identity: "none",
    place: { dataPath: "/var/lib/data", fsId: "2" },
    why: "not mounted",
  },
};

/** Of a member of the record. */
export const memberKinds: readonly Kind[] = [
  { name: "is healthy" },
  { name: "has crashed", member: bad, node: down },
  { name: "was wiped", member: bad, node: empty },
  { name: "has its disk not mounted", member: bad, node: unmounted },
  { name: "runs and serves nothing", member: bad },
  { name: "was stopped by a person", member: bad, node: masked },
  { name: "cannot be reached and is silent", member: bad, node: unreachable },
  { name: "cannot be reached and is well", node: unreachable },
  {
    name: "cannot be reached, and nobody knows",
    member: { health: "unknown", leader: false },
    node: unreachable,
  },
  { name: "is a learner in sync", member: { role: "learner", caughtUp: "yes", leader: false } },
  { name: "is a learner behind", member: { role: "learner", caughtUp: "no", leader: false } },
  { name: "never started", member: { ...bad, name: "", role: "learner" }, node: { ...empty, latch: "none" } },
];

/** Of a node that is desired and not recorded. */
export const comingKinds: readonly Kind[] = [
  { name: "is empty" },
  { name: "cannot be reached", node: unreachable },
  { name: "is held by a person", node: masked },
  { name: "holds data of a former member", node: holds({ clusterId, memberId: "01dbeef000000000" }) },
  {
    name: "holds data that nobody can read",
    node: unmounted,
  },
  { name: "runs something", node: { process: "yes" } },
  { name: "lacks a program", node: { missing: ["etcdctl"] } },
];

/** Voters that are up, learners, and whose data lies where: the arithmetic done again, without the rules' help. */
export class Model {
  readonly #members = new Map<
    string,
    { readonly node: string | undefined; readonly voter: boolean; up: boolean }
  >();
  readonly #data = new Map<string, string>();

  constructor(seen: Observation) {
    for (const m of seen.members) {
      this.#members.set(m.id, { node: m.node, voter: m.role === "voter", up: m.health === "healthy" });
    }
    for (const f of Object.values(seen.nodes)) {
      if (typeof f.data.identity !== "string") this.#data.set(f.node, f.data.identity.memberId);
    }
  }

  get margin(): number {
    const voters = [...this.#members.values()].filter((m) => m.voter);
    return voters.filter((m) => m.up).length - (Math.floor(voters.length / 2) + 1);
  }

  /** Applies an effect; what is wrong with it, or undefined. */
  apply(effect: Effect, seen: Observation): string | undefined {
    const before = this.margin;
    const own = "node" in effect ? [...this.#members].find(([, m]) => m.node === effect.node) : undefined;
    switch (effect.does) {
      case "registersLearner":
        if ([...this.#members.values()].some((m) => !m.voter)) return "a second learner";
        this.#members.set(`new on ${effect.node}`, { node: effect.node, voter: false, up: false });
        break;
      case "promotes":
        if (own === undefined) return "nobody to promote";
        this.#members.set(own[0], { ...own[1], voter: true });
        if (!own[1].up) return `${effect.node} becomes a voter before it runs`;
        break;
      case "removes":
        this.#members.delete(effect.member);
        break;
      case "starts":
        if (own !== undefined) own[1].up = true;
        break;
      case "fences":
        if (own !== undefined) own[1].up = false;
        break;
      case "setsAside": {
        const whose = this.#data.get(effect.node);
        if (whose !== undefined && this.#members.has(whose)) {
          return `${effect.node} loses the data of a current member`;
        }
        this.#data.delete(effect.node);
        break;
      }
      case "restarts":
        if (own?.[1].voter && own[1].up && this.margin < 1 && seen.members.length > 1) {
          return `restarting ${effect.node} stops the service`;
        }
        break;
    }
    return before >= 0 && this.margin < 0 ? "the quorum is lost" : undefined;
  }
}
