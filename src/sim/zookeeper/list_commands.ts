/**
 * What the playbook runs on a host of a static ensemble: its list is written into `/quorate`, into the host's own files,
 * and comes into effect by a restart.
 *
 * @module
 */
import { failed, ok, systemctl } from "../commands.ts";
import type { Host } from "../host.ts";
import { changesMembers, type Deeds, strength } from "../judge.ts";
import type { Commands } from "../model.ts";
import { isVoter, votersOf } from "../peer.ts";
import type { Said } from "../shell.ts";
import { readList, readNote, SERVERS, voterText } from "./list.ts";
import type { ZooKeeper } from "./model.ts";
import { judgeId } from "./reconfig.ts";
import type { List, Server } from "./zab.ts";

/** How a host reaches its ensemble. */
interface Reach {
  readonly leader: () => Server | undefined;
  readonly role: (id: string) => Promise<string | undefined>;
  readonly note: (text: string) => Promise<boolean>;
}

export function listCommands(zk: ZooKeeper, h: Host, by: Deeds, reach: Reach): Commands {
  const { world: w } = zk;
  const reload = async (): Promise<Said> => {
    const said = await systemctl(w, h, ["restart"]);
    if (said.code === 0) h.marks.delete("restart");
    return said;
  };
  return {
    zk_near: () => ok,
    zk_servers: async ([, , servers = ""]) => {
      await w.time.sleep(w.random.int(2, 15));
      h.env.set(SERVERS, servers.split(" ").join("\n"));
      return ok;
    },
    zk_note: async ([, version = "", text = ""]) => {
      await w.time.sleep(w.random.int(200, 700));
      const to = reach.leader();
      const said = to === undefined
        ? failed("KeeperErrorCode = ConnectionLoss")
        : write(zk, to, version, text, by);
      if (await reach.role("0") === undefined) return failed("the record cannot be read back");
      return reach.leader()?.disk.commit.note?.endsWith(`|${text}`) ? ok : { ...said, code: 1 };
    },
    zk_reload: async ([, , , id = "", servers = ""]) => {
      await w.time.sleep(w.random.int(50, 300));
      if (!h.process) return failed("the unit was stopped meanwhile");
      const own = zk.on(h);
      const stop = own === undefined || zk.leaderOf(own) === undefined
        ? undefined
        : notSpared(zk, own, id, readList(servers)) ?? notAlike(zk, own, readList(servers));
      return stop === undefined ? await reload() : failed(`${stop}: not yet spared`);
    },
    zk_anew: async () => {
      await w.time.sleep(w.random.int(2, 15));
      const own = zk.on(h);
      return own !== undefined && zk.leaderOf(own) !== undefined ? ok : await reload();
    },
    zk_yield: async () => {
      await w.time.sleep(w.random.int(20, 80));
      const own = zk.on(h);
      if (own === undefined || !own.reigns) return ok;
      const stop = notSpared(zk, own, own.id, own.list);
      if (stop !== undefined) return failed(`${stop}: not yet spared`);
      await systemctl(w, h, ["stop"]);
      const led = () =>
        [...zk.peers].some((s) => s.reigns && isVoter(own.list, s.id) && w.linked(h.name, s.host));
      for (let tries = 0; tries < 60 && !led() && h.up; tries++) {
        await w.time.sleep(250);
        zk.catchUp();
      }
      const other = led();
      const up = await systemctl(w, h, ["start"]);
      return up.code !== 0 || other ? up : failed("no other server came to lead");
    },
  };
}

/** Others serve, by sessions that this host can open, and hold the new list without it, and each of them its own. */
function notSpared(zk: ZooKeeper, own: Server, id: string, next: List): string | undefined {
  const serves = (s: Server) =>
    s !== own && s.id !== id && zk.world.linked(own.host, s.host) && zk.leaderOf(s) !== undefined;
  const up = [...zk.peers].filter((s) =>
    serves(s) &&
    [...own.list, ...next].some((m) => m.id === s.id && m.peerUrls.includes(zk.addressOf(s.host)))
  );
  const leaver = up.find((s) => s.reigns && !isVoter(next, s.id));
  if (leaver !== undefined) return `server ${leaver.id} leads and is no member any more`;
  const held = (list: List) => 2 * up.filter((s) => isVoter(list, s.id)).length > votersOf(list).length;
  const stay = up.filter((s) => next.some((m) => m.id === s.id));
  return held(next) && stay.every((s) => held(s.list))
    ? undefined
    : `only ${up.map((s) => s.id).join(" ")} serve without it`;
}

/** It leads, and of those that elect another when it restarts one counts other servers. */
function notAlike(zk: ZooKeeper, own: Server, next: List): string | undefined {
  const ids = (list: List) => votersOf(list).map((m) => m.id).sort().join();
  const other = [...zk.peers].find((s) =>
    s !== own && zk.world.linked(own.host, s.host) && zk.leaderOf(s) !== undefined && isVoter(next, s.id) &&
    ids(s.list) !== ids(next)
  );
  return own.reigns && other !== undefined
    ? `server ${own.id} leads, and server ${other.id} counts other servers`
    : undefined;
}

/** `set -v` of /quorate. */
function write(zk: ZooKeeper, leader: Server, version: string, text: string, by: Deeds): Said {
  const { world: w, zab } = zk;
  const was = readNote(leader.disk.log.note);
  if (was !== undefined && String(was.version) !== version) {
    return failed("version No is not valid : /quorate");
  }
  const before = was?.list ?? leader.list;
  const next = readNote(text)?.list ?? before;
  const what = `/quorate: ${voterText(next)}`;
  w.tell(leader.host, what);
  next.forEach((m) => m.peerUrls.forEach((url) => w.recorded.add(url)));
  const come = next.find((m) => before.every((b) => b.id !== m.id));
  if (come !== undefined) {
    w.registered.add(come.id);
    judgeId(zk, leader, come.id, come.peerUrls[0]);
  }
  changesMembers(w, by, what, leader, before, next, strength(w, leader, before), strength(w, leader, next));
  judgeLists(zk, what, before, next);
  const done = zab.propose(leader, { note: `${(was?.version ?? -1) + 1}|${text}` });
  return done && leader.leads ? ok : failed("KeeperErrorCode = ConnectionLoss");
}

/** Any majorities of two lists that somebody works with share a server; who is fenced is in none. */
function judgeLists(zk: ZooKeeper, what: string, before: List, next: List): void {
  const gone = (m: List[number]) =>
    [...zk.world.hosts.values()].some((h) =>
      m.peerUrls.includes(zk.addressOf(h.name)) && h.fence && !h.process
    );
  for (const s of zk.peers) {
    // Who is in nobody's list is followed by nobody.
    if (!isVoter(before, s.id) || !isVoter(next, s.id)) continue;
    const [one, other] = [votersOf(s.list), votersOf(next)];
    const able = new Set([...one, ...other].filter((m) => !gone(m)).map((m) => m.id));
    if (Math.floor(one.length / 2) + Math.floor(other.length / 2) + 2 <= able.size) {
      zk.world.violate(
        "lists of servers share a quorum",
        `${what}, and ${s.host} works with ${voterText(s.list)}`,
      );
    }
  }
}
