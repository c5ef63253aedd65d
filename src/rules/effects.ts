/**
 * The rules that are asked before each step, with the newest observation in hand: what would this effect do now?
 *
 * @module
 */
import type { Member, Observation } from "../model/observation.ts";
import { memberById, memberOn, memberText, voters } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import { during } from "./project.ts";
import type { Effect } from "../playbook/effect.ts";
import { neverSpendSafety } from "./s06_project.ts";
import { oneLearner, promoteInSync } from "./s08_learner_first.ts";
import { leaderLast } from "./s11_leader_last.ts";
import { notACurrentMember } from "./s15_data.ts";

/** The first rule that forbids an effect, or undefined. */
export function forbidsEffect(seen: Observation, effect: Effect): Refusal | undefined {
  switch (effect.does) {
    case "registersLearner":
      return oneLearner(seen, effect.node) ?? quorum(seen, effect, `registering ${effect.node}`, undefined);
    case "promotes": {
      const member = memberOn(seen, effect.node);
      return promoteInSync(member, effect.node) ?? quorum(seen, effect, `promoting ${effect.node}`, member);
    }
    case "removes": {
      const member = memberById(seen, effect.member);
      if (member === undefined) return undefined;
      return quorum(seen, effect, `removing ${memberText(member)}`, member) ?? leaderLast(seen, member);
    }
    case "restarts": {
      const member = memberOn(seen, effect.node);
      return quorum(seen, effect, `restarting ${effect.node}`, member) ??
        (member === undefined ? undefined : leaderLast(seen, member));
    }
    case "fences": {
      // Fencing a node whose member still counts is stopping a voter.
      const member = memberOn(seen, effect.node);
      if (member === undefined || member.role !== "voter" || member.health !== "healthy") return undefined;
      return quorum(seen, effect, `stopping ${effect.node}`, member);
    }
    case "setsAside":
      return notACurrentMember(seen, effect.node);
    default:
      return undefined;
  }
}

/** S6 and S7; they say nothing where there is no quorum to keep (bootstrap, restart). */
function quorum(
  seen: Observation,
  effect: Effect,
  what: string,
  touched: Member | undefined,
): Refusal | undefined {
  if (seen.state !== "held" || voters(seen).length === 0) return undefined;
  return neverSpendSafety(seen, during(seen, effect), what, touched === undefined ? [] : [touched.id]);
}
