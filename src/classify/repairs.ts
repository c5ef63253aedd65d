/**
 * Members of the record that are out of order on a node of theirs: crashed, wiped, configured otherwise; and members
 * of whom nothing good can be said.
 *
 * @module
 */
import type { HostNode, NodeFacts } from "../model/node.ts";
import { latchHolds, type Member, memberText, neverStarted } from "../model/observation.ts";
import { full, heldByPerson, unfit } from "../rules/node_fit.ts";
import { triedEnough } from "../rules/tries.ts";
import { change, type Finding, hostNode, type Input, isDesired, refusal, wait } from "./input.ts";

/** What there is to repair, in config order: crashed members first, then wiped ones, then the rest. */
export function findRepairs(i: Input): readonly Finding[] {
  const found = i.seen.members
    // A learner is no voter yet: its join starts it again, or gives it up.
    .filter((m) => isDesired(i, m.node) && !neverStarted(m) && m.role !== "learner" && m.health !== "healthy")
    .map((m) => outOfOrder(i, m));
  const rank = (f: Finding) =>
    f.kind === "change" ? (f.change.case === "repairCrashed" ? 0 : 1) : f.kind === "wait" ? 2 : 3;
  return [...found].sort((a, b) => rank(a) - rank(b));
}

function outOfOrder(i: Input, m: Member): Finding {
  const n = hostNode(i, m.node);
  const f = n === undefined ? undefined : i.seen.nodes[n.name];
  const bad = m.health === "unhealthy";
  if (n === undefined || f === undefined || !f.reached) {
    const r = {
      rule: bad ? "S4" : "S24",
      evidence: `${memberText(m)} cannot be reached over SSH (${f?.trouble?.detail ?? "unknown"}), and ` +
        (bad
          ? "the members that hold the quorum say that it does not answer"
          : "no other member could tell of it"),
      unblock: `bring ${memberText(m)} back; or replace it: put another node in its place under members:`,
    } as const;
    return bad ? refusal(r) : wait(`${memberText(m)} is not seen`, r);
  }
  // Where nothing is left of the member, the unit is as its package brought it: nobody decided about it.
  const not = unfit(n, f) ?? (nothingLeft(f) ? undefined : heldByPerson(n, f, "stopped")) ?? full(n, f);
  if (f.process === "no" && not !== undefined) return refusal(not);
  if (f.process === "no" && isOwnData(f, m)) return tried(i, m, n, "repairCrashed");
  if (f.process === "no" && provenWiped(f)) return tried(i, m, n, "repairWiped");
  // A package's default that runs in its place is not it, and proves no more than an empty folder does.
  if (f.process === "no" || f.view?.pristine === "yes") return refusal(unproven(m, n, f));
  return notYetHealthy(n, f);
}

/** Its process runs: it may be well again in a moment. */
export const notYetHealthy = (n: HostNode, f: NodeFacts): Finding =>
  wait(`${n.name} runs and is not healthy yet`, {
    rule: "S5",
    evidence: `${n.name} runs, but ${f.view?.trouble ?? "serves no linearizable read"}`,
    unblock: `look at the service's log on ${n.name}, at its network and at its disk`,
  });

function tried(i: Input, member: Member, node: HostNode, kind: "repairCrashed" | "repairWiped"): Finding {
  const stop = triedEnough(i.memory, `${kind}:${node.name}`, i.target.policy.repairTries, i.wallMs);
  return stop === undefined ? change({ case: kind, member, node }) : refusal(stop);
}

const nothingLeft = (f: NodeFacts): boolean =>
  f.data.state === "empty" && f.latch === "none" && f.started === "none";
const isOwnData = (f: NodeFacts, m: Member): boolean =>
  f.data.state === "present" && typeof f.data.identity !== "string" && f.data.identity.memberId === m.id;

/**
 * Proven empty (S3): the node check says `empty`, or `blank`, only for a directory at the place that the latch, or the mark
 * before a first start, names. Without either of them nothing proves that the disk is the one that held the data; and an
 * intent without that mark means that the member has never run.
 */
const provenWiped = (f: NodeFacts): boolean =>
  (f.data.state === "empty" || f.data.state === "blank") &&
  (typeof f.latch !== "string" || typeof f.started !== "string");

const unproven = (m: Member, n: HostNode, f: NodeFacts) => ({
  rule: "S3" as const,
  evidence: f.data.state === "present"
    ? `${n.name} should hold the data of member ${m.id}, and holds ${
      typeof f.data.identity === "string"
        ? "data that cannot be read"
        : `that of member ${f.data.identity.memberId}`
    }`
    : `the data of member ${m.id} is not found on ${n.name}: ${
      f.data.why ?? "nothing tells where it was, so a disk that is not mounted looks the same as a wiped one"
    }`,
  unblock:
    `mount the right disk on ${n.name}; if its data is gone for good, take ${n.name} out of members:, apply, ` +
    "and put it back",
});

/**
 * Configuration that differs on healthy members that stay, and latches that are missing; the leader comes last (S11). A
 * member that runs and does not get well although it was waited for may be ill of its configuration: a restart of one that
 * serves nothing costs nothing. `of`: which members are asked about.
 */
export function findDrift(i: Input, of: (m: Member) => boolean): readonly Finding[] {
  return i.seen.members
    .filter((m) => m.role === "voter" && of(m))
    .filter((m) => m.health === "healthy" || (m.health === "unhealthy" && !i.patient))
    .flatMap((m) => drifted(i, m))
    .filter((d) => d.member.health === "healthy" || (!d.latchOnly && d.facts.process === "yes"))
    .sort((a, b) =>
      Number(b.latchOnly) - Number(a.latchOnly) || Number(a.member.leader) - Number(b.member.leader)
    )
    .map((d) => {
      const not = d.latchOnly ? undefined : heldByPerson(d.node, d.facts, "masked") ?? full(d.node, d.facts);
      const stop = not ?? unfit(d.node, d.facts) ??
        triedEnough(i.memory, `repairConfig:${d.node.name}`, i.target.policy.repairTries, i.wallMs);
      if (stop !== undefined) return refusal(stop);
      const { facts: _facts, ...rest } = d;
      return change({ case: "repairConfig", ...rest });
    });
}

function drifted(i: Input, member: Member) {
  const node = hostNode(i, member.node);
  const facts = node === undefined ? undefined : i.seen.nodes[node.name];
  // An unfinished bootstrap latches by itself; a node that cannot be asked has nothing that could be compared.
  if (node === undefined || facts === undefined || !facts.reached || typeof facts.intent !== "string") {
    return [];
  }
  const drift = i.judge.drift(facts, node, member, i.seen);
  const stays = isDesired(i, member.node);
  if (!stays && drift.shared !== true) return [];
  const differs = Object.keys(drift.settings).length > 0 || drift.peerUrl !== undefined;
  // A latch that names other voters than the record would give a wrong size to a cluster that does not answer.
  const latched = typeof facts.latch !== "string" && latchHolds(facts.latch, member, i.seen);
  // Where its data is not seen there is no place to write down (S3).
  const placed = facts.data.state === "present";
  const { firstStart = {} } = drift;
  const atRest = latched && Object.keys(firstStart).length === 0;
  const about = { member, node, facts, settings: firstStart };
  return [
    // The latch goes first: a restart that is refused must not leave the node without it.
    ...(atRest || !placed || !stays ? [] : [{ ...about, latchOnly: true }]),
    ...(!differs ? [] : [{
      ...about,
      settings: drift.settings,
      ...(drift.peerUrl === undefined ? {} : { peerUrl: drift.peerUrl }),
      latchOnly: false,
    }]),
  ];
}
