/**
 * S1, S3, S24: when the latches of a cluster may be taken away. A latch forbids to form a cluster anew; without it an
 * empty disk is a fresh one. So nothing of the cluster may answer, run or hold data, on any host that could: one that
 * cannot be asked may hold all of it, and so may a voter's node that is in no config.
 *
 * @module
 */
import type { NodeFacts } from "../model/node.ts";
import type { Observation, Target } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

export interface Forgetting {
  /** Nodes whose latch is of this cluster, in config order. */
  readonly nodes: readonly string[];
  /** Why nothing is taken away; then `nodes` does not matter. */
  readonly refusals: readonly Refusal[];
}

/** Judges one look. Pure. */
export function forgetting(target: Target, seen: Observation, clusterId: string): Forgetting {
  const facts = target.nodes.flatMap((n) => seen.nodes[n.name] ?? []);
  const unseen = target.nodes.filter((n) => seen.nodes[n.name] === undefined).map((n) =>
    refusal("S24", `${n.name} was not looked at`)
  );
  const latched = facts.filter((f) => isOf(f, clusterId));
  const known = new Set(target.nodes.map((n) => n.name));
  const strangers = new Set(
    latched.flatMap((f) => typeof f.latch === "string" ? [] : f.latch.voters).filter((v) => !known.has(v)),
  );
  return {
    nodes: latched.map((f) => f.node),
    refusals: [
      ...unseen,
      ...facts.flatMap((f) => against(f, clusterId)),
      ...[...strangers].map((name) =>
        refusal(
          "S1",
          `${name} was a voter of cluster ${clusterId} and is not under nodes:, so it cannot be looked at`,
          `put ${name} under nodes: again, so that it can be seen that nothing of the cluster is there`,
        )
      ),
    ],
  };
}

const isOf = ({ latch }: NodeFacts, clusterId: string): boolean =>
  typeof latch !== "string" && latch.clusterId === clusterId;

const refusal = (
  rule: Refusal["rule"],
  evidence: string,
  unblock = "see what is there, then try again",
): Refusal => ({
  rule,
  evidence,
  unblock,
});

function against(f: NodeFacts, clusterId: string): readonly Refusal[] {
  if (!f.reached) {
    return [refusal(
      "S24",
      `${f.node} cannot be looked at: ${f.trouble?.detail ?? "no answer"}`,
      f.trouble?.unblock ?? "bring it back; it may hold the cluster's data",
    )];
  }
  if (f.latch === "unknown") return [refusal("S24", `the latch on ${f.node} cannot be read`)];
  // What proves to be another cluster's is not in question, unless it runs where this one's latch lies.
  const running = f.view?.identity?.clusterId;
  const runs = f.process !== "no" || f.view !== undefined;
  if (runs && (running === undefined || running === clusterId || isOf(f, clusterId))) {
    return [refusal(
      "S1",
      `${
        running === clusterId ? `cluster ${clusterId} runs` : "the service runs, or something that may be it,"
      } on ${f.node}`,
      `stop it there first, if cluster ${clusterId} is to be gone`,
    )];
  }
  const { state, identity, why } = f.data;
  if (state === "unknown") {
    return [refusal(
      "S3",
      `what ${f.node} holds is not known: ${why ?? "it could not be read"}`,
      `mount the disk; where it is gone for good, a person has to take /var/lib/quorate/…/latch away on ${f.node}`,
    )];
  }
  if (
    (state === "present" || state === "blank") &&
    (typeof identity === "string" || identity.clusterId === clusterId)
  ) {
    return [refusal(
      "S15",
      `${f.node} holds data of cluster ${typeof identity === "string" ? "that cannot be read" : clusterId}`,
      "look at it; if nobody needs it, move it away there",
    )];
  }
  return [];
}
