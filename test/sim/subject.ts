/** What the simulated schedules are about: a service on five hosts, three of them its members at first. */
import assert from "node:assert/strict";
import { etcd } from "../../plugins/etcd/mod.ts";
import type { EtcdOptions } from "../../plugins/etcd/options.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import type { ZooKeeperOptions } from "../../plugins/zookeeper/options.ts";
import { modelOf } from "../../src/cli/models.ts";
import type { Target } from "../../src/model/observation.ts";
import type { Subject } from "../../src/sim/schedule.ts";
import { target } from "../unit/core_samples.ts";

export const etcdOptions = {
  unit: "etcd.service",
  dataDir: "/var/lib/etcd/default",
  envFile: "/etc/default/etcd",
  clientPort: 2379,
  peerPort: 2380,
  user: "etcd",
  binary: "/usr/bin/etcd",
  configureMembers: true,
  env: {},
} as const satisfies EtcdOptions;

const onFive = (): Target =>
  target("n1 n2 n3", "n1 n2 n3 n4 n5", {
    stabilizeMs: 2_000,
    deadlineMs: 300_000,
    joinTimeoutMs: 60_000,
    backup: { keep: 2 },
  });

export function etcdOnFive(): Subject {
  const t = onFive();
  return {
    service: etcd.bind({ name: t.service, options: etcdOptions, nodes: t.nodes }),
    target: t,
    model: modelOf({ plugin: etcd, options: etcdOptions }) ?? assert.fail(),
  };
}

export const zookeeperOptions = {
  unit: "zookeeper.service",
  dataDir: "/var/lib/zookeeper/data",
  config: "/etc/zookeeper/quorate/zoo.cfg",
  clientPort: 2181,
  quorumPort: 2888,
  electionPort: 3888,
  user: "zookeeper",
  java: "/usr/bin/java",
  classPath: "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar",
  jvm: "-Xmx512m",
  membership: "dynamic",
  configureMembers: true,
  settings: { tickTime: "2000" },
} as const satisfies ZooKeeperOptions;

const zookeeperAs =
  (membership: "dynamic" | "static", more: { readonly ensemble?: string } = {}) => (): Subject => {
    const t = onFive();
    const options = { ...zookeeperOptions, ...more, membership };
    return {
      service: zookeeper.bind({ name: t.service, options, nodes: t.nodes }),
      target: t,
      model: modelOf({ plugin: zookeeper, options }) ?? assert.fail(),
    };
  };
export const zookeeperOnFive = zookeeperAs("dynamic");
/** Its list of servers stands in their files. */
export const staticOnFive = zookeeperAs("static");
/** Who was built by hand gets its name from the manager. */
export const adoptedOnFive = zookeeperAs("dynamic", { ensemble: "adopted 3" });

/** By the name of the plugin; `static` and `adopted` are ZooKeeper's other ways. */
export const subjects = {
  etcd: etcdOnFive,
  zookeeper: zookeeperOnFive,
  static: staticOnFive,
  adopted: adoptedOnFive,
} as const;
