/**
 * The member record of a cluster that no config names yet: by the ordinary look, with the options that its own
 * processes were started with.
 *
 * @module
 */
import type { Member, Observation } from "../model/observation.ts";
import type { Adopter, Adopting, Refused } from "./adopt.ts";

/** The members, as those say who hold the quorum; or why they cannot be read. */
export async function readRecord(
  { plan }: Pick<Adopting, "plan">,
  { adopt }: Adopter,
  texts: readonly string[],
): Promise<readonly Member[] | Refused> {
  let seen: Observation | undefined;
  for (const text of texts) {
    const planned = await plan(text);
    if ("kind" in planned) return planned;
    ({ seen } = planned);
    // Who is there to listen and never votes is nobody that a config could name.
    if (seen.state === "held" && seen.members.length > 0) {
      return seen.members.filter((m) => m.role !== "observer");
    }
  }
  return noRecord(seen, adopt.unread);
}

function noRecord(seen: Observation | undefined, unread: string): Refused {
  const nodes = Object.values(seen?.nodes ?? {});
  const untouched = nodes.find((n) => n.view?.pristine === "yes");
  const stop = (kind: Refused["kind"], what: string, now: string): Refused => ({
    kind,
    remarks: [{ kind: "stop", what, now }],
  });
  if (untouched !== undefined) {
    return stop(
      "unkeepable",
      `${untouched.node} runs what its package starts by itself: one member on localhost, to which nothing was ever ` +
        "written",
      "there is nothing to take over: `quorate init` writes a config for a new cluster",
    );
  }
  const said = nodes.map((n) =>
    `${n.node}: ${n.view?.trouble ?? n.data.why ?? n.trouble?.detail ?? "it serves no reads"}`
  ).join("; ");
  const without = nodes.some((n) => n.view?.local === "no" || n.view?.linearizable === "no");
  return without
    ? stop(
      "quorumLost",
      `the cluster serves no reads, so who its members are is not certain: ${said}`,
      "bring members back until it serves writes, then try again",
    )
    : stop(
      "unkeepable",
      `the list of members could not be read: ${said}`,
      unread,
    );
}
