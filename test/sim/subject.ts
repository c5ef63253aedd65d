/** What the simulated schedules are about: an etcd service on five hosts, three of them its members at first. */
import { etcd } from "../../plugins/etcd/mod.ts";
import { clientUrl, type EtcdOptions, peerUrl } from "../../plugins/etcd/options.ts";
import { etcdModel } from "../../src/sim/etcd/model.ts";
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

export function etcdOnFive(): Subject {
  const t = target("n1 n2 n3", "n1 n2 n3 n4 n5", {
    stabilizeMs: 2_000,
    deadlineMs: 300_000,
    joinTimeoutMs: 60_000,
    backup: { keep: 2 },
  });
  return {
    service: etcd.bind({ name: t.service, options: etcdOptions, nodes: t.nodes }),
    target: t,
    model: etcdModel({
      peerUrl: (n) => peerUrl(n, etcdOptions),
      clientUrl: (n) => clientUrl(n, etcdOptions),
    }),
  };
}
