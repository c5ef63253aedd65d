/**
 * S10 a config that keeps no recorded member is refused unless `policy.moveAll: true`: it is far more often the wrong
 * file, or a fleet of the same names elsewhere, than a move. With the policy it goes one by one.
 *
 * @module
 */
import type { Observation, Target } from "../model/observation.ts";
import { memberText, voters } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

export function keepsNobody(target: Target, seen: Observation): Refusal | undefined {
  const recorded = voters(seen);
  if (target.policy.moveAll || recorded.length === 0) return undefined;
  if (recorded.some((m) => target.desired.some((n) => n.name === m.node))) return undefined;
  return {
    rule: "S10",
    evidence: `the config keeps none of the recorded members (${recorded.map(memberText).join(", ")})`,
    unblock: "check that this is the right config; to move every member, set policy.moveAll: true",
  };
}
