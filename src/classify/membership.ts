/**
 * The difference between desired and recorded members: who has to come, who has to go, and in which order. Joins that
 * have begun come first, the dead go before the healthy, a pair is one replacement.
 *
 * @module
 */
import type { HostNode, NodeFacts } from "../model/node.ts";
import { type Member, memberOn, neverStarted } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import { full, heldByPerson, unfit } from "../rules/node_fit.ts";
import { dead } from "../rules/s05_two_signals.ts";
import { capped } from "../rules/s09_cap.ts";
import { graceIsOver } from "../rules/s08_learner_first.ts";
import { keepsNobody } from "../rules/s10_move_all.ts";
import { leaderToTheEnd } from "../rules/s11_leader_last.ts";
import { cannotFence } from "../rules/s17_unfenced.ts";
import { triedEnough } from "../rules/tries.ts";
import { notYetHealthy } from "./repairs.ts";
import { change, type Finding, hostNode, type Input, isDesired, refusal } from "./input.ts";

/** Members that have joined and are not voters yet, or never started (S8, S25): finish them, or evict them by id. */
export function findUnfinishedJoins(i: Input): readonly Finding[] {
  return i.seen.members.filter((m) => m.role === "learner" || neverStarted(m)).map((m) => {
    const n = hostNode(i, m.node);
    if (n === undefined || !isDesired(i, m.node)) return removal(i, m);
    const f = i.seen.nodes[n.name];
    // One that has run here once is enabled, unless a person stopped it.
    const ran = f?.data.state === "present" || f?.data.state === "blank" ? "stopped" : "masked";
    const held = f === undefined || f.process !== "no" ? undefined : heldByPerson(n, f, ran) ?? full(n, f);
    const not = unfit(n, f) ?? held ?? untold(n, f) ?? tooOften(i, n);
    if (not === undefined) return change({ case: "add", node: n });
    return graceIsOver(m, i.memory, i.target.policy.joinTimeoutMs, i.wallMs) ? removal(i, m) : refusal(not);
  });
}

/** Adds, removals and replacements, the next one first. */
export function findMembership(i: Input): readonly Finding[] {
  const leaving = i.seen.members.filter((m) =>
    !isDesired(i, m.node) && m.role === "voter" && !neverStarted(m)
  );
  const coming = i.target.desired.filter((n) => memberOn(i.seen, n.name) === undefined);
  if (leaving.length === 0 && coming.length === 0) return [];
  const all = keepsNobody(i.target, i.seen);
  if (all !== undefined) return [refusal(all)];

  const late = i.patient ? leaving.flatMap((m) => dead(m) ? mayRecover(i, m) : []) : [];
  if (late.length > 0) return late;

  const fit: HostNode[] = [];
  const refused: Finding[] = [];
  for (const n of coming) {
    const not = cannotJoin(i, n);
    if (not === undefined) fit.push(n);
    else refused.push(refusal(not));
  }
  // Dead ones pair first; then config order, the leader last.
  const gone = leaving.filter(dead);
  const well = leaderToTheEnd(leaving.filter((m) => !dead(m)).map((member) => ({ member }))).map((x) =>
    x.member
  );
  const found = [...gone, ...well].map((m, at): Finding => {
    const n = fit[at];
    return n === undefined ? removal(i, m) : replacement(i, m, n);
  });
  const adds = fit.slice(leaving.length).map((node) => change({ case: "add", node }));
  // A removal without a replacement makes the cluster smaller: a healthy member stays until all who come are there.
  const paired = found.slice(0, fit.length);
  const lone = found.slice(fit.length);
  const deadFirst = lone.filter((_, at) => dead([...gone, ...well][at + fit.length] ?? never));
  return [
    ...paired,
    ...deadFirst,
    ...adds,
    ...refused,
    ...(refused.length > 0 ? [] : lone.filter((f) => !deadFirst.includes(f))),
  ];
}
const never: Member = {
  id: "",
  name: "",
  node: undefined,
  role: "voter",
  peerUrls: [],
  clientUrls: [],
  leader: false,
  health: "unknown",
  caughtUp: "no",
  version: undefined,
};

/** One that runs may be well again in a moment, and then stays in its place until another has come. */
function mayRecover(i: Input, m: Member): readonly Finding[] {
  const node = hostNode(i, m.node);
  const f = node === undefined ? undefined : i.seen.nodes[node.name];
  return node !== undefined && f?.process === "yes" ? [notYetHealthy(node, f)] : [];
}

function removal(i: Input, member: Member): Finding {
  const node = hostNode(i, member.node);
  const not = cannotFence(member, i.target.policy.removeUnfenced) ??
    // A learner or one that never started does not count: evicting it is no removal of a voter's vote.
    (member.role === "voter" && !neverStarted(member)
      ? capped(i.removals, member.node ?? member.id)
      : undefined);
  if (not !== undefined) return refusal(not);
  return change({ case: "remove", member, ...(node === undefined ? {} : { node }) });
}

function replacement(i: Input, member: Member, node: HostNode): Finding {
  const oldNode = hostNode(i, member.node);
  const not = cannotFence(member, i.target.policy.removeUnfenced) ??
    capped(i.removals, member.node ?? member.id);
  if (not !== undefined) return refusal(not);
  return change({
    case: "replace",
    member,
    node,
    dead: dead(member),
    ...(oldNode === undefined ? {} : { oldNode }),
  });
}

/** Why a node must not join now: it is not fit, a person holds it, or something lies or runs there (S3, S15). */
function cannotJoin(i: Input, n: HostNode): Refusal | undefined {
  const f = i.seen.nodes[n.name];
  const held = f === undefined ? undefined : heldByPerson(n, f, "masked") ?? full(n, f);
  const not = unfit(n, f) ?? held ?? tooOften(i, n);
  if (not !== undefined || f === undefined) return not;
  if (f.data.state === "unknown") {
    return {
      rule: "S3",
      evidence: `what lies in the data directory of ${n.name} is not known: ${
        f.data.why ?? "it could not be read"
      }`,
      unblock: `make it readable, mount it, or correct the options`,
    };
  }
  if (f.data.state === "present") {
    return {
      rule: "S15",
      evidence: `${n.name} holds data that belongs to no former member of this cluster`,
      unblock: `look at it; if it is not needed, move it away on ${n.name}`,
    };
  }
  if ((f.process !== "no" || f.view !== undefined) && f.view?.pristine !== "yes") {
    return {
      rule: "S3",
      evidence: f.process === "no"
        ? `${n.name} is not free: ${f.view?.trouble}`
        : `a process of the service runs on ${n.name}, which is no member`,
      unblock: `find out what it is; stop it on ${n.name}`,
    };
  }
  return undefined;
}

/** Whether who joins has to be made ready depends on whether it runs; others need not wait until that is known. */
function untold(n: HostNode, f: NodeFacts | undefined): Refusal | undefined {
  if (f?.process !== "unknown") return undefined;
  return {
    rule: "S24",
    evidence: `whether the service runs on ${n.name} is not known`,
    unblock: `see why its processes cannot be listed there: \`quorate status\``,
  };
}

const tooOften = (i: Input, n: HostNode): Refusal | undefined =>
  triedEnough(i.memory, `add:${n.name}`, i.target.policy.repairTries, i.wallMs);
