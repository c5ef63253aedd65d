/**
 * `retire`: what a crash between a removal and its fencing left. The node holds data, or the latch, of a member id
 * that is no longer recorded (S17), or of a cluster that was given up for this one (S19).
 *
 * @module
 */
import type { Identity, NodeFacts } from "../model/node.ts";
import { formerClusters, memberOn } from "../model/observation.ts";
import { unfit } from "../rules/node_fit.ts";
import { notACurrentMember } from "../rules/s15_data.ts";
import { triedEnough } from "../rules/tries.ts";
import { change, type Finding, type Input, refusal } from "./input.ts";

/** Former members whose node still could come back. */
export function findRetirees(i: Input): readonly Finding[] {
  const current = new Set(i.seen.members.map((m) => m.id));
  const former = formerClusters(i.seen.nodes);
  return i.target.nodes.flatMap((node): readonly Finding[] => {
    const f = i.seen.nodes[node.name];
    // What lies on a current member's node is for its own playbook, or for a person, to judge.
    if (f === undefined || !f.reached || memberOn(i.seen, node.name) !== undefined) return [];
    const staleId = identities(f).find((id) =>
      former.has(id.clusterId) || (id.clusterId === i.seen.clusterId && !current.has(id.memberId))
    )?.memberId;
    // A current member's node may still carry the latch of its former id: its own playbook writes it anew.
    const own = (id: Identity) => current.has(id.memberId) && !former.has(id.clusterId);
    if (staleId === undefined || identities(f).some(own)) return [];
    const not = unfit(node, f) ??
      // What is fenced does no harm, and what of it cannot be put away now must not hold back what else there is to do.
      (f.fenced === "yes" ? notACurrentMember(i.seen, node.name) : undefined) ??
      // One that cannot be put away must not hold back for ever what else there is to do.
      triedEnough(i.memory, `retire:${node.name}`, i.target.policy.repairTries, i.wallMs);
    return [not === undefined ? change({ case: "retire", node, staleId }) : refusal(not)];
  });
}

/**
 * Those of a cluster that was given up and that run: a majority of them serves clients beside this one. So nothing else is
 * done before they are fenced.
 */
export function findRisen(i: Input): readonly Finding[] {
  const former = formerClusters(i.seen.nodes);
  const runs = (f: NodeFacts | undefined): boolean =>
    f !== undefined && f.process !== "no" && identities(f).some((id) => former.has(id.clusterId));
  return former.size === 0
    ? []
    : findRetirees(i).filter((r) =>
      r.kind === "change" && r.change.case === "retire" && runs(i.seen.nodes[r.change.node.name])
    );
}

const identities = (f: NodeFacts): readonly Identity[] =>
  [f.view?.identity, f.data.identity, f.latch].filter((i): i is Identity =>
    i !== undefined && typeof i !== "string"
  );
