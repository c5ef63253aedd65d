/**
 * S6 project the quorum, S7 never spend safety. Before each effect the arithmetic is done for the moment after it
 * (for a restart: for the moment in it). A new voter counts as down until it has been seen in sync.
 *
 * S7: with margin < 0 after it the service would stop: never. With another member out of order already, a change may
 * go on only if it leaves the margin no lower than it found it: a cluster that has lost one member has no safety to
 * spend on a change. etcd's strict-reconfig-check does not do this: it accepts a fourth voter while the third is
 * silently cut off (seen up to 30 s after the cut on 3.5.30), and the quorum is gone by one accepted command.
 *
 * Source: HashiCorp raft-autopilot; Ongaro's thesis, chapter 4; etcd's runtime reconfiguration guide.
 *
 * @module
 */
import type { Changes } from "../model/change.ts";
import type { Observation } from "../model/observation.ts";
import { memberText, voters } from "../model/observation.ts";
import { quorumText } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";

/** Judges the step from `before` to `after`; `what` names it; `touched` are member ids that the step is about. */
export function neverSpendSafety(
  before: Observation,
  after: Observation,
  what: string,
  touched: readonly string[],
): Refusal | undefined {
  if (after.quorum.margin < 0) {
    return {
      rule: "S6",
      evidence: `${what} would leave ${quorumText(after.quorum)} (now: ${quorumText(before.quorum)})`,
      unblock: "bring more members back to health first; `quorate status` names who is out of order",
    };
  }
  const hurt = voters(before).filter((m) => m.health !== "healthy" && !touched.includes(m.id));
  // Of whom nobody can tell may be well, and its vote is then spent as a healthy one's is.
  const spared = voters(before).filter((m) => m.health === "unknown" && touched.includes(m.id)).length;
  const margin = before.quorum.margin + spared;
  if (hurt.length > 0 && after.quorum.margin < margin) {
    return {
      rule: "S7",
      evidence:
        `${what} ${
          spared > 0 ? "may" : "would"
        } lower the margin from ${margin} to ${after.quorum.margin} while ` +
        `${hurt.map(memberText).join(", ")} ${hurt.length === 1 ? "is" : "are"} out of order`,
      unblock: `bring ${hurt.map(memberText).join(", ")} back to health, or take it out of the config`,
    };
  }
  return undefined;
}

/**
 * A restart where nobody can be spared, as in a cluster of one or two voters: it endangers no data, but if the member
 * does not come back with its new settings, nothing serves any more and nobody is left to undo it. When clients can wait
 * is for a person to say.
 */
export function nobodyToSpare(
  seen: Observation,
  { member, node, settings, peerUrl }: Changes["repairConfig"],
): Refusal | undefined {
  const n = seen.quorum.voters;
  if (n > 2 || member.role !== "voter") return undefined;
  const differs = [
    ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    ...(peerUrl === undefined ? [] : [`the peer URL ${peerUrl}`]),
  ].join(", ");
  return {
    rule: "S6",
    evidence: `${node.name} should have ${differs}; that takes a restart, and a cluster of ${n} ` +
      `${n === 1 ? "voter" : "voters"} serves nothing until it is back (no data is at risk by that)`,
    unblock:
      `do it by hand when clients can wait (\`quorate explain repairConfig --node ${node.name}\` shows the steps), ` +
      "or name three members or more: those can spare one, and apply does it",
  };
}
