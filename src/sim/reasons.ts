/**
 * Refusals that stay when nothing goes wrong any more: which of them are so, and for a person to answer.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Refusal } from "../model/refusal.ts";
import type { World } from "./world.ts";

/** A reason that a person has to do something about, and that is so. */
export function isTrue(refusal: Refusal, world: World, desired: readonly HostNode[]): boolean {
  const hosts = [...world.hosts.values()];
  const { evidence } = refusal;
  switch (refusal.rule) {
    case "S1":
      if (evidence.includes("has begun")) return hosts.some((h) => h.marks.has("started"));
      if (evidence.includes("lost the disk since")) {
        return hosts.some((h) =>
          h.own.disk === undefined && (h.marks.has("started") || !h.marks.has("intent"))
        );
      }
      // Nobody wrote down whose it is, or none of the nodes that the config names has a part in it.
      if (hosts.every((h) => !h.marks.has("latch"))) return true;
      if (!hosts.some((h) => world.isCopy(h) && desired.some((n) => n.name === h.name))) {
        return true;
      }
      // A package's default that does not run cannot show that nobody ever wrote to it.
      return hosts.some((h) =>
        h.own.disk?.pristine && !h.process && evidence.includes(`${h.name} holds data`)
      );
    // A package's default counts as data once it cannot be asked; a node installed anew proves nothing.
    case "S3":
      return hosts.some((h) =>
        evidence.includes(h.name) &&
        (h.own.disk === undefined ? !h.marks.has("latch") : (h.own.disk.pristine && !h.process) ||
          evidence.includes(`holds that of member ${h.own.disk.memberId}`))
      );
    case "S19":
      return hosts.some((h) => h.own.disk === undefined && evidence.includes(`${h.name}: its data is gone`));
    // Bounded tries are reported.
    case "S8":
      return evidence.includes("in vain");
    case "S10":
      return true;
    default:
      return false;
  }
}
