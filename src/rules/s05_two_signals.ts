/**
 * S5 two health signals, and S4 unreachable is not dead. A member is healthy when a linearizable read through it
 * succeeds and its own status answers. When its node cannot be asked, SSH's silence says nothing: the members that
 * hold the quorum are asked, and what they do not know stays unknown.
 *
 * Source: etcd's `/health` is true on a learner and on a stray cluster; ceph PR 42690 (a monitor evicted because the
 * manager could not reach it).
 *
 * @module
 */
import type { NodeFacts, RecordedMember } from "../model/node.ts";
import type { Member } from "../model/observation.ts";
import type { Tri } from "../model/tri.ts";

/** Judges one member by its own node where that could be asked, otherwise by its peers' answer. */
export function healthOf(m: RecordedMember, node: NodeFacts | undefined, peers: Tri): Member["health"] {
  const view = node?.view;
  if (node?.reached === true && view?.identity?.memberId === m.id) {
    // A learner serves no linearizable reads ("rpc not supported for learner"): its status has to do.
    if (m.role === "learner") return word(view.local);
    if (view.linearizable === "yes" && view.local === "yes") return "healthy";
    if (view.linearizable === "no" || view.local === "no") return "unhealthy";
  }
  // No process is proof only on a node that is known to be this member's, not where just its address points.
  if (node?.reached === true && node.process === "no" && isItsNode(m, node)) return "unhealthy";
  return word(peers);
}
const isItsNode = (m: RecordedMember, f: NodeFacts): boolean =>
  [f.data.identity, f.latch].some((i) => typeof i !== "string" && i.memberId === m.id) || m.name === "";
const word = (t: Tri): Member["health"] => (t === "yes" ? "healthy" : t === "no" ? "unhealthy" : "unknown");

/** S4: dead only where that is proven; a member of whom nothing is known is not dead. */
export const dead = (m: Member): boolean => m.health === "unhealthy";
