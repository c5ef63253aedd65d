/**
 * S8 learner first. A new member comes in as a learner, one at most, and is promoted only when it has started and is
 * in sync: a voter that never starts counts against the quorum for ever.
 *
 * Source: etcd's learner design; talos#13710; cluster-api#13221, #14199.
 *
 * @module
 */
import type { Member, Memory, Observation } from "../model/observation.ts";
import { memberText } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

/** No second learner, and no learner beside a voter that never started. */
export function oneLearner(seen: Observation, node: string): Refusal | undefined {
  const waiting = seen.members.find((m) => (m.role === "learner" || m.name === "") && m.node !== node);
  if (waiting === undefined) return undefined;
  return {
    rule: "S8",
    evidence: `${memberText(waiting)} has joined and is not a voter yet: ${node} has to wait for it`,
    unblock: "let the next run finish or evict it; nothing to do by hand",
  };
}

/** A learner is promoted only when this very observation shows it in sync. */
export function promoteInSync(member: Member | undefined, node: string): Refusal | undefined {
  if (member !== undefined && member.name !== "" && member.caughtUp === "yes") return undefined;
  return {
    rule: "S8",
    evidence: member === undefined
      ? `${node} is not recorded, so there is nothing to promote`
      : `the learner on ${node} (${member.id}) is not seen in sync with the leader`,
    unblock: `look at the log of ${node}: is it fetching the leader's snapshot?`,
  };
}

/**
 * A join that cannot go on and was first seen longer than `graceMs` ago is given up: it holds up every other join. The
 * memory only delays this; without it the grace begins anew. Evicting takes away no vote that was ever cast.
 */
export function graceIsOver(member: Member, memory: Memory, graceMs: number, wallMs: number): boolean {
  const since = memory.attempts[`join:${member.id}`]?.lastMs;
  return since !== undefined && wallMs - since > graceMs;
}
