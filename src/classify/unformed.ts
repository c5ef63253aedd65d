/**
 * Without a quorum: a service that never was (bootstrap), one that was stopped (restart), one that is lost.
 *
 * @module
 */
import type { Verdict } from "../model/change.ts";
import type { HostNode, NodeFacts } from "../model/node.ts";
import { formerClusters } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";
import { full, heldByPerson, unfit } from "../rules/node_fit.ts";
import { absentMeansProvenAbsent, resumeBootstrap } from "../rules/s01_absent.ts";
import { serves } from "../rules/s02_truth.ts";
import { type Input, isDesired } from "./input.ts";

/** Never formed, or an unfinished bootstrap of ours. */
export function bootstrapOr(i: Input): Verdict {
  const resumed = resumeBootstrap(i.target, i.seen);
  const refusals = [
    ...absentMeansProvenAbsent(i.target, i.seen, i.memory),
    ...resumed.refusals,
    ...i.target.desired.flatMap((n): readonly Refusal[] => {
      const f = i.seen.nodes[n.name];
      const not = f === undefined || !f.reached
        ? undefined
        : unfit(n, f) ?? heldByPerson(n, f, "masked") ?? full(n, f);
      return not === undefined ? [] : [not];
    }),
  ];
  if (refusals.length > 0) return { kind: "refused", refusals };
  return {
    kind: "change",
    change: { case: "bootstrap", nodes: resumed.startable, token: resumed.token ?? i.token },
  };
}

/**
 * Formed before, and nobody serves a linearizable read. A member that starts on its own data never lowers the quorum,
 * so S6 and S7 do not apply; it helps only if a majority can be started, and otherwise a person decides.
 */
export function restartOrLost(i: Input): Verdict {
  const [widest, ...narrower] = electorates(i);
  if (!isThisService(i, widest.nodes, widest.size)) {
    // What was found is not evidence of this service's own members: a stray disk, or another service's nodes.
    const refusals = absentMeansProvenAbsent(i.target, i.seen, i.memory);
    if (refusals.length > 0) return { kind: "refused", refusals };
  }
  const judgedOf = ({ nodes }: Electorate) => nodes.map((n) => ({ n, ...startable(i, n) }));
  const enough = (e: Electorate): boolean =>
    judgedOf(e).filter((j) => j.is !== "out").length >= quorumOf(e.size, 0).needed;
  const expected = [widest, ...narrower].find(enough) ?? widest;
  const { size } = expected;
  const { needed } = quorumOf(size, 0);
  const judged = judgedOf(expected);
  const down = judged.filter((j) => j.is === "down");
  // Who joined right before has its data, and is named by no latch yet: on its own data it cannot do harm.
  const late = i.target.nodes.flatMap((n) => {
    const f = i.seen.nodes[n.name];
    return judged.some((j) => j.n.name === n.name) || !isLate(f) ? [] : [{ n, ...startable(i, n) }];
  }).filter((j) => j.is !== "out");
  const up = judged.filter((j) => j.is === "up");
  const out = judged.filter((j) => j.is === "out");
  const refusal: Refusal = {
    rule: "S19",
    evidence: `no member serves a linearizable read; ${needed} of ${size} are needed, ` +
      `${up.length + down.length} ${
        up.length + down.length === 1 ? "has" : "have"
      } own data and could serve` +
      (out.length === 0 ? "" : `; ${out.map((j) => `${j.n.name}: ${j.why}`).join("; ")}`),
    unblock: out.length === 0
      ? "the members run and find no leader: look at the network between them and at their logs"
      : `bring ${needed - up.length - down.length} of ${out.map((j) => j.n.name).join(", ")} back with ` +
        "its own data; a lost quorum is never forced by apply",
  };
  const lost = out.map((j) => j.n.name);
  if (late.length === 0 && up.length + down.length < needed) return { kind: "quorumLost", lost, refusal };
  const nodes = [...down, ...late.filter((j) => j.is === "down")].map((j) => j.n);
  if (nodes.length > 0) return { kind: "change", change: { case: "restart", nodes } };
  if (up.length < needed) return { kind: "quorumLost", lost, refusal };
  const unread = unreadable(i, up.map((j) => j.n));
  if (i.patient) {
    return { kind: "wait", why: "the members run and elect a leader", refusals: [unread ?? refusal] };
  }
  return unread === undefined
    ? { kind: "quorumLost", lost, refusal }
    : { kind: "refused", refusals: [unread] };
}

/**
 * S24: a cluster that was formed serves linearizable reads, so it is not lost; but who its members are could not be read
 * along with any of them.
 */
export function servedUnread(i: Input): Verdict | undefined {
  const former = formerClusters(i.seen.nodes);
  const on = i.target.nodes.filter((n) => {
    const view = i.seen.nodes[n.name]?.view;
    return serves(view) && !former.has(view?.identity?.clusterId ?? "");
  });
  if (on.length === 0 || !i.target.nodes.some((n) => hasLatch(i.seen.nodes[n.name]))) return undefined;
  const refusals: readonly Refusal[] = [{
    rule: "S24",
    evidence: "the quorum is held, but the record of the members could not be read through " +
      on.map((n) => `${n.name} (${i.seen.nodes[n.name]?.view?.trouble ?? "it told none"})`).join(", "),
    unblock: "nothing is lost: see why the service cannot be read there: `quorate status`, its log",
  }];
  return i.patient
    ? { kind: "wait", why: "the record of the members was not read", refusals }
    : { kind: "refused", refusals };
}

/**
 * S24: members that run, of whom none says that it finds no leader, and none lets us read (for want of credentials,
 * say), are no proof of a lost quorum.
 */
function unreadable(i: Input, up: readonly HostNode[]): Refusal | undefined {
  const views = up.map((n) => ({ n, v: i.seen.nodes[n.name]?.view }));
  if (views.length === 0 || views.some(({ v }) => v?.linearizable !== "unknown" || v.local === "no")) {
    return undefined;
  }
  return {
    rule: "S24",
    evidence: "whether the quorum is held is not known: nothing could be read through " +
      views.map(({ n, v }) => `${n.name} (${v?.trouble ?? "no answer"})`).join(", "),
    unblock:
      "see why the service cannot be read there: `quorate status`, its log, the credentials of the options",
  };
}

interface Electorate {
  readonly nodes: readonly HostNode[];
  readonly size: number;
}

/**
 * The voters by the best evidence that there is: a running member's list, the latches, or the config; the widest first. A
 * voter that a latch names and no node of the config is counts as missing.
 *
 * Members that are removed one after the other leave latches that differ, until a run has written all of them anew. Which
 * of them is the newest cannot be told while nobody serves, and believing the smaller size is safe: all that follows from
 * it is that members start on their own data, which never lowers a quorum; how many votes are needed they know from their
 * own logs. For the same reason a latch whose data is proven gone is no evidence of the size while others have theirs.
 */
function electorates(i: Input): readonly [Electorate, ...Electorate[]] {
  const voters = i.seen.members.filter((m) => m.role === "voter");
  const listed = i.target.nodes.filter((n) => voters.some((m) => m.node === n.name));
  if (voters.length > 0 && listed.length === voters.length) return [{ nodes: listed, size: listed.length }];
  const former = formerClusters(i.seen.nodes);
  const latches = Object.values(i.seen.nodes).flatMap((f) =>
    typeof f.latch === "string" || former.has(f.latch.clusterId)
      ? []
      : [{ voters: f.latch.voters, gone: isGone(f) }]
  );
  const backed = latches.filter((l) => !l.gone);
  const told = (backed.length > 0 ? backed : latches).map((l) => l.voters);
  const named = (names: readonly string[]): Electorate => {
    const latched = new Set(names.filter((n) => !putAway(i.seen.nodes[n])));
    return { nodes: i.target.nodes.filter((n) => latched.has(n.name)), size: latched.size };
  };
  const all = named(told.flat());
  const staying = named(told.flat().filter((n) => !leftItsLatch(i.seen.nodes[n])));
  return all.nodes.length > 0
    ? [all, ...[...told.map(named), staying].filter((e) => e.nodes.length > 0)]
    : [{ nodes: i.target.desired, size: i.target.desired.length }];
}

/**
 * The traces are those of this service if they are on, or name, a majority of the desired members; or if a majority of
 * the voters that the latches name holds its own data, and a desired node holds data of the same cluster: one that was
 * stopped while it grew, or whose config has moved on since.
 */
function isThisService(i: Input, expected: readonly HostNode[], size: number): boolean {
  const mine = expected.filter((n) => isDesired(i, n.name));
  const facts = (n: HostNode) => i.seen.nodes[n.name];
  const traced = mine.filter((n) => hasLatch(facts(n)) || facts(n)?.data.state === "present");
  const named = mine.filter((n) => traced.includes(n) || isLatchedVoter(i, n.name));
  const latched = i.target.nodes.some((n) => hasLatch(facts(n)));
  // A service that runs says whose data it has where its disk cannot be read.
  const hasData = (n: HostNode) =>
    typeof facts(n)?.data.identity === "object" ||
    (facts(n)?.data.state === "unknown" && facts(n)?.view?.identity !== undefined &&
      facts(n)?.view?.pristine !== "yes");
  const whole = latched
    ? i.target.nodes.filter((n) =>
      hasData(n) && (expected.some((e) => e.name === n.name) || isLate(facts(n)))
    )
    : [];
  return (traced.length > 0 && named.length >= quorumOf(i.target.desired.length, 0).needed) ||
    (whole.length >= quorumOf(size, 0).needed && i.target.desired.some(hasData));
}
/**
 * Fenced by us, and its data gone: it was removed (S15, S17), or it is wiped and about to be. Neither has anything to
 * serve, and to believe the smaller size is safe.
 */
const putAway = (f: NodeFacts | undefined): boolean => f?.fenced === "yes" && isGone(f);
const isGone = (f: NodeFacts): boolean => f.data.state === "empty" || f.data.state === "blank";
/** As who is removed and joins again, and a host that was installed anew: it has nothing to serve either. */
const leftItsLatch = (f: NodeFacts | undefined): boolean => f?.latch === "none" && f.data.state === "empty";
const hasLatch = (f: NodeFacts | undefined): boolean => f !== undefined && typeof f.latch !== "string";
const isLate = (f: NodeFacts | undefined): boolean => f?.latch === "none" && f.fenced === "no";
const isLatchedVoter = (i: Input, node: string): boolean =>
  Object.values(i.seen.nodes).some((f) => typeof f.latch !== "string" && f.latch.voters.includes(node));

function startable(
  i: Input,
  n: HostNode,
): { readonly is: "up" | "down" } | { readonly is: "out"; readonly why: string } {
  const f = i.seen.nodes[n.name];
  const not = unfit(n, f);
  if (not !== undefined || f === undefined) {
    return { is: "out", why: not?.evidence ?? "it was not looked at" };
  }
  // Its own running service says first who it is; a disk that cannot be read takes nothing from that.
  const says = f.process === "yes" ? f.view?.identity?.memberId : undefined;
  if (
    says !== undefined && f.data.state === "unknown" &&
    (typeof f.latch === "string" || f.latch.memberId === says)
  ) {
    return { is: "up" };
  }
  if (f.data.state !== "present") {
    return {
      is: "out",
      why: isGone(f) ? "its data is gone" : f.data.why ?? "its data cannot be judged",
    };
  }
  if (typeof f.data.identity === "string") return { is: "out", why: "whose data it holds cannot be read" };
  if (typeof f.latch !== "string" && f.latch.memberId !== f.data.identity.memberId) {
    return { is: "out", why: `its data is that of member ${f.data.identity.memberId}, not the latched one` };
  }
  // One that finds no leader may find one by its newest settings: to start it anew costs nothing where nobody serves.
  if (f.process === "yes") return { is: i.judge.outdated?.(f) ? "down" : "up" };
  const undecided = mayBeGivenUp(i, f);
  if (undecided !== undefined) return { is: "out", why: undecided };
  // Whether it runs may not be known: then it may, and all that follows is that others start on their own data.
  if (f.process === "unknown") return { is: "up" };
  const held = heldByPerson(n, f, "stopped");
  return held === undefined ? { is: "down" } : { is: "out", why: held.evidence };
}

/**
 * S19: fenced because another node was to begin again. That one's latch tells whether it has; while it cannot be asked, to
 * start what it may have given up could make a second cluster.
 */
function mayBeGivenUp(i: Input, { fenced, decider }: NodeFacts): string | undefined {
  if (fenced === "no" || decider === undefined) return undefined;
  const told = i.seen.nodes[decider];
  return told?.reached === true && told.latch !== "unknown"
    ? undefined
    : `it was fenced for ${decider} to begin again, and whether it has only ${decider} can tell`;
}
