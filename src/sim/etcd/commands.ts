/**
 * What etcd's playbook runs on a host besides what every playbook does.
 *
 * @module
 */
import { failed, ok, stage, startNew } from "../commands.ts";
import type { Host } from "../host.ts";
import type { Deeds } from "../judge.ts";
import type { Commands } from "../model.ts";
import type { Disk, Entry } from "../peer.ts";
import { idOf } from "../random.ts";
import type { Said } from "../shell.ts";
import { etcdctl } from "./ctl.ts";
import type { Etcd } from "./model.ts";

/** `etcdctl`, and the functions of the plugin's shell text. */
export function commandsOf(etcd: Etcd, h: Host, by: Deeds): Commands {
  const { world: w } = etcd;
  const soon = async (said: () => Said | Promise<Said>): Promise<Said> => {
    await w.time.sleep(w.random.int(2, 15));
    return await said();
  };
  return {
    etcdctl: async (words, env) => {
      const flag = words.find((x) => x.startsWith("--endpoints="))?.slice("--endpoints=".length);
      const endpoints = (flag ?? env.get("ETCDCTL_ENDPOINTS") ?? "").split(",");
      const verbs = words.slice(1).filter((x) => !/^--(endpoints|cacert|cert|key)=/.test(x));
      return await etcdctl(etcd, h.name, endpoints, verbs, by);
    },
    etcd_unit: () =>
      soon(() => {
        h.unit.loaded = true;
        return ok;
      }),
    etcd_stage: () => soon(() => stage(h)),
    etcd_start_new: () => soon(() => startNew(w, h)),
    etcd_ready_disk: ([, , , , , url = "", token = ""]) =>
      soon(async () => {
        if (h.process) return failed("the unit is not stopped");
        const disk = h.volume.disk;
        if (disk === undefined) return failed("there is no data");
        h.next = undefined;
        await w.time.sleep(w.random.int(500, 20_000));
        h.next = successorOf(disk.log, url, token);
        return ok;
      }),
    etcd_ready_snapshot: ([, , , file = "", , url = "", token = ""]) =>
      soon(async () => {
        if (h.process) return failed("the unit is not stopped");
        const kept = h.files.get(file);
        if (kept === undefined) return failed("open: no such file or directory");
        h.next = undefined;
        await w.time.sleep(w.random.int(500, 5_000));
        h.next = successorOf(kept, url, token);
        return ok;
      }),
  };
}

/** All of a log, committed, as that of a cluster of one voter with ids of its own. */
function successorOf(log: Entry, url: string, token: string): Disk {
  const memberId = idOf(`${url} ${token}`);
  const realm = idOf(memberId);
  const voter = { id: memberId, name: "", role: "voter", peerUrls: [url], clientUrls: [] } as const;
  const own = { term: log.term + 1, index: log.index + 1, prev: log, config: [voter] };
  return { clusterId: realm, memberId, realm, term: own.term, log: own, commit: own, pristine: false };
}
