/**
 * What ZooKeeper's playbook runs on a host besides what every playbook does: the functions of the plugin's shell text, as
 * transitions. They reach the ensemble through the host's own server.
 *
 * @module
 */
import { failed, ok, pairs, stage, startNew, systemctl } from "../commands.ts";
import type { Host } from "../host.ts";
import type { Deeds } from "../judge.ts";
import type { Commands } from "../model.ts";
import type { Said } from "../shell.ts";
import type { Disk, Entry } from "../peer.ts";
import { readNote, readServer, SERVERS, writeList, writeServer } from "./list.ts";
import { listCommands } from "./list_commands.ts";
import type { ZooKeeper } from "./model.ts";
import { reconfigure, type Wish } from "./reconfig.ts";
import { type List, zxidOf } from "./zab.ts";

const TRIES = 60;
/** `zk_ready`: so many ids and epochs may have been given that the disk has never heard of. */
const IDS_LEFT_OUT = 10;
const EPOCHS_LEFT_OUT = 1_000;

export function commandsOf(zk: ZooKeeper, h: Host, by: Deeds): Commands {
  const { world: w, zab } = zk;
  const pause = (low: number, high: number) => w.time.sleep(w.random.int(low, high));
  const soon = async (said: () => Said | Promise<Said>): Promise<Said> => {
    await pause(2, 15);
    return await said();
  };
  const leader = () => {
    const server = zk.on(h);
    return server === undefined || server.listensAt > w.time.now ? undefined : zk.leaderOf(server);
  };
  /** `zk_record`: a session of its own. */
  const record = async (): Promise<List | undefined> => {
    await pause(20, 80);
    return leader()?.list;
  };
  /** `zk_role`: read again and again; undefined where it cannot be read. */
  const role = async (id: string): Promise<"participant" | "observer" | "" | undefined> => {
    for (let tries = 0; tries < TRIES && h.up; tries++) {
      const list = await record();
      const found = list?.find((m) => m.id === id);
      if (list !== undefined) {
        return found === undefined ? "" : found.role === "voter" ? "participant" : "observer";
      }
      await w.time.sleep(250);
    }
    return undefined;
  };
  const reconfig = (wish: Wish) => reconfigure(zk, h, wish, by);
  /** `set` and `create` of /quorate, through whoever leads. */
  const note = async (text: string): Promise<boolean> => {
    await pause(200, 600);
    const to = leader();
    return to !== undefined && zab.propose(to, { note: text });
  };
  const begins = (next: Disk | undefined, lines: readonly string[]): Said => {
    if (next === undefined) return failed("all 255 ids of servers were given");
    h.next = {
      ...next,
      brings: new Map([...pairs(lines), [SERVERS, writeList(next.log.config, zxidOf(next.log))]]),
    };
    return ok;
  };

  const name = async (text: string): Promise<Said> => {
    if (leader()?.disk.log.note === undefined) await note(text);
    if (await role("0") === undefined) return failed("the record cannot be read back");
    const own = readNote(text)?.name;
    return readNote(leader()?.disk.commit.note)?.name === own ? ok : failed("KeeperErrorCode = NodeExists");
  };
  const configure = ([, , , , , myid = "", ensemble = "", servers = "", ...lines]: readonly string[]) =>
    soon(() => {
      if (!/^\d+$/.test(myid)) return failed("no id was given to this server");
      pairs(lines).forEach((value, key) => h.env.set(key, value));
      h.env.set(SERVERS, servers.split(" ").join("\n"));
      // Over the data of a server these files only say what they said.
      h.volume.files.set("quorate-ensemble", ensemble);
      h.volume.files.set("myid", myid);
      h.volume.files.delete("initialize");
      h.marks.delete("restart");
      return ok;
    });

  return {
    ...listCommands(zk, h, by, { leader, role, note }),
    zk_unit: () =>
      soon(() => {
        h.unit.loaded = true;
        return ok;
      }),
    zk_super: () => ok,
    zk_stage: () => soon(() => stage(h)),
    zk_defaults: ([, , ...lines]) =>
      soon(() => {
        pairs(lines).forEach((value, key) => h.env.has(key) || h.env.set(key, value));
        return ok;
      }),
    zk_configure: configure,
    zk_configure_static: configure,
    zk_start: async () => {
      await pause(2, 15);
      const { disk } = h.volume;
      disk?.brings?.forEach((value, key) => h.env.set(key, value));
      if (disk !== undefined) disk.brings = undefined;
      h.unit.enabled = true;
      return await systemctl(w, h, ["start"]);
    },
    zk_ready_disk: ([, , , , , , , , spec = "", token = "", known = "0", ...lines]) =>
      soon(async () => {
        if (h.process) return failed("the unit is not stopped");
        const { disk } = h.volume;
        if (disk === undefined) return failed("there is no data");
        h.next = undefined;
        await pause(2_000, 20_000);
        return begins(successorOf(disk.log, disk.term, spec, token, Number(known)), lines);
      }),
    zk_ready_snapshot: ([, file = "", , , , , , , , spec = "", token = "", known = "0", ...lines]) =>
      soon(async () => {
        if (h.process) return failed("the unit is not stopped");
        const kept = h.files.get(file);
        if (kept === undefined) return failed("cannot unpack the snapshot");
        h.next = undefined;
        await pause(2_000, 20_000);
        const next = successorOf(
          kept,
          Math.max(kept.term, h.volume.disk?.term ?? 0),
          spec,
          token,
          Number(known),
        );
        return begins(next, lines);
      }),
    zk_start_new: () =>
      soon(async () => {
        h.volume.files.set("initialize", "");
        const said = await startNew(w, h);
        if (said.code !== 0) h.volume.files.delete("initialize");
        return said;
      }),
    zk_set: ([, , , ...lines]) =>
      soon(() => {
        h.marks.set("restart", new Map());
        pairs(lines).forEach((value, key) => h.env.set(key, value));
        return ok;
      }),
    zk_restart: async () => {
      const said = await systemctl(w, h, ["restart"]);
      if (said.code === 0) h.marks.delete("restart");
      return said;
    },
    zk_named: ([, , ensemble = "", myid]) =>
      soon(() => {
        const { disk } = h.volume;
        if (disk === undefined || disk.clusterId !== "") return ok;
        if (disk.memberId !== myid) return failed("it holds the data of another server");
        disk.clusterId = ensemble;
        return ok;
      }),
    zk_with: () => soon(() => ok),
    zk_name: ([, ensemble = "", highest = ""]) => name(`${ensemble} ${highest}`),
    zk_name_static: ([, ensemble = ""]) => {
      const list = leader()?.list ?? [];
      return name(
        [`0|${ensemble}`, Math.max(...list.map((m) => Number(m.id))), ...list.map(writeServer)].join(" "),
      );
    },
    zk_adopt: async ([, ensemble = "", highest = ""]) =>
      await record() === undefined
        ? failed("the server here serves no read")
        : await name(`${ensemble} ${highest}`),
    zk_register: async ([, ensemble = "", id = "", spec = "", version = ""]) => {
      await note(`${ensemble} ${id}`);
      const said = await reconfig({ version, add: `server.${id}=${spec}` });
      if (await role(id) !== "observer") {
        return said.code === 0 ? failed("the record cannot be read back") : said;
      }
      return leader()?.disk.commit.note === `${ensemble} ${id}` ? ok : failed("its id was not written down");
    },
    zk_promote: async ([, id = "", spec = "", version = ""]) => {
      const add = `server.${id}=${spec}`;
      let said = await reconfig({ version, add });
      if (said.err?.startsWith("No quorum of new config")) {
        // In no list it follows without a vote, and counts.
        said = await reconfig({ version, remove: id });
        if (await role(id) !== "") return said;
        for (let tries = 0; tries < 8; tries++) {
          const list = await record();
          if (list === undefined) continue;
          said = await reconfig({ version: zab.versionOf(list).toString(16), add });
          if (await role(id) === "participant") return ok;
          await w.time.sleep(500);
        }
      }
      return await role(id) === "participant" ? ok : { ...said, code: 1 };
    },
    zk_remove: async ([, id = "", version = ""]) => {
      const said = await reconfig({ version, remove: id });
      return await role(id) === "" ? ok : { ...said, code: 1 };
    },
    zk_backup: async ([, , file = ""]) => {
      const list = await record();
      const server = zk.on(h);
      if (list === undefined || server === undefined) return failed("the server here serves no read");
      h.files.set(file, server.disk.commit);
      return ok;
    },
  };
}

/** All of a history, as that of an ensemble of one server, under an id that no former one knows. */
function successorOf(
  log: Entry,
  term: number,
  spec: string,
  token: string,
  known: number,
): Disk | undefined {
  const given = Math.max(known, Number(readNote(log.note)?.highest ?? 0));
  const memberId = `${Math.min(given + IDS_LEFT_OUT, 255)}`;
  const server = readServer(`server.${memberId}=${spec}`);
  if (server === undefined || Number(memberId) <= given) return undefined;
  const epoch = term + EPOCHS_LEFT_OUT;
  const own = {
    term: epoch,
    index: log.index + 1,
    prev: log,
    config: [server],
    note: `${token} ${memberId}`,
  };
  return {
    clusterId: token,
    memberId,
    realm: token,
    term: epoch,
    log: own,
    commit: own,
    pristine: false,
  };
}
