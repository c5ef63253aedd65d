/**
 * What people do with ZooKeeper: build an ensemble by hand, change its servers without telling anybody.
 *
 * @module
 */
import type { HostNode } from "../../model/node.ts";
import type { Host } from "../host.ts";
import { idOf } from "../random.ts";
import { SERVERS, writeServer } from "./list.ts";
import type { ZooKeeper } from "./model.ts";
import { reconfigure, type Wish } from "./reconfig.ts";

/** With settings of its own, never seen by a manager; and named soon, unless the manager's config has a name for it. */
export function form(zk: ZooKeeper, nodes: readonly HostNode[]): void {
  const { world } = zk;
  const serverOf = (n: HostNode, i: number) =>
    writeServer({
      id: `${i + 1}`,
      name: "",
      role: "voter",
      peerUrls: [world.model.peerUrl(n)],
      clientUrls: [world.model.clientUrl(n)],
    });
  const servers = nodes.map(serverOf).join("\n");
  const name = idOf(servers);
  nodes.forEach((n, i) => {
    const h = world.host(n.name);
    h.env.set("dataDir", world.dataDir);
    h.env.set("reconfigEnabled", zk.fixed ? "false" : "true");
    h.env.set("standaloneEnabled", "false");
    h.env.set("tickTime", "2000");
    h.env.set(SERVERS, servers);
    h.volume.files.set("myid", `${i + 1}`);
    h.volume.files.set("built by hand", name);
    h.unit.enabled = true;
    world.start(h);
  });
  const named = (): void => {
    zk.catchUp();
    const leader = [...zk.peers].find((s) => s.reigns && s.disk.realm === name);
    if (leader === undefined || !zk.zab.propose(leader, { note: `${name} ${nodes.length}` })) {
      world.time.after(1_000, named);
    }
  };
  if (zk.ensemble === undefined) world.time.after(1_000, named);
}

/** Somebody changes the members without telling anybody. */
export async function changeByHand(zk: ZooKeeper, h: Host, mayLose: () => boolean): Promise<void> {
  const { world: w } = zk;
  // Files are not changed behind a manager's back here.
  if (zk.fixed) return;
  const record = w.record();
  const leader = w.leaders()[0];
  if (record === undefined || leader === undefined) return;
  const hand = async (what: string, wish: Wish) => {
    w.tell("hand", `${what} ${wish.add ?? wish.remove}`);
    w.count(`another hand: ${what}`);
    w.lastFault = w.time.now;
    await reconfigure(zk, w.host(leader.host), wish, undefined);
  };
  const own = record.find((m) => m.peerUrls.includes(w.model.peerUrl(h.node)));
  const voters = record.filter((m) => m.role === "voter");
  const spec = (id: string, role: "voter" | "learner") =>
    writeServer({
      id,
      name: "",
      role,
      peerUrls: [w.model.peerUrl(h.node)],
      clientUrls: [w.model.clientUrl(h.node)],
    });
  if (own === undefined) {
    // A server that was removed runs on: nobody would name it anew before it is stopped.
    if (h.process) return;
    // Who gives an id a second time, while data of the first one is left, has two servers of one id.
    const given = [...w.hosts.values()].flatMap(({ own: { disk } }) => disk?.memberId ?? []);
    const id = `${Math.max(0, ...[...record.map((m) => m.id), ...given].map(Number)) + 1}`;
    // Somebody who does not know of observers adds a voter that does not run: while all are well that costs no quorum.
    const asVoter = voters.length > 2 && w.random.percent(40);
    await hand(`adds ${asVoter ? "a participant" : "an observer"}`, {
      add: spec(id, asVoter ? "voter" : "learner"),
    });
  } else if (own.role !== "voter") {
    if (w.random.percent(50)) await hand("promotes an observer", { add: spec(own.id, "voter") });
    else await hand("removes an observer", { remove: own.id });
  } else if (!zk.started(own) || (voters.length > 2 && mayLose())) {
    await hand("removes a participant", { remove: own.id });
  }
}
