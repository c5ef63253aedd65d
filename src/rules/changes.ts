/**
 * S6, S7, S8 for a change as a whole, before its first step: the effects that decide it, one after the other. The same
 * rules are asked again before each step; asked here, a change that cannot be finished costs no snapshot and no leader,
 * and does not hold back another one that would help.
 *
 * @module
 */
import type { Change } from "../model/change.ts";
import { memberOn, type Observation } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import { type Effect, movesLeaderFrom, removes } from "../playbook/effect.ts";
import { forbidsEffect } from "./effects.ts";
import { expect, project } from "./project.ts";
import { nobodyToSpare } from "./s06_project.ts";

/** The first rule that a change would break on its way, if all that it waits for comes true. */
export function forbidsChange(seen: Observation, change: Change): Refusal | undefined {
  let now = seen;
  for (const effect of decisive(seen, change)) {
    const stop = forbidsEffect(now, effect);
    if (stop?.rule === "S6" && change.case === "repairConfig") return nobodyToSpare(seen, change) ?? stop;
    if (stop !== undefined) return stop;
    now = project(now, effect);
    if (effect.does === "registersLearner") now = expect(now, [effect.node]);
  }
  return undefined;
}

function decisive(seen: Observation, change: Change): readonly Effect[] {
  switch (change.case) {
    case "add":
      return memberOn(seen, change.node.name) === undefined ? joins(change.node.name) : [];
    case "remove":
      return leaves(change.member);
    case "repairWiped":
      // It joins again, so a learner that waits already has to be through first (S8).
      return [...leaves(change.member), ...joins(change.node.name)];
    case "replace":
      return change.dead ? leaves(change.member) : [...joins(change.node.name), ...leaves(change.member)];
    case "repairConfig":
      return change.latchOnly ? [] : [
        ...(change.peerUrl === undefined
          ? []
          : [{ does: "updatesPeerUrl", member: change.member.id, peerUrl: change.peerUrl } as const]),
        movesLeaderFrom(change.member),
        { does: "restarts", node: change.node.name },
      ];
    default:
      return [];
  }
}
const joins = (node: string): readonly Effect[] => [{ does: "registersLearner", node }, {
  does: "promotes",
  node,
}];
const leaves = (m: { readonly id: string }): readonly Effect[] => [movesLeaderFrom(m), removes(m)];
