/**
 * S3 identity is proven. The cluster id and member id of the running service, of the data on disk, of the latch and
 * of the peer URL must agree. A member that is believed to be another one gets removed or wiped by mistake, and with
 * it the last copy of acknowledged data.
 *
 * Source: kubespray#11482 (a node's name taken for its identity).
 *
 * @module
 */
import type { Identity, NodeFacts, RecordedMember, ServiceView } from "../model/node.ts";
import type { Refusal } from "../model/refusal.ts";

/** Two clusters that both serve: changing either would be a guess. */
export function twoClusters(truths: readonly (readonly [string, ServiceView])[]): readonly Refusal[] {
  const ids = new Map(truths.map(([n, v]) => [v.identity?.clusterId ?? "", n]));
  if (ids.size < 2) return [];
  return [{
    rule: "S3",
    evidence: `two clusters serve at once: ${[...ids].map(([id, n]) => `${id} on ${n}`).join(", ")}`,
    unblock: "decide which one holds your data, stop the other and move its data directory away",
  }];
}

/** One member id on two nodes: a copied data directory, or an address that moved. */
export const twoNodesOneMember = (m: RecordedMember, nodes: readonly string[]): Refusal => ({
  rule: "S3",
  evidence: `member ${m.id}${m.name === "" ? "" : ` (${m.name})`} matches more than one node: ${
    nodes.join(", ")
  }`,
  unblock: `see which of them runs as that member, and clear the other one by hand`,
});

/**
 * What a node says of itself must not contradict itself: the running service and its disk, the disk and the latch.
 * A latch of a former member of the same cluster is no contradiction; it is stale, and `retire` takes it away. Nor is the
 * data of a cluster that the latch says was given up: a recovery was broken off there, and goes on (S19).
 */
export function selfContradiction(f: NodeFacts): readonly Refusal[] {
  const disk = typeof f.data.identity === "string" ? undefined : f.data.identity;
  const latch = typeof f.latch === "string" ? undefined : f.latch;
  const running = f.view?.pristine === "yes" ? undefined : f.view?.identity;
  const found: Refusal[] = [];
  if (running !== undefined && disk !== undefined && !same(running, disk)) {
    found.push(differ(f.node, "the running service", running, "the data on its disk", disk));
  }
  const own = running ?? disk;
  const given = running === undefined && latch?.former?.includes(own?.clusterId ?? "") === true;
  if (own !== undefined && latch !== undefined && own.clusterId !== latch.clusterId && !given) {
    found.push(
      differ(f.node, running ? "the running service" : "the data on its disk", own, "the latch", latch),
    );
  }
  return found;
}
const same = (a: Identity, b: Identity): boolean => a.clusterId === b.clusterId && a.memberId === b.memberId;
const differ = (node: string, a: string, x: Identity, b: string, y: Identity): Refusal => ({
  rule: "S3",
  evidence:
    `${node} contradicts itself: ${a} is member ${x.memberId} of cluster ${x.clusterId}, ${b} is member ` +
    `${y.memberId} of cluster ${y.clusterId}`,
  unblock:
    `find out which is right; then move the wrong data, or the latch under /var/lib/quorate, away on ${node}`,
});

/**
 * Data or a latch of another cluster than the one that serves (or, without a quorum, of more than one cluster). What is
 * left of those that were given up is `retire`'s (S19).
 */
export function foreignData(
  clusterId: string | undefined,
  nodes: readonly NodeFacts[],
  former: ReadonlySet<string> = new Set(),
): readonly Refusal[] {
  const marks = nodes.flatMap((f) =>
    f.data.state === "pristine" || f.view?.pristine === "yes"
      ? []
      : [f.view?.identity, f.data.identity, f.latch].flatMap((i) =>
        i === undefined || typeof i === "string" || former.has(i.clusterId)
          ? []
          : [{ node: f.node, clusterId: i.clusterId }]
      )
  );
  const own = clusterId ?? marks[0]?.clusterId;
  const other = marks.find((m) => m.clusterId !== own);
  if (other === undefined) return [];
  return [{
    rule: "S3",
    evidence:
      `${other.node} holds data or a latch of cluster ${other.clusterId}, and this service is cluster ${own}`,
    unblock:
      `if ${other.node} was meant for another service, take it out of this one; if that cluster is gone for ` +
      `good, move its data and its latch under /var/lib/quorate away on ${other.node}`,
  }];
}
