/**
 * `prune`: more data lies aside on a node than policy.backup.keep allows (S14). Asked last, when nothing else differs.
 *
 * @module
 */
import { unfit } from "../rules/node_fit.ts";
import { surplus } from "../rules/s14_prune.ts";
import { triedEnough } from "../rules/tries.ts";
import { change, type Finding, type Input, refusal } from "./input.ts";

/** Nodes on which too much lies aside; none while the service is paused or a member is not healthy. */
export function findSurplus(i: Input): readonly Finding[] {
  const { backup, paused, repairTries } = i.target.policy;
  if (backup === false || paused || i.seen.members.some((m) => m.health !== "healthy")) return [];
  const current = new Set(i.seen.members.map((m) => m.id));
  return i.target.nodes.flatMap((node): readonly Finding[] => {
    const f = i.seen.nodes[node.name];
    // A server that took the id of a dead one over is a current member, and what is left of that one stays (S14).
    const paths = surplus(f?.aside ?? [], backup.keep).filter((a) => !current.has(a.memberId)).map((a) =>
      a.path
    );
    if (paths.length === 0 || unfit(node, f) !== undefined) return [];
    const not = triedEnough(i.memory, `prune:${node.name}`, repairTries, i.wallMs);
    return [not === undefined ? change({ case: "prune", node, paths }) : refusal(not)];
  });
}
