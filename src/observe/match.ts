/**
 * Which node is which member (S3). A name proves nothing: what counts is, in this order, the id that the node's own
 * running service reports, the id on its disk, the latched id, and last the peer URL in the record.
 *
 * @module
 */
import type { HostNode, Identity, NodeFacts, RecordedMember } from "../model/node.ts";
import type { Refusal } from "../model/refusal.ts";
import { twoNodesOneMember } from "../rules/s03_identity.ts";

export interface Matched {
  /** Member id → node name. */
  readonly nodeOf: ReadonlyMap<string, string>;
  readonly conflicts: readonly Refusal[];
}

/**
 * Matches members with nodes: exactly one node a member, or none, or a conflict. Stronger proof goes first; a peer
 * URL is asked only for a member and a node that nothing else has matched, so a member that was registered anew for
 * a wiped node finds that node although a stale latch still lies there.
 */
export function matchMembers(
  members: readonly RecordedMember[],
  clusterId: string | undefined,
  nodes: readonly HostNode[],
  facts: Readonly<Record<string, NodeFacts>>,
  claims: (member: RecordedMember, node: HostNode) => boolean,
): Matched {
  const nodeOf = new Map<string, string>();
  const taken = new Set<string>();
  const conflicts: Refusal[] = [];
  const level = (says: (m: RecordedMember, n: HostNode) => boolean) => {
    for (const m of members) {
      if (nodeOf.has(m.id)) continue;
      const found = nodes.filter((n) => !taken.has(n.name) && says(m, n));
      if (found.length > 1) conflicts.push(twoNodesOneMember(m, found.map((n) => n.name)));
      const only = found[0];
      if (found.length !== 1 || only === undefined) continue;
      nodeOf.set(m.id, only.name);
      taken.add(only.name);
    }
  };
  const idIs = (m: RecordedMember, i: Identity | "none" | "unknown" | undefined): boolean =>
    i !== undefined && typeof i !== "string" && i.memberId === m.id &&
    (clusterId === undefined || i.clusterId === clusterId);
  // A package's default has the same ids on every host, so they prove nothing (S1).
  const own = (n: HostNode): NodeFacts | undefined => {
    const f = facts[n.name];
    return f?.data.state === "pristine" || f?.view?.pristine === "yes" ? undefined : f;
  };
  level((m, n) => idIs(m, own(n)?.view?.identity));
  level((m, n) => idIs(m, own(n)?.data.identity));
  level((m, n) => idIs(m, facts[n.name]?.latch));
  for (const m of members) {
    const proven = nodeOf.get(m.id);
    const running = facts[proven ?? ""]?.view?.identity;
    const claimed = nodes.find((n) => n.name !== proven && claims(m, n));
    // A copied disk or a cloned machine speaks for its member only where the record does not name another node.
    if (proven !== undefined && claimed !== undefined && !idIs(m, running)) {
      conflicts.push(twoNodesOneMember(m, [proven, claimed.name]));
    }
  }
  level((m, n) => claims(m, n));
  return { nodeOf, conflicts };
}
