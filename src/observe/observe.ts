/**
 * From what every node says to one observation. Each node's own view is a vantage of its own: the views are compared,
 * and what does not agree is a conflict, never an average.
 *
 * @module
 */
import type { HostNode, NodeFacts, RecordedMember, ServiceView } from "../model/node.ts";
import { formerClusters, type Member, type Observation } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Tri } from "../model/tri.ts";
import { listsDiffer, serves, truthful } from "../rules/s02_truth.ts";
import { foreignData, selfContradiction, twoClusters } from "../rules/s03_identity.ts";
import { healthOf } from "../rules/s05_two_signals.ts";
import { matchMembers } from "./match.ts";

/** What of a plugin's service observing needs. */
export interface Reader {
  readonly name: string;
  claims(member: RecordedMember, node: HostNode): boolean;
  caughtUp(learner: ServiceView, leader: ServiceView): Tri;
}

export interface Seen {
  /** One entry for every host under `nodes:`. */
  readonly facts: Readonly<Record<string, NodeFacts>>;
  /** What members that hold quorum say of members whose own nodes could not be asked: member id → a read went through. */
  readonly peers: Readonly<Record<string, Tri>>;
  /** The manager's monotonic clock, in milliseconds. */
  readonly at: number;
}

/**
 * Views that count: a package's pristine default is no cluster (S1), and one that a person gave up is this service no more,
 * even if it serves (S19).
 */
function viewsOf(facts: Seen["facts"]): readonly (readonly [string, ServiceView])[] {
  const former = formerClusters(facts);
  return Object.entries(facts).flatMap(([n, { view }]) =>
    view !== undefined && view.pristine !== "yes" && !former.has(view.identity?.clusterId ?? "")
      ? [[n, view]]
      : []
  );
}

/** Compares all vantages. Pure. */
export function observe(reader: Reader, nodes: readonly HostNode[], seen: Seen): Observation {
  const views = viewsOf(seen.facts);
  const truths = views.filter(([, v]) => truthful(v));
  const clusterId = truths[0]?.[1].identity?.clusterId;
  const held = clusterId !== undefined;

  // Without quorum a local list is evidence only: the one with the highest applied index is the least old (S2).
  const source = held
    ? truths[0]?.[1]
    : newest(views.map(([, v]) => v).filter((v) => v.members !== undefined));
  const list = source?.members ?? [];
  const cluster = clusterId ?? source?.identity?.clusterId;
  const matched = matchMembers(list, cluster, nodes, seen.facts, reader.claims);
  const leaderId = newest(
    views.map(([, v]) => v).filter((v) => v.leaderId !== undefined && v.local === "yes"),
  )
    ?.leaderId;
  const leaderView = views.map(([, v]) => v).find((v) => v.identity?.memberId === leaderId) ??
    standIn(truths.map(([, v]) => v), list.filter((m) => m.role === "voter").length);

  const members = list.map((m): Member => {
    const node = matched.nodeOf.get(m.id);
    const facts = node === undefined ? undefined : seen.facts[node];
    const view = facts?.view?.identity?.memberId === m.id ? facts.view : undefined;
    return {
      ...m,
      node,
      leader: m.id === leaderId,
      health: healthOf(m, facts, seen.peers[m.id] ?? "unknown"),
      caughtUp: m.role !== "learner"
        ? "no"
        : view === undefined || leaderView === undefined
        ? "unknown"
        : reader.caughtUp(view, leaderView),
      version: view?.version,
    };
  });
  const voters = members.filter((m) => m.role === "voter");
  return {
    service: reader.name,
    at: seen.at,
    members,
    clusterId: cluster,
    state: held ? "held" : stateWithoutQuorum(nodes, seen.facts),
    quorum: quorumOf(voters.length, held ? voters.filter((m) => m.health === "healthy").length : 0),
    nodes: seen.facts,
    conflicts: [
      ...twoClusters(truths),
      ...listsDiffer(truths),
      ...matched.conflicts,
      ...Object.values(seen.facts).flatMap(selfContradiction),
      ...foreignData(cluster, Object.values(seen.facts), formerClusters(seen.facts)),
    ],
  };
}

/**
 * Who tells how far the log is when the leader's own node cannot be asked: of so many voters that every majority has one
 * of them, the newest has all that was committed.
 */
const standIn = (truths: readonly ServiceView[], voters: number): ServiceView | undefined =>
  truths.length > voters - quorumOf(voters, 0).needed ? newest(truths) : undefined;

const newest = (views: readonly ServiceView[]): ServiceView | undefined =>
  views.reduce<ServiceView | undefined>(
    (best, v) =>
      best === undefined || (v.term ?? 0n) > (best.term ?? 0n) ||
        ((v.term ?? 0n) === (best.term ?? 0n) && (v.index ?? 0n) > (best.index ?? 0n))
        ? v
        : best,
    undefined,
  );

/**
 * Nobody serves a linearizable read beside a list of members. An intent without any latch is an unfinished bootstrap of
 * ours; any other trace of data means that a cluster was formed; no trace at all counts only where every host was seen
 * (S1, S24). One that was formed and serves such reads without a list is not lost.
 */
function stateWithoutQuorum(
  nodes: readonly HostNode[],
  facts: Seen["facts"],
): Exclude<Observation["state"], "held"> {
  const all = nodes.map((n) => facts[n.name]);
  if (all.some((f) => f !== undefined && typeof f.latch !== "string")) {
    return viewsOf(facts).some(([, v]) => serves(v)) ? "unknown" : "lost";
  }
  if (all.some((f) => f !== undefined && typeof f.intent !== "string")) return "never-formed";
  if (all.some((f) => ofMember(f) || (f?.view !== undefined && f.view.pristine !== "yes"))) {
    return "lost";
  }
  const blind = all.some((f) =>
    f === undefined || !f.reached || f.data.state === "unknown" || f.latch === "unknown" ||
    f.intent === "unknown"
  );
  return blind ? "unknown" : "never-formed";
}

/** Data of a member, or its ids alone: a cluster was formed. */
const ofMember = (f: NodeFacts | undefined): boolean =>
  f?.data.state === "present" || f?.data.state === "blank";

/**
 * Members of whom nothing decisive was heard, although there is a quorum to ask about them (S4): the second round of
 * an observation asks healthy members' nodes.
 */
export const toAskPeers = (seen: Observation): readonly Member[] =>
  seen.state === "held" ? seen.members.filter((m) => m.health === "unknown") : [];
