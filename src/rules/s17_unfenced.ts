/**
 * S17 a removed member must not come back. Its node is fenced and its data set aside; a member whose node is in no
 * config cannot be fenced, so removing it is refused unless `policy.removeUnfenced: true`. A node that is in `nodes:`
 * but cannot be reached right now is fenced by `retire` as soon as it can.
 *
 * @module
 */
import type { Member } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

export function cannotFence(member: Member, removeUnfenced: boolean): Refusal | undefined {
  if (member.node !== undefined || removeUnfenced) return undefined;
  return {
    rule: "S17",
    evidence:
      `member ${member.id} (${member.name || "never started"}, ${
        member.peerUrls.join(", ")
      }) is on no node ` +
      "of the config, so it could not be fenced",
    unblock: "add its host under nodes: (not to members:), or set policy.removeUnfenced: true",
  };
}
