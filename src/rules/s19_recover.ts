/**
 * S19 a lost quorum is forced by a person alone, and never beside what may serve. Members that are out of sight may have
 * acknowledged what nobody else holds; if a majority of them comes back after another one was forced, there are two
 * clusters, and clients of both are told that their writes are safe. So
 *
 * - nobody serves, for a while, and enough members to elect a leader cannot be started;
 * - every other host that holds something of the cluster is fenced, or a person has said of it that it is gone for good;
 *   whoever is said to be gone and yet answers somebody is not;
 * - it begins again with the most advanced log of all disks that can be read: among the logs of the lost cluster the one
 *   with the highest term of its last entry, then the highest index, holds whatever any of them holds that was committed
 *   (Raft, section 5.4.1). A disk that cannot be read may hold more, so it stops this, too.
 *
 * Source: etcd's disaster recovery guide; TiKV's unsafe recovery; seen on etcd 3.5.30, where two members that came back
 * served beside a forced one.
 *
 * @module
 */
import type { HostNode, NodeFacts, RecordedMember } from "../model/node.ts";
import { formerClusters, type Observation, type Target } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";
import type { LogEnd, Surveyed } from "../playbook/plugin.ts";
import type { SnapshotSight } from "../playbook/snapshot.ts";
import { full, heldByPerson, unfit } from "./node_fit.ts";
import { holdsSomething, s19, servesNow, unaccounted, voterLists, votersOf } from "./s19_nobody_else.ts";

/** What a person asks for. */
export interface Wishes {
  /** The node to begin with; left out: the most advanced. */
  readonly from?: string;
  /** Hosts and voters that never come back with what they hold. */
  readonly gone: readonly string[];
}

/** A disk with data of the cluster. */
export interface Survivor {
  readonly node: HostNode;
  readonly clusterId: string;
  readonly memberId: string;
  readonly log: LogEnd;
}

interface Begun {
  readonly node: HostNode;
  /** Hosts that can be reached and hold something: they are fenced first. */
  readonly others: readonly HostNode[];
  readonly gone: readonly string[];
  readonly former: readonly string[];
}

/** Begins with what a disk holds. */
export interface FromDisk extends Begun {
  readonly kind: "disk";
  readonly memberId: string;
  /** All disks with data of the cluster, the most advanced first. */
  readonly survivors: readonly Survivor[];
  /** Voters of the lost cluster, as latches or a member's own list tell. */
  readonly voters: readonly string[];
}
/** Goes on with what was decided before: what is ready on the node only has to be put in place. */
export interface Decided extends Begun {
  readonly kind: "decided";
  readonly memberId: string;
}
export interface Restore extends Begun {
  readonly kind: "snapshot";
  readonly memberId?: string;
  readonly survivors: readonly Survivor[];
}
export type Recovery = FromDisk | Decided;

/** Every cluster that lies or is written down on these hosts, but this one. */
export function clustersSeen(seen: Observation, but?: string): readonly string[] {
  const found = Object.values(seen.nodes).flatMap((f) =>
    f.data.state === "pristine"
      ? []
      : [f.view?.identity, f.data.identity, f.latch].flatMap((i) =>
        i === undefined || typeof i === "string" ? [] : [i.clusterId]
      )
  );
  return [...new Set([...formerClusters(seen.nodes), ...found])].filter((id) => id !== but).sort();
}

/**
 * Enough members for a quorum have their own data. By the longest list of voters that is proof; by a shorter one, which may
 * be of a time before the cluster grew, it is until all of them have been seen to run and to find no leader.
 */
function enoughLeft(seen: Observation, survivors: readonly Survivor[]): Refusal | undefined {
  const names = survivors.map((s) => s.node.name);
  const lists = voterLists(seen);
  const widest = votersOf(seen);
  const found = [widest, ...lists].find((voters) => {
    const holders = voters.filter((v) => names.includes(v));
    const enough = voters.length > 0 && holders.length >= quorumOf(voters.length, 0).needed;
    const allRun = holders.every((h) => seen.nodes[h]?.process === "yes");
    return enough && (voters.length === widest.length || !allRun);
  });
  if (found === undefined) return undefined;
  const holders = found.filter((v) => names.includes(v));
  return s19(
    `${holders.length} of ${found.length} voters have their own data (${holders.join(", ")}), and ` +
      `${quorumOf(found.length, 0).needed} are enough: nothing has to be given up`,
    "`quorate apply` starts them, or says what keeps it from that; where they run and find no leader, look at the network " +
      "between them",
  );
}

/** Judges one look: what to do, or why not. Pure. */
export function judgeRecovery(
  target: Target,
  seen: Observation,
  surveyed: Readonly<Record<string, Surveyed>>,
  wishes: Wishes,
): Recovery | readonly Refusal[] {
  const serving = servesNow(seen);
  if (serving !== undefined) return [serving];
  if (seen.conflicts.length > 0) return seen.conflicts;
  const open = unaccounted(target, seen, surveyed, wishes.gone);
  if (open.length > 0) return open;
  const begun = decided(target, seen);
  if (begun !== undefined) return { ...begun, others: othersOf(target, seen, begun.node), gone: wishes.gone };
  const survivors = target.nodes.flatMap((node) => survivor(node, seen, surveyed)).sort(byLog);
  const enough = enoughLeft(seen, survivors);
  if (enough !== undefined) return [enough];
  const [best] = survivors;
  if (best === undefined) {
    return [s19(
      "no disk that can be read holds data of the service",
      "bring a host with its data back, or begin with a snapshot: quorate restore",
    )];
  }
  const from = wishes.from === undefined ? best : survivors.find((s) => s.node.name === wishes.from);
  if (from === undefined) {
    const names = survivors.map((s) => s.node.name).join(", ");
    return [s19(`${wishes.from} holds no data of the service`, `begin with one of ${names}`)];
  }
  return {
    kind: "disk",
    node: from.node,
    memberId: from.memberId,
    survivors,
    others: othersOf(target, seen, from.node),
    gone: wishes.gone,
    voters: [...votersOf(seen)].sort(),
    former: clustersSeen(seen),
  };
}

/**
 * A recovery that was broken off after it was decided on: a latch says that other clusters are given up for the node's own,
 * which has no data in its place yet.
 */
function decided(target: Target, seen: Observation): Omit<Decided, "others" | "gone"> | undefined {
  const former = formerClusters(seen.nodes);
  for (const node of target.nodes) {
    const f = seen.nodes[node.name];
    if (f === undefined || typeof f.latch === "string" || f.latch.former === undefined) continue;
    const { identity } = f.data;
    const own = typeof identity !== "string" && identity.clusterId === f.latch.clusterId;
    if (own || former.has(f.latch.clusterId) || f.data.state === "unknown") continue;
    const memberId = typeof identity === "string" ? "none" : identity.memberId;
    return { kind: "decided", node, memberId, former: f.latch.former };
  }
  return undefined;
}

/** Where a snapshot can begin, or why nowhere. Pure. */
export function judgeRestore(
  target: Target,
  seen: Observation,
  surveyed: Readonly<Record<string, Surveyed>>,
  wishes: Wishes,
): Restore | readonly Refusal[] {
  const serving = servesNow(seen);
  if (serving !== undefined) return [serving];
  if (seen.conflicts.length > 0) return seen.conflicts;
  const open = unaccounted(target, seen, surveyed, wishes.gone, false);
  if (open.length > 0) return open;
  const can = target.desired.map((node) => ({ node, not: cannotBegin(node, seen.nodes[node.name]) }));
  const found = can.find(({ node, not }) =>
    wishes.from === undefined ? not === undefined : node.name === wishes.from
  );
  if (found === undefined) {
    return wishes.from === undefined
      ? can.flatMap(({ not }) => not ?? [])
      : [s19(`${wishes.from} is not under members:`, "begin with one of the members that the config names")];
  }
  if (found.not !== undefined) return [found.not];
  const data = seen.nodes[found.node.name]?.data;
  const memberId = data?.state === "pristine"
    ? "pristine"
    : typeof data?.identity === "object"
    ? data.identity.memberId
    : undefined;
  return {
    kind: "snapshot",
    node: found.node,
    ...(memberId === undefined ? {} : { memberId }),
    survivors: target.nodes.flatMap((node) => survivor(node, seen, surveyed)).sort(byLog),
    others: othersOf(target, seen, found.node),
    gone: wishes.gone,
    former: clustersSeen(seen),
  };
}

/** What keeps a node from being the first of a new cluster; what is known of it is known to be set aside. */
function cannotBegin(n: HostNode, f: NodeFacts | undefined): Refusal | undefined {
  const not = unfit(n, f) ?? (f === undefined ? undefined : heldByPerson(n, f, "masked") ?? full(n, f));
  if (not !== undefined || f === undefined) return not;
  return f.data.state !== "unknown" && (f.data.state !== "present" || typeof f.data.identity !== "string")
    ? undefined
    : s19(
      `what ${n.name} holds cannot be read: ${f.data.why ?? "whose it is cannot be told"}`,
      "look at it by hand",
      "S3",
    );
}

const othersOf = (target: Target, seen: Observation, node: HostNode): readonly HostNode[] =>
  target.nodes.filter((n) => {
    const f = seen.nodes[n.name];
    return n.name !== node.name && f !== undefined && f.reached && holdsSomething(f);
  });

function survivor(
  node: HostNode,
  seen: Observation,
  surveyed: Readonly<Record<string, Surveyed>>,
): readonly Survivor[] {
  const data = seen.nodes[node.name]?.data;
  const log = surveyed[node.name]?.log;
  if (data?.state !== "present" || typeof data.identity === "string" || typeof log !== "object") return [];
  // What was given up before is not what is lost now.
  if (formerClusters(seen.nodes).has(data.identity.clusterId)) return [];
  return [{ node, ...data.identity, log }];
}

/** The most advanced first; of two that are the same the one that the config names first. */
const byLog = ({ log: a }: Survivor, { log: b }: Survivor): number =>
  a.term !== b.term ? (a.term > b.term ? -1 : 1) : a.index !== b.index ? (a.index > b.index ? -1 : 1) : 0;

/** Why a snapshot is not of this service, as far as it tells whose members it was taken of. */
export function fitsHere(
  { members }: SnapshotSight,
  { service, nodes }: Target,
  claims: (member: RecordedMember, node: HostNode) => boolean,
): string | undefined {
  if (members === undefined || members.some((m) => nodes.some((n) => claims(m, n)))) return undefined;
  const where = members.flatMap((m) => m.peerUrls).join(", ");
  return `it is of a cluster of ${where || "no members"}, and none of these is a node of ${service}`;
}
