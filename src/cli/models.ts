import { clientUrl, type EtcdOptions, peerUrl } from "../../plugins/etcd/options.ts";
import {
  clientAddress,
  isStatic,
  peerAddress,
  type ZooKeeperOptions,
} from "../../plugins/zookeeper/options.ts";
import { HIGHEST, UNNAMED, VERSION } from "../../plugins/zookeeper/read.ts";
import { RESTART, RUNNING, SERVERS, WRITTEN } from "../../plugins/zookeeper/servers.ts";
import type { ServiceConfig } from "../config/config.ts";
import type { Options } from "../playbook/options.ts";
import { etcdModel } from "../sim/etcd/model.ts";
import type { Model } from "../sim/model.ts";
import { zookeeperModel } from "../sim/zookeeper/model.ts";

/** By the plugin that read the options with its own spec. */
const models: Readonly<Record<string, (options: Options) => Model>> = {
  etcd: (options) => {
    const etcd = options as Options & EtcdOptions;
    return etcdModel({ peerUrl: (n) => peerUrl(n, etcd), clientUrl: (n) => clientUrl(n, etcd) });
  },
  zookeeper: (options) => {
    const zookeeper = options as Options & ZooKeeperOptions;
    return zookeeperModel({
      peerUrl: (n) => peerAddress(n, zookeeper),
      clientUrl: (n) => clientAddress(n, zookeeper),
      fixed: isStatic(zookeeper),
      ...(zookeeper.ensemble === undefined ? {} : { ensemble: zookeeper.ensemble }),
      keys: {
        version: VERSION,
        highest: HIGHEST,
        restart: RESTART,
        running: RUNNING,
        written: WRITTEN,
        servers: SERVERS,
        unnamed: UNNAMED,
      },
    });
  },
};

/** The plugins whose services can be simulated. */
export const simulated: readonly string[] = Object.keys(models);

/** What the simulated processes of a service behave like; undefined where nobody has told. */
export const modelOf = ({ plugin, options }: Pick<ServiceConfig, "plugin" | "options">): Model | undefined =>
  Object.hasOwn(models, plugin.name) ? models[plugin.name]?.(options) : undefined;
