/**
 * The rules that are asked before each step, with the newest observation in hand: what would this effect do now?
 *
 * @module
 */
import type { Member, Observation } from "../model/observation.ts";
import { memberById, memberOn, memberText } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import { during } from "./project.ts";
import { changesMembership, type Effect } from "../playbook/effect.ts";
import { neverSpendSafety } from "./s06_project.ts";
import { oneLearner, promoteInSync } from "./s08_learner_first.ts";
import { leaderLast } from "./s11_leader_last.ts";
import { onlyOlder } from "./s14_prune.ts";
import { nobodyElse } from "./s19_nobody_else.ts";
import { notACurrentMember } from "./s15_data.ts";

/** The first rule that forbids an effect, or undefined. */
export function forbidsEffect(seen: Observation, effect: Effect): Refusal | undefined {
  const unseen = forbidsUnseen(seen, effect);
  if (unseen !== undefined) return unseen;
  switch (effect.does) {
    case "registersLearner":
      return oneLearner(seen, effect.node) ?? quorum(seen, effect, `registering ${effect.node}`, undefined);
    case "promotes": {
      const member = memberOn(seen, effect.node);
      return promoteInSync(member, effect.node) ?? quorum(seen, effect, `promoting ${effect.node}`, member);
    }
    case "removes": {
      const member = memberById(seen, effect.member);
      // Who has no vote takes none away.
      if (member === undefined || member.role === "learner") return undefined;
      return quorum(seen, effect, `removing ${memberText(member)}`, member) ??
        (effect.elects ? undefined : leaderLast(seen, member));
    }
    case "restarts": {
      const member = memberOn(seen, effect.node);
      return quorum(seen, effect, `restarting ${effect.node}`, member) ??
        (member === undefined || effect.elects ? undefined : leaderLast(seen, member));
    }
    case "updatesPeerUrl":
      return quorum(seen, effect, `recording ${effect.peerUrl}`, memberById(seen, effect.member));
    case "fences": {
      // Fencing a node whose member still counts is stopping a voter.
      const member = memberOn(seen, effect.node);
      if (member === undefined || member.role !== "voter" || member.health !== "healthy") return undefined;
      return quorum(seen, effect, `stopping ${effect.node}`, member);
    }
    case "setsAside":
      return notACurrentMember(seen, effect.node);
    case "succeeds":
      return nobodyElse(seen, effect.node);
    case "prunes":
      return onlyOlder(seen, effect.node, effect.paths);
    default:
      return undefined;
  }
}

/**
 * Without a quorum in sight there is nothing that the arithmetic could be done with, and an election looks just like a
 * loss: what a change of members or a restart would leave is unknown then, and unknown never runs a step (S24).
 */
export function forbidsUnseen(seen: Observation, effect: Effect): Refusal | undefined {
  const counts = effect.does === "restarts" || changesMembership(effect);
  if (seen.state === "held" || !counts) return undefined;
  return {
    rule: "S24",
    evidence: "no member serves a linearizable read now, so what the next step would leave is not known",
    unblock: "see `quorate status`; the next run goes on once the quorum is held",
  };
}

/** S6 and S7; they say nothing where there is no quorum to keep (bootstrap, restart). */
function quorum(
  seen: Observation,
  effect: Effect,
  what: string,
  touched: Member | undefined,
): Refusal | undefined {
  if (seen.state !== "held") return undefined;
  return neverSpendSafety(seen, during(seen, effect), what, touched === undefined ? [] : [touched.id]);
}
