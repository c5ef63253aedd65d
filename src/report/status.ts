/**
 * What `status` says of services, as data: the shape of its JSON is a contract.
 *
 * @module
 */
import type { Verdict } from "../model/change.ts";
import type { NodeFacts } from "../model/node.ts";
import { memberOn, type Memory, type Observation, type Target } from "../model/observation.ts";

/** One service as it was just seen. */
export interface Looked {
  readonly plugin: string;
  readonly target: Target;
  readonly seen: Observation;
  readonly verdict: Verdict;
  /** What this manager remembers of it. */
  readonly memory?: Memory;
}

export interface StatusDocument {
  readonly schemaVersion: 1;
  readonly services: readonly {
    readonly name: string;
    readonly plugin: string;
    readonly quorum: Observation["state"];
    readonly case: string;
    readonly members: readonly MemberStatus[];
    readonly nodes: readonly {
      readonly name: string;
      readonly reachable: boolean;
      /** The unit: active, inactive, failed, masked, not-found, unknown … */
      readonly service: string;
      readonly data: NodeFacts["data"]["state"];
    }[];
  }[];
}

export interface MemberStatus {
  readonly node?: string;
  /** "" for a member that was never started. */
  readonly name: string;
  /** Null for a desired member that is not recorded; so are its role and version. */
  readonly id: string | null;
  readonly role: "voter" | "learner" | "observer" | null;
  readonly leader: boolean;
  readonly health: "healthy" | "unhealthy" | "unknown";
  readonly version: string | null;
  readonly desired: boolean;
  readonly recorded: boolean;
}

/** Several services as one document. */
export const statusDocument = (services: readonly Looked[]): StatusDocument => ({
  schemaVersion: 1,
  services: services.map(({ plugin, target, seen, verdict }) => ({
    name: seen.service,
    plugin,
    quorum: seen.state,
    case: caseOf(verdict),
    members: membersOf(target, seen),
    nodes: target.nodes.map(({ name }) => {
      const facts = seen.nodes[name];
      return {
        name,
        reachable: facts?.reached ?? false,
        service: unitText(facts),
        data: facts?.data.state ?? "unknown",
      };
    }),
  })),
});

/** The case in one word, as `plan` has it. */
export const caseOf = (verdict: Verdict): string =>
  verdict.kind === "change" ? verdict.change.case : verdict.kind === "wait" ? "waiting" : verdict.kind;

/** The recorded members, and after them the desired ones that are not recorded. */
export const membersOf = (target: Target, seen: Observation): readonly MemberStatus[] => [
  ...seen.members.map((m) => ({
    ...(m.node === undefined ? {} : { node: m.node }),
    name: m.name,
    id: m.id,
    role: m.role,
    leader: m.leader,
    health: m.health,
    version: m.version ?? null,
    desired: target.desired.some((n) => n.name === m.node),
    recorded: true,
  })),
  ...target.desired.filter((n) => memberOn(seen, n.name) === undefined).map((n) => ({
    node: n.name,
    name: n.name,
    id: null,
    role: null,
    leader: false,
    health: "unknown" as const,
    version: null,
    desired: true,
    recorded: false,
  })),
];

/** The state of the unit on a node; a mask says more than what the unit is doing. */
export const unitText = (facts: NodeFacts | undefined): string =>
  facts === undefined || !facts.reached
    ? "unknown"
    : facts.unit.load === "masked" || facts.unit.load === "not-found"
    ? facts.unit.load
    : facts.unit.active;
