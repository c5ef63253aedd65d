/**
 * S14 data is set aside, never deleted: renamed beside itself with a timestamp; pruned only when steady, never the newest
 * of a cluster id.
 *
 * The newest of a cluster id on a node may be the last copy of a cluster that everything else has lost, so it stays
 * however old it is; older ones were superseded on the same node, and are kept as far as `policy.backup.keep` says. Where
 * nothing is asked to be kept (`backup: false`), nothing may be called too much either: nothing is pruned.
 *
 * @module
 */
import type { Aside } from "../model/node.ts";
import type { Observation } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

/** What lies aside on one node beyond the newest `keep` of each cluster id, the oldest first. */
export function surplus(aside: readonly Aside[], keep: number): readonly Aside[] {
  return aside.filter((a) => newerThan(a, aside).length >= Math.max(1, keep));
}
const newerThan = (a: Aside, all: readonly Aside[]): readonly Aside[] =>
  all.filter((b) => b.clusterId === a.clusterId && b.at > a.at);

/** Judges a deletion by what was just seen to lie aside on the node. */
export function onlyOlder(seen: Observation, node: string, paths: readonly string[]): Refusal | undefined {
  const refuse = (evidence: string): Refusal => ({
    rule: "S14",
    evidence,
    unblock: `nothing to do: it stays; take it away on ${node} by hand, if nobody needs it`,
  });
  if (seen.state !== "held" || seen.members.some((m) => m.health !== "healthy")) {
    return refuse(`not all members are healthy, so what lies aside on ${node} may be needed`);
  }
  const aside = seen.nodes[node]?.aside ?? [];
  for (const path of paths) {
    const one = aside.find((a) => a.path === path);
    if (one === undefined) continue; // gone already
    if (newerThan(one, aside.filter((a) => !paths.includes(a.path))).length === 0) {
      return refuse(`${path} on ${node} is the newest data of cluster ${one.clusterId} there`);
    }
    if (seen.members.some((m) => m.id === one.memberId)) {
      return refuse(`${path} on ${node} is the data of member ${one.memberId}, which is a current member`);
    }
  }
  return undefined;
}
