/**
 * What ZooKeeper's own settings do not allow (S22).
 *
 * @module
 */
import type { Change, Observation, Refusal } from "quorate";
import type { ZooKeeperOptions } from "./options.ts";

const PLAIN = /^[A-Za-z0-9_./:=,@%+-]*$/;

/** Why this change must not be made with the settings that are there, or undefined. */
export function zookeeperForbids(
  o: ZooKeeperOptions,
  change: Change,
  seen: Observation,
): Refusal | undefined {
  const odd = Object.entries(o.settings).find(([, value]) => !PLAIN.test(value));
  if (odd !== undefined && (change.case === "bootstrap" || change.case === "repairConfig" || joins(change))) {
    return {
      rule: "S22",
      evidence:
        `options.settings.${
          odd[0]
        } has a value with blanks, quotes or other characters that zoo.cfg would need ` +
        "written in a way of its own",
      unblock: "keep that key by hand, and take it out of the options",
    };
  }
  if (!joins(change) && change.case !== "remove") return undefined;
  const fixed = seen.members.find((m) => {
    const there = m.node === undefined ? undefined : seen.nodes[m.node]?.settings;
    return m.health === "healthy" && there !== undefined && there.reconfigEnabled !== "true";
  });
  return fixed === undefined ? undefined : {
    rule: "S22",
    evidence:
      `${fixed.node} runs without reconfigEnabled=true, so the members of this ensemble cannot be changed while it ` +
      "runs; lists of servers in files alone are not kept",
    unblock:
      "set reconfigEnabled=true and standaloneEnabled=false in zoo.cfg of every server, and restart them one by one",
  };
}

const joins = (c: Change): boolean => c.case === "add" || c.case === "replace";
