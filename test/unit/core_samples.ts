/** Nodes, targets and observations in one line each, for tests of the pure core. */
import type { Input } from "../../src/classify/input.ts";
import type { HostNode, Identity, NodeFacts, RecordedMember, ServiceView } from "../../src/model/node.ts";
import {
  type Member,
  type Observation,
  type Policy,
  type Target,
  voters,
} from "../../src/model/observation.ts";
import type { Refusal } from "../../src/model/refusal.ts";
import { sampleCluster, sampleNever, samplePolicy } from "../../src/plan/sample.ts";
import { recount } from "../../src/rules/project.ts";

export const host = (name: string): HostNode => ({
  name,
  host: name,
  address: `10.0.0.${name.replace(/\D/g, "")}`,
  labels: {},
});
const words = (text: string): readonly string[] => text.split(" ").filter((w) => w !== "");

export const policy: Policy = { ...samplePolicy, backup: false, repairTries: 3 };

/** `target("n1 n2", "n1 n2 n3")`: desired members, and every host. */
export function target(desired: string, all = desired, over: Partial<Policy> = {}): Target {
  const nodes = words(all).map(host);
  return {
    service: "kv",
    desired: words(desired).map(host),
    nodes,
    policy: { ...policy, ...over },
  };
}

export interface Over {
  readonly members?: Readonly<Record<string, Partial<Member>>>;
  readonly nodes?: Readonly<Record<string, Partial<NodeFacts>>>;
  readonly state?: Observation["state"];
}

/** A cluster of these recorded members, the first of them its leader; all healthy unless told otherwise. */
export function cluster(t: Target, recorded: string, over: Over = {}): Observation {
  const base = recorded === "" ? sampleNever(t) : sampleCluster(t, words(recorded).map(host));
  return recount({
    ...base,
    state: over.state ?? base.state,
    members: base.members.map((m) => ({ ...m, ...over.members?.[m.node ?? ""] })),
    nodes: Object.fromEntries(
      Object.entries(base.nodes).map(([n, f]) => [n, { ...f, ...over.nodes?.[n] }]),
    ),
  });
}

export const clusterId = "c1a5700000000000";
export const place = { dataPath: "/var/lib/data", fsId: "1" };
export const idOf = (seen: Observation, node: string): string =>
  seen.members.find((m) => m.node === node)?.id ?? `no member on ${node}`;

// ---- what a node may look like ----------------------------------------------------------------------------------

export const down: Partial<NodeFacts> = { process: "no" };
export const unreachable: Partial<NodeFacts> = {
  reached: false,
  trouble: { code: "unreachable", detail: "timed out", unblock: "look at its network" },
  process: "unknown",
  data: { state: "unknown", identity: "unknown", place: undefined },
  latch: "unknown",
  intent: "unknown",
  started: "unknown",
  fenced: "unknown",
};
export const empty: Partial<NodeFacts> = { process: "no", data: { state: "empty", identity: "none", place } };
export const holds = (identity: Identity | "unknown"): Partial<NodeFacts> => ({
  process: "no",
  data: { state: "present", identity, place },
});
export const latch = (identity: Identity, names = "n1 n2 n3"): Partial<NodeFacts> => ({
  latch: { ...identity, ...place, voters: words(names) },
});
export const masked: Partial<NodeFacts> = {
  process: "no",
  unit: {
    load: "masked",
    active: "inactive",
    enabled: "masked",
    restarts: 0,
    result: "success",
    mainPid: undefined,
  },
};
export const sick: Partial<Member> = { health: "unhealthy" };

// ---- what a service may say ---------------------------------------------------------------------------------------

export const recorded = (id: string, node: string, over: Partial<RecordedMember> = {}): RecordedMember => ({
  id,
  name: node,
  role: "voter",
  peerUrls: [`http://${host(node).address}:2380`],
  clientUrls: [`http://${host(node).address}:2379`],
  ...over,
});
export const view = (memberId: string, over: Partial<ServiceView> = {}): ServiceView => ({
  identity: { clusterId, memberId },
  linearizable: "yes",
  local: "yes",
  members: undefined,
  leaderId: undefined,
  role: "voter",
  term: 3n,
  index: 100n,
  version: "3.5.30",
  alarms: [],
  pristine: "no",
  trouble: undefined,
  ...over,
});

// ---- classify -----------------------------------------------------------------------------------------------------

export const input = (t: Target, seen: Observation, over: Partial<Input> = {}): Input => ({
  target: t,
  seen,
  memory: { attempts: {} },
  judge: { drift: () => ({ settings: {} }), forbids: () => undefined },
  wallMs: 1_000_000,
  token: "fresh",
  removals: { done: 0, votersAtStart: voters(seen).length },
  patient: false,
  ...over,
});

/** "S3 n4": the rules of refusals, for comparing; and each has to say what to do. */
export function rulesOf(refusals: readonly (Refusal | undefined)[]): readonly string[] {
  return refusals.flatMap((r) => {
    if (r === undefined) return [];
    if (r.evidence === "" || r.unblock === "") throw new Error(`${r.rule} does not say why or what to do`);
    return [r.rule];
  });
}
