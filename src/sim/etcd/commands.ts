/**
 * What etcd's playbook runs on a host besides what every playbook does.
 *
 * @module
 */
import { ok, stage, startNew } from "../commands.ts";
import type { Host } from "../host.ts";
import type { Deeds } from "../judge.ts";
import type { Commands } from "../model.ts";
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
  };
}
