/**
 * S15 never set aside data that belongs to a current member id, never the last copy, never another cluster's. Whose
 * data it is, is read from the disk; data that cannot be read belongs to nobody that we could name, so it stays. A cluster
 * that a person gave up for this one (S19) is no other: its data would come back to life on its own.
 *
 * @module
 */
import { formerClusters, type Observation } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

/** Judges the data directory of one node as it lies there now. */
export function notACurrentMember(seen: Observation, node: string): Refusal | undefined {
  const facts = seen.nodes[node];
  const data = facts?.data;
  const refuse = (evidence: string, unblock: string): Refusal => ({ rule: "S15", evidence, unblock });
  if (facts === undefined || data === undefined || data.state === "unknown") {
    return refuse(
      `what lies in the data directory of ${node} could not be read${data?.why ? `: ${data.why}` : ""}`,
      `make ${node} reachable and its data directory readable`,
    );
  }
  if (data.state === "empty" || data.state === "pristine") return undefined;
  if (facts.process !== "no") {
    return refuse(`a process of the service still runs on ${node}`, "the next run fences it first");
  }
  if (typeof data.identity === "string") {
    return refuse(
      `${node} holds data whose member id cannot be read from the disk`,
      `look at it by hand; if it is not needed, move it away on ${node}`,
    );
  }
  const { clusterId, memberId } = data.identity;
  if (seen.members.some((m) => m.id === memberId)) {
    return refuse(
      `the data on ${node} belongs to member ${memberId}, which is a current member`,
      "nothing to do: a current member's data stays where it is",
    );
  }
  const given = formerClusters(seen.nodes).has(clusterId);
  if (seen.clusterId !== undefined && clusterId !== seen.clusterId && !given) {
    return refuse(
      `the data on ${node} belongs to another cluster, ${clusterId}`,
      `move it away on ${node} by hand, if it is not needed`,
    );
  }
  if (seen.state !== "held") {
    return refuse(
      `no quorum is held, so the data on ${node} (member ${memberId}) may be the last copy`,
      "bring the quorum back first",
    );
  }
  return undefined;
}
