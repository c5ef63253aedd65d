/**
 * What a manager finds when it comes: a cluster that somebody built by hand, one of somebody else's, packages' defaults,
 * or nothing at all.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import { idOf, type Random } from "./random.ts";
import type { World } from "./world.ts";

/** Lets the hosts be as they are before anything is managed. */
export function begin(world: World, random: Random, desired: readonly HostNode[]): void {
  if (random.percent(75)) return form(world, desired);
  if (random.percent(30)) {
    // Somebody else's service, on a host or two.
    const [first, second] = world.nodes.filter(() => random.percent(40));
    if (first !== undefined) form(world, second === undefined ? [first] : [first, second]);
  } else if (random.percent(40)) {
    for (const h of world.hosts.values()) {
      if (random.percent(40)) world.start(h);
      h.unit.enabled = true;
    }
  }
}

/** A cluster that somebody built by hand: with settings of its own, and never seen by a manager. */
function form(world: World, nodes: readonly HostNode[]): void {
  const { peerUrl } = world.wiring;
  const cluster = nodes.map((n) => `${n.name}=${peerUrl(n)}`).join(",");
  for (const n of nodes) {
    const h = world.host(n.name);
    h.env.set("ETCD_NAME", n.name);
    h.env.set("ETCD_INITIAL_ADVERTISE_PEER_URLS", peerUrl(n));
    h.env.set("ETCD_INITIAL_CLUSTER", cluster);
    h.env.set("ETCD_INITIAL_CLUSTER_STATE", "new");
    h.env.set("ETCD_INITIAL_CLUSTER_TOKEN", idOf(cluster));
    h.unit.enabled = true;
    world.start(h);
  }
}
