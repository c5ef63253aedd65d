/**
 * `reconfig` in ZooKeeper's shell: the list of servers is changed as a whole, once a majority of the new one follows the
 * leader and is in sync. Whether a server that is added runs is not asked.
 *
 * @module
 */
import { changesMembers, type Deeds, strength } from "../judge.ts";
import type { Host } from "../host.ts";
import type { Said } from "../shell.ts";
import { failed, ok } from "../commands.ts";
import type { ZooKeeper } from "./model.ts";
import { readServer, writeServer } from "./list.ts";
import type { List, Server } from "./zab.ts";

export interface Wish {
  /** `-v`: the version that the list must have; left out, or -1, any. */
  readonly version?: string;
  /** `server.ID=…`, which replaces one of the same id. */
  readonly add?: string;
  /** An id. */
  readonly remove?: string;
}

/** Through the server on a host; nobody's `by` is another hand's. */
export async function reconfigure(zk: ZooKeeper, h: Host, wish: Wish, by: Deeds | undefined): Promise<Said> {
  const { world: w } = zk;
  await w.time.sleep(w.random.int(200, 700));
  const server = zk.on(h);
  const leader = server === undefined ? undefined : zk.leaderOf(server);
  if (server === undefined || leader === undefined) {
    // A leader that has lost its majority still takes what it is told, and may make it true much later.
    if (server?.leads && server.established) propose(zk, server, wish, by);
    await w.time.sleep(w.random.int(3_000, 10_000));
    return failed("KeeperErrorCode = ConnectionLoss");
  }
  const said = propose(zk, leader, wish, by);
  await w.time.sleep(w.random.int(20, 100));
  return said;
}

/** PrepRequestProcessor, OpCode.reconfig. */
function propose(zk: ZooKeeper, leader: Server, wish: Wish, by: Deeds | undefined): Said {
  const { world: w, zab } = zk;
  const { list } = leader;
  if (zab.changing(leader)) return failed("Another reconfiguration is in progress");
  if (
    wish.version !== undefined && wish.version !== "-1" && wish.version !== zab.versionOf(list).toString(16)
  ) {
    return failed("version No is not valid : /zookeeper/config");
  }
  const added = wish.add === undefined ? undefined : readServer(wish.add);
  if (wish.add !== undefined && added === undefined) return failed("Arguments are not valid");
  const left = list.filter((m) => m.id !== wish.remove && m.id !== added?.id);
  if (left.some((m) => m.peerUrls[0] === added?.peerUrls[0])) return failed("Arguments are not valid");
  const next = added === undefined ? left : [...left, added];
  if (!next.some((m) => m.role === "voter")) return failed("Arguments are not valid");
  if (!zab.inSync(leader, next)) {
    return failed(
      "No quorum of new config is connected and up-to-date with the leader of last commmitted config",
    );
  }
  const what = `reconfig ${wish.remove === undefined ? `-add ${wish.add}` : `-remove ${wish.remove}`}`;
  w.tell(leader.host, `${what}: ${told(next)}`);
  next.forEach((m) => m.peerUrls.forEach((url) => w.recorded.add(url)));
  const comes = added !== undefined && list.every((m) => m.id !== added.id);
  if (comes) (by === undefined ? w.byHand : w.registered).add(added.id);
  if (by !== undefined) {
    if (zk.changed.by !== by && zk.changed.at > by.lookedAt) {
      w.violate("the list is changed only as it was seen", `${what}, and another has changed it since`);
    }
    if (comes) judgeId(zk, leader, added.id, added.peerUrls[0]);
    changesMembers(w, by, what, leader, list, next, strength(w, leader, list), strength(w, leader, next));
  }
  zk.changed = { at: w.time.now, by };
  const done = zab.propose(leader, { list: next });
  // Who led is no voter any more: its connections are closed before it has answered.
  return done && leader.leads ? ok : failed("KeeperErrorCode = ConnectionLoss");
}

const told = (list: List): string =>
  list.map((m) => `${writeServer(m).split(":")[0]}${m.role === "voter" ? "" : "*"}`).join(" ");

/** Data of a former server, under the id of a new one, would vote twice. */
export function judgeId(
  { world: w }: ZooKeeper,
  leader: Server,
  id: string,
  address: string | undefined,
): void {
  const other = [...w.hosts.values()].find((h) =>
    h.own.disk?.memberId === id && h.own.disk.realm === leader.disk.realm &&
    w.model.peerUrl(h.node) !== address
  );
  if (other !== undefined) w.violate("an id is given once", `${other.name} holds data of server ${id}`);
}
