/**
 * S19 what was given up does not come back. A person who recovers a service gives the lost cluster up for another one, and
 * the latches of that one say so. Where its hosts cannot be asked, and those of the old one have come back, only the
 * manager that saw it remembers: it forbids, as all that it remembers does, and leaves it to a person to say which of the
 * two holds the data.
 *
 * @module
 */
import type { Memory, Observation } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

/** The cluster in sight is one that this manager knows to be given up. */
export function givenUp(seen: Observation, memory: Memory): Refusal | undefined {
  const { clusterId } = seen;
  if (clusterId === undefined || memory.former?.includes(clusterId) !== true) return undefined;
  const on = Object.values(seen.nodes).filter((f) => f.view?.identity?.clusterId === clusterId);
  return {
    rule: "S19",
    evidence:
      `cluster ${clusterId} ${on.length === 0 ? "is found" : `runs on ${on.map((f) => f.node).join(", ")}`}` +
      `, and it was given up for cluster ${memory.clusterId}, of which nothing can be seen`,
    unblock:
      `bring the hosts of cluster ${memory.clusterId} back and stop the other one; what was written to it since ` +
      "then is not in this one",
  };
}
