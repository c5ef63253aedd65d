/**
 * From an observation to one verdict: steady, the one next change of a named case, a reason to look again, a refusal,
 * or a lost quorum. Pure: the same input gives the same verdict.
 *
 * @module
 */
import type { Change, Verdict } from "../model/change.ts";
import type { Member } from "../model/observation.ts";
import { type Objection, plain, type Refusal } from "../model/refusal.ts";
import { forbidsChange } from "../rules/changes.ts";
import { serviceOfAnother, unlikeIntent } from "../rules/s01_absent.ts";
import { givenUp } from "../rules/s19_given_up.ts";
import { paused } from "../rules/s23_paused.ts";
import { change, type Finding, hostNode, type Input, isDesired, refusal, wait } from "./input.ts";
import { findMembership, findUnfinishedJoins } from "./membership.ts";
import { findDrift, findRepairs } from "./repairs.ts";
import { findSurplus } from "./prune.ts";
import { findRetirees, findRisen } from "./retire.ts";
import { bootstrapOr, restartOrLost, servedUnread } from "./unformed.ts";

/** Names the difference. */
export function classify(i: Input): Verdict {
  const verdict = judged(i);
  if (verdict.kind !== "change") return verdict;
  const stop = paused(i.target);
  return stop === undefined ? pick(i, [change(verdict.change)]) : { kind: "refused", refusals: [stop] };
}

function judged(i: Input): Verdict {
  const conflicts = i.seen.conflicts;
  if (conflicts.length > 0) {
    // Lists that differ are a change in flight by another hand: worth a second look. Anything else is not (S3).
    return i.patient && conflicts.every((c) => c.rule === "S2")
      ? { kind: "wait", why: "the member lists differ", refusals: conflicts }
      : { kind: "refused", refusals: conflicts };
  }
  const risen = givenUp(i.seen, i.memory);
  if (risen !== undefined) return { kind: "refused", refusals: [risen] };
  const foreign = serviceOfAnother(i.target, i.seen);
  if (foreign.length > 0) return { kind: "refused", refusals: foreign };
  const staysOrIsWell = (m: Member) => isDesired(i, m.node) || m.health === "healthy";
  switch (i.seen.state) {
    case "never-formed":
      return bootstrapOr(i);
    case "unknown":
      return servedUnread(i) ?? bootstrapOr(i);
    case "lost":
      return restartOrLost(i);
    case "held":
      return pick(i, [
        ...findRisen(i),
        ...findUnfinishedBootstrap(i),
        ...findRepairs(i),
        ...findUnfinishedJoins(i),
        ...findRetirees(i),
        ...findDrift(i, staysOrIsWell),
        ...findMembership(i),
        // Who is ill and is to go is replaced rather than mended; where it cannot be, to mend it may be what helps.
        ...findDrift(i, (m) => !staysOrIsWell(m)),
      ], findSurplus);
  }
}

/**
 * The first finding that may be acted on; what is worth a wait holds back what comes after it. `last` is asked where
 * nothing was found.
 */
function pick(i: Input, findings: readonly Finding[], last?: (i: Input) => readonly Finding[]): Verdict {
  if (findings.length === 0 && last !== undefined) return pick(i, last(i));
  const refusals: Refusal[] = [];
  for (const found of findings) {
    const f = found.kind === "change" ? unlessForbidden(i, found.change) : found;
    if (f.kind === "change") return f;
    if (f.kind === "wait" && i.patient) return { kind: "wait", why: f.why, refusals: [f.refusal] };
    // What holds back all of several changes is said once.
    if (refusals.every((r) => r.evidence !== f.refusal.evidence)) refusals.push(f.refusal);
  }
  return refusals.length === 0 ? { kind: "steady" } : { kind: "refused", refusals };
}

function unlessForbidden(i: Input, c: Change): Finding {
  const stop: Objection | undefined = i.judge.forbids(c, i.seen) ?? forbidsChange(i.seen, c);
  if (stop === undefined) return change(c);
  return stop.passes ? wait(stop.evidence, plain(stop)) : refusal(plain(stop));
}

/**
 * The quorum is held, and intents of its bootstrap still lie on nodes: start those that never started, then latch and
 * finish. Nodes that lost their disk in between are a repair, which goes on its own.
 */
function findUnfinishedBootstrap(i: Input): readonly Finding[] {
  const begun = i.seen.members.flatMap((m) => {
    const node = hostNode(i, m.node);
    const f = node === undefined ? undefined : i.seen.nodes[node.name];
    if (node === undefined || f === undefined || typeof f.intent === "string") return [];
    // Started and empty is wiped: to start it again as `new` is what must never happen.
    const may = isDesired(i, node.name) && (f.started === "none" || f.data.state === "present");
    return may ? [{ node, m, f, intent: f.intent }] : [];
  });
  const [first] = begun;
  if (first === undefined) return [];
  const unstarted = begun.some(({ f }) =>
    f.started === "none" && f.data.state === "empty" && f.process === "no"
  );
  if (!unstarted && begun.some(({ m }) => m.health !== "healthy")) return [];
  const unlike = unstarted ? unlikeIntent(i.target, first.intent) : undefined;
  if (unlike !== undefined) return [refusal(unlike)];
  return [change({ case: "bootstrap", nodes: begun.map((b) => b.node), token: first.intent.token })];
}
