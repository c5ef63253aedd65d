/**
 * What a manager finds when it comes: a cluster that somebody built by hand, one of somebody else's, packages' defaults,
 * or nothing at all.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Lets the hosts be as they are before anything is managed. */
export function begin(world: World, random: Random, desired: readonly HostNode[]): void {
  if (random.percent(75)) return world.cluster.form(desired);
  if (random.percent(30)) {
    // Somebody else's service, on a host or two.
    const [first, second] = world.nodes.filter(() => random.percent(40));
    if (first !== undefined) world.cluster.form(second === undefined ? [first] : [first, second]);
  } else if (random.percent(40)) {
    for (const h of world.hosts.values()) {
      if (random.percent(40)) world.start(h);
      h.unit.enabled = true;
    }
  }
}
