/**
 * Without a quorum: a service that never was (bootstrap), one that was stopped (restart), one that is lost.
 *
 * @module
 */
import type { Verdict } from "../model/change.ts";
import type { HostNode, NodeFacts } from "../model/node.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";
import { heldByPerson, unfit } from "../rules/node_fit.ts";
import { absentMeansProvenAbsent, resumeBootstrap } from "../rules/s01_absent.ts";
import { type Input, isDesired } from "./input.ts";

/** Never formed, or an unfinished bootstrap of ours. */
export function bootstrapOr(i: Input): Verdict {
  const resumed = resumeBootstrap(i.target, i.seen);
  const refusals = [
    ...absentMeansProvenAbsent(i.target, i.seen, i.memory),
    ...resumed.refusals,
    ...i.target.desired.flatMap((n): readonly Refusal[] => {
      const f = i.seen.nodes[n.name];
      const not = f === undefined || !f.reached ? undefined : unfit(n, f) ?? heldByPerson(n, f, "masked");
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
  const expected = expectedNodes(i);
  const own = expected.filter((n) => isDesired(i, n.name) && hasTrace(i.seen.nodes[n.name]));
  const known = expected.filter((n) =>
    isDesired(i, n.name) && (own.includes(n) || isLatchedVoter(i, n.name))
  );
  if (own.length === 0 || known.length < quorumOf(i.target.desired.length, 0).needed) {
    // What was found is not evidence of this service's own members: a stray disk, or another service's nodes.
    return { kind: "refused", refusals: absentMeansProvenAbsent(i.target, i.seen, i.memory) };
  }
  const { needed } = quorumOf(expected.length, 0);
  const judged = expected.map((n) => ({ n, ...startable(n, i.seen.nodes[n.name]) }));
  const down = judged.filter((j) => j.is === "down");
  const up = judged.filter((j) => j.is === "up");
  const out = judged.filter((j) => j.is === "out");
  const refusal: Refusal = {
    rule: "S19",
    evidence: `no member serves a linearizable read; ${needed} of ${expected.length} are needed, ` +
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
  if (up.length + down.length < needed) return { kind: "quorumLost", lost, refusal };
  if (down.length > 0) return { kind: "change", change: { case: "restart", nodes: down.map((j) => j.n) } };
  if (i.patient) return { kind: "wait", why: "the members run and elect a leader", refusals: [refusal] };
  return { kind: "quorumLost", lost, refusal };
}

/** The voters' nodes by the best evidence that there is: a running member's list, the latches, or the config. */
function expectedNodes(i: Input): readonly HostNode[] {
  const voters = i.seen.members.filter((m) => m.role === "voter");
  const listed = i.target.nodes.filter((n) => voters.some((m) => m.node === n.name));
  if (voters.length > 0 && listed.length === voters.length) return listed;
  const latched = new Set(
    Object.values(i.seen.nodes).flatMap((f) => typeof f.latch === "string" ? [] : f.latch.voters),
  );
  const known = i.target.nodes.filter((n) => latched.has(n.name));
  return known.length > 0 ? known : i.target.desired;
}

const hasTrace = (f: NodeFacts | undefined): boolean =>
  f !== undefined && (typeof f.latch !== "string" || f.data.state === "present");
const isLatchedVoter = (i: Input, node: string): boolean =>
  Object.values(i.seen.nodes).some((f) => typeof f.latch !== "string" && f.latch.voters.includes(node));

function startable(
  n: HostNode,
  f: NodeFacts | undefined,
): { readonly is: "up" | "down" } | { readonly is: "out"; readonly why: string } {
  const not = unfit(n, f);
  if (not !== undefined || f === undefined) {
    return { is: "out", why: not?.evidence ?? "it was not looked at" };
  }
  if (f.data.state !== "present") {
    return {
      is: "out",
      why: f.data.state === "empty" ? "its data is gone" : f.data.why ?? "its data cannot be judged",
    };
  }
  if (typeof f.data.identity === "string") return { is: "out", why: "whose data it holds cannot be read" };
  if (typeof f.latch !== "string" && f.latch.memberId !== f.data.identity.memberId) {
    return { is: "out", why: `its data is that of member ${f.data.identity.memberId}, not the latched one` };
  }
  if (f.process === "yes") return { is: "up" };
  if (f.process === "unknown") return { is: "out", why: "whether it runs is not known" };
  const held = heldByPerson(n, f, "stopped");
  return held === undefined ? { is: "down" } : { is: "out", why: held.evidence };
}
