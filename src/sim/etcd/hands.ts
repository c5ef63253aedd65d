/**
 * What people do with etcd: build a cluster by hand, change its members without telling anybody.
 *
 * @module
 */
import type { HostNode } from "../../model/node.ts";
import type { Host } from "../host.ts";
import { idOf } from "../random.ts";
import type { World } from "../world.ts";
import { etcdctl } from "./ctl.ts";
import type { Etcd } from "./model.ts";

/** A cluster that somebody built by hand: with settings of its own, and never seen by a manager. */
export function form(world: World, nodes: readonly HostNode[]): void {
  const { peerUrl } = world.model;
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

/** Somebody changes the members, or starts a process, without telling anybody. */
export async function changeByHand(etcd: Etcd, h: Host, mayLose: () => boolean): Promise<void> {
  const { world: w } = etcd;
  const record = w.record();
  const leader = w.leaders()[0];
  if (record === undefined || leader === undefined) return;
  const ctl = (...words: readonly string[]) => {
    w.tell("hand", words.join(" "));
    w.count(`another hand: ${words.slice(0, words[0] === "member" ? 2 : 1).join(" ")}`);
    w.lastFault = w.time.now;
    return etcdctl(etcd, leader.host, [w.model.clientUrl(w.host(leader.host).node)], words, undefined);
  };
  const url = w.model.peerUrl(h.node);
  const own = record.find((m) => m.peerUrls.includes(url));
  const voters = record.filter((m) => m.role === "voter");
  if (own === undefined) {
    // Somebody who does not know of learners adds a voter: as long as all are well that costs no quorum.
    const asVoter = voters.length > 2 && w.random.percent(40);
    await ctl("member", "add", h.name, ...(asVoter ? [] : ["--learner"]), `--peer-urls=${url}`);
  } else if (own.name === "" && own.role === "voter") await ctl("member", "remove", own.id);
  else if (own.role === "learner") await ctl("member", w.random.percent(50) ? "promote" : "remove", own.id);
  else if (voters.length > 2 && own.id !== leader.id && mayLose()) await ctl("member", "remove", own.id);
  else {
    const heir = w.random.pick(voters.filter((m) => m.id !== leader.id));
    if (heir !== undefined) await ctl("move-leader", heir.id);
  }
}
