/**
 * Observations that never were, for explaining a case on a config's own nodes and for tests: everybody healthy, unless
 * told otherwise.
 *
 * @module
 */
import type { Case, Change } from "../model/change.ts";
import type { HostNode, Latch, NodeFacts } from "../model/node.ts";
import type { Member, Observation, Policy, Target } from "../model/observation.ts";
import { recount } from "../rules/project.ts";

const clusterId = "c1a5700000000000";
const place = { dataPath: "/var/lib/data", fsId: "1" };

/** What a config without `policy:` asks for. */
export const samplePolicy: Policy = {
  stabilizeMs: 5_000,
  deadAfterMs: 60_000,
  deadlineMs: 600_000,
  joinTimeoutMs: 1_800_000,
  backup: { keep: 10 },
  paused: false,
  moveAll: false,
  removeUnfenced: false,
  repairTries: 5,
};

/** A node on which nothing of the service was ever found. */
export const sampleNode = (node: string): NodeFacts => ({
  node,
  reached: true,
  trouble: undefined,
  unit: {
    load: "loaded",
    active: "inactive",
    enabled: "disabled",
    restarts: 0,
    result: "success",
    mainPid: undefined,
  },
  process: "no",
  data: { state: "empty", identity: "none", place },
  aside: [],
  latch: "none",
  intent: "none",
  started: "none",
  fenced: "no",
  lock: "unknown",
  view: undefined,
  settings: undefined,
  installed: undefined,
  missing: [],
  clockOffsetMs: 0,
  disk: undefined,
  notices: [],
});

/** The id of the member on the i-th node. */
export const sampleId = (at: number): string => `a${at + 1}00000000000000`;

/** A member that runs on a node, the first one the leader. */
export const sampleMember = (n: HostNode, at: number): Member => ({
  id: sampleId(at),
  name: n.name,
  node: n.name,
  role: "voter",
  peerUrls: [`http://${n.address}:2380`],
  clientUrls: [`http://${n.address}:2379`],
  leader: at === 0,
  health: "healthy",
  caughtUp: "no",
  version: undefined,
});

/** A node whose member runs. */
export const sampleRunning = (n: HostNode, at: number, voters: readonly HostNode[]): NodeFacts => {
  const identity = { clusterId, memberId: sampleId(at) };
  const latch: Latch = { ...identity, ...place, voters: voters.map((v) => v.name) };
  return {
    ...sampleNode(n.name),
    unit: { ...sampleNode(n.name).unit, active: "active", enabled: "enabled" },
    process: "yes",
    data: { state: "present", identity, place },
    latch,
  };
};

/** A cluster of these members, all healthy; every other node is empty. */
export function sampleCluster(
  target: Pick<Target, "service" | "nodes">,
  members: readonly HostNode[],
): Observation {
  const nodes = target.nodes.map((n): NodeFacts => {
    const at = members.findIndex((m) => m.name === n.name);
    return at < 0 ? sampleNode(n.name) : sampleRunning(n, at, members);
  });
  return recount({
    service: target.service,
    at: 0,
    members: members.map(sampleMember),
    clusterId,
    state: "held",
    quorum: { voters: 0, healthy: 0, needed: 0, margin: 0 },
    nodes: Object.fromEntries(nodes.map((f) => [f.node, f])),
    conflicts: [],
  });
}

/** A service that was never formed. */
export const sampleNever = (target: Pick<Target, "service" | "nodes">): Observation => ({
  ...sampleCluster(target, []),
  clusterId: undefined,
  state: "never-formed",
});

/** One case as it would look on these nodes: the observation, and the change that follows from it. */
export function sampleCase(
  target: Target,
  kind: Case,
  nodeName?: string,
): { readonly seen: Observation; readonly change: Change } {
  const { desired } = target;
  const node = target.nodes.find((n) => n.name === nodeName) ?? desired.at(-1);
  if (node === undefined) {
    throw new RangeError(`Cannot explain ${kind} for ${target.service}: it has no members`);
  }
  const others = desired.filter((n) => n.name !== node.name);
  const all = sampleCluster(target, [...others, node]);
  const without = sampleCluster(target, others);
  const stale = others.length;
  const member = (all.members.find((m) => m.node === node.name)) ?? sampleMember(node, stale);
  const facts = (f: Partial<NodeFacts>, health: Member["health"] = "unhealthy"): Observation =>
    recount({
      ...all,
      members: all.members.map((m) => m.node === node.name ? { ...m, health } : m),
      nodes: { ...all.nodes, [node.name]: { ...sampleRunning(node, stale, desired), ...f } },
    });
  const empty = { state: "empty", identity: "none", place } as const;
  switch (kind) {
    case "bootstrap":
      return { seen: sampleNever(target), change: { case: kind, nodes: desired, token: "<token>" } };
    case "restart":
      return { seen: { ...all, state: "lost" }, change: { case: kind, nodes: desired } };
    case "add":
      return { seen: without, change: { case: kind, node } };
    case "remove":
      return { seen: all, change: { case: kind, member, node } };
    case "replace": {
      const spare = target.nodes.find((n) => !desired.includes(n)) ?? node;
      const old = spare === node ? others[0] ?? node : node;
      const seen = spare === node ? without : all;
      const leaving = seen.members.find((m) => m.node === old.name) ?? member;
      return { seen, change: { case: kind, member: leaving, oldNode: old, node: spare, dead: false } };
    }
    case "retire":
      return {
        seen: {
          ...without,
          nodes: { ...without.nodes, [node.name]: { ...sampleRunning(node, stale, desired), process: "no" } },
        },
        change: { case: kind, node, staleId: sampleId(stale) },
      };
    case "repairCrashed":
      return { seen: facts({ process: "no" }), change: { case: kind, member, node } };
    case "repairWiped":
      return { seen: facts({ process: "no", data: empty }), change: { case: kind, member, node } };
    case "repairConfig":
      return {
        seen: facts({}, "healthy"),
        change: { case: kind, member, node, settings: { SETTING: "as the config says" }, latchOnly: false },
      };
    case "prune": {
      const aside = ["20260101T120000Z", "20260201T120000Z"].map((at, i) => ({
        path: `${place.dataPath}.quorate-${at}-${clusterId}-b${i}`,
        at,
        clusterId,
        memberId: `b${i}`,
      }));
      const seen = facts({ aside }, "healthy");
      return { seen, change: { case: kind, node, paths: aside.slice(0, 1).map((a) => a.path) } };
    }
    case "recover":
    case "restore": {
      const clusterIds = [clusterId];
      const lost: Observation = {
        ...all,
        state: "lost",
        members: [],
        nodes: {
          ...all.nodes,
          ...Object.fromEntries(
            desired.map((n, i) => [n.name, { ...sampleRunning(n, i, desired), process: "no" as const }]),
          ),
        },
      };
      const at = desired.findIndex((n) => n.name === node.name);
      const beginning = {
        node,
        others,
        former: clusterIds,
        token: "<token>",
        decided: false,
        memberId: sampleId(Math.max(at, 0)),
      };
      const snapshot = { path: "snapshot-20260101T120000000Z.snapshot", sha256: "0".repeat(64) };
      return {
        seen: lost,
        change: kind === "recover" ? { case: kind, ...beginning } : { case: kind, ...beginning, snapshot },
      };
    }
    case "quorumLost": {
      const refusal = {
        rule: "S19",
        evidence: "a majority of the members cannot be started",
        unblock: "bring them back with their own data; a lost quorum is never forced by apply",
      } as const;
      return { seen: { ...all, state: "lost" }, change: { case: kind, lost: [node.name], refusal } };
    }
  }
}

/** A case as it may be found, and in which form. */
export interface Sample {
  readonly about: string;
  readonly seen: Observation;
  readonly change: Change;
}

/** One case in the forms that it is found in on hosts: each with other steps. */
export function samplesOf(target: Target, kind: Case, nodeName?: string): readonly Sample[] {
  const usual = sampleCase(target, kind, nodeName);
  const { seen, change } = usual;
  const subject = "node" in change ? change.node?.name : target.desired.at(-1)?.name;
  const variant = (about: string, facts: (f: NodeFacts) => NodeFacts): Sample => {
    const at = subject === undefined ? undefined : seen.nodes[subject];
    if (subject === undefined || at === undefined) return { about, seen, change };
    return { about, change, seen: { ...seen, nodes: { ...seen.nodes, [subject]: facts(at) } } };
  };
  const as = (about: string, over: Change): Sample => ({ about, seen, change: over });
  const pristine: NodeFacts["data"] = {
    state: "pristine",
    identity: { clusterId: "cdf818194e3a8c32", memberId: "8e9e05c52164694d" },
    place,
  };
  const fresh: readonly Sample[] = [
    variant("with a bare host", (f) => ({ ...f, unit: { ...f.unit, load: "not-found" } })),
    variant("with a package's default on the host", (f) => ({ ...f, data: pristine })),
  ];
  const first = { about: "", ...usual };
  switch (change.case) {
    case "bootstrap":
      return [
        first,
        ...fresh,
        variant("resumed", (f) => ({ ...f, started: place, intent: intentOf(change) })),
      ];
    case "add":
      return [first, ...fresh];
    case "remove":
      return [first, as("without its host", { case: "remove", member: change.member })];
    case "replace":
      return [
        first,
        as("of a dead one", { ...change, dead: true }),
        as("of one without a host", {
          case: "replace",
          member: change.member,
          node: change.node,
          dead: true,
        }),
        ...fresh,
      ];
    case "repairConfig":
      return [
        first,
        as("of the peer URL", { ...change, peerUrl: "http://192.0.2.1:2380" }),
        as("of the latch alone", { ...change, settings: {}, latchOnly: true }),
      ];
    case "recover":
      return [first, as("gone on with", { ...change, decided: true })];
    case "restore": {
      const { memberId: _, ...rest } = change;
      return [first, as("on a host without data", rest)];
    }
    case "repairWiped":
      return [
        first,
        variant("of one that was started on its empty disk", (f) => ({
          ...f,
          data: { state: "blank", identity: typeof f.latch === "string" ? "unknown" : f.latch, place },
        })),
      ];
    case "repairCrashed":
      return [first, variant("of a fenced one", (f) => ({ ...f, fenced: "yes" }))];
    default:
      return [first];
  }
}

const intentOf = (change: Extract<Change, { readonly case: "bootstrap" }>) => ({
  token: change.token,
  members: change.nodes.map((n) => n.name),
});
