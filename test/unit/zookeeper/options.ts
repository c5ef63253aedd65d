import type { ZooKeeperOptions } from "../../../plugins/zookeeper/options.ts";
import type { HostNode } from "../../../src/model/node.ts";
import type { Asks } from "../../../src/playbook/plugin.ts";

export const options: ZooKeeperOptions = {
  unit: "zookeeper.service",
  dataDir: "/var/lib/zookeeper/data",
  config: "/etc/zookeeper/quorate/zoo.cfg",
  clientPort: 2181,
  quorumPort: 2888,
  electionPort: 3888,
  user: "zookeeper",
  java: "/usr/bin/java",
  classPath: "/usr/share/java/zookeeper.jar",
  jvm: "-Xmx512m",
  membership: "dynamic",
  configureMembers: true,
  settings: {},
};

/** The hosts from which the answers in `asks/` were recorded, with ZooKeeper 3.8.0. */
export const nodes: readonly HostNode[] = [1, 2, 3, 4].map((i) => ({
  name: `n${i}`,
  host: `10.90.132.1${i}`,
  address: `10.90.132.1${i}`,
  labels: {},
}));
export const cluster = "52e2738c2ffbc3cb312d3b0e8f5cfc31";

export const recorded = async (name: string): Promise<Asks> =>
  JSON.parse(await Deno.readTextFile(new URL(`asks/3.8.0-${name}.json`, import.meta.url)));
