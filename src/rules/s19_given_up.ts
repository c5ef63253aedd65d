/**
 * S19 what was given up does not come back. A person who recovers a service gives the lost cluster up for another one, and
 * the latches of that one say so. Where its hosts cannot be asked, and those of the old one have come back, only the
 * manager that saw it remembers: it forbids, as all that it remembers does, and leaves it to a person to say which of the
 * two holds the data.
 *
 * @module
 */
import { formerClusters, type Memory, type Observation } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

/** What is in sight is of a cluster that this manager knows to be given up, and nothing is of the one that it was given up for. */
export function givenUp(seen: Observation, { clusterId, former = [] }: Memory): Refusal | undefined {
  if (former.length === 0) return undefined;
  const told = formerClusters(seen.nodes);
  const found = [
    ...(seen.clusterId === undefined ? [] : [{ id: seen.clusterId, node: undefined }]),
    // Of the one that serves each member's latch tells.
    ...(seen.state === "held"
      ? []
      : Object.values(seen.nodes).flatMap((f) =>
        [f.view?.identity, f.data.identity, f.latch].flatMap((i) =>
          i === undefined || typeof i === "string" ? [] : [{ id: i.clusterId, node: f.node }]
        )
      )),
  ].filter(({ id }) => former.includes(id) && !told.has(id));
  const [first] = found;
  if (first === undefined) return undefined;
  const on = [...new Set(found.flatMap(({ node }) => node ?? []))].join(", ");
  return {
    rule: "S19",
    evidence:
      `cluster ${first.id} is found${on === "" ? "" : ` on ${on}`}, and it was given up for cluster ` +
      `${clusterId}, of which nothing can be seen`,
    unblock:
      `bring the hosts of cluster ${clusterId} back and stop the other one; what was written to it since ` +
      "then is not in this one",
  };
}
