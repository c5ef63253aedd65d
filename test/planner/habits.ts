/** What members do by themselves, which differs with the service, and how its record names them. */
import { etcd } from "../../plugins/etcd/mod.ts";
import { peerUrl } from "../../plugins/etcd/options.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import { peerAddress } from "../../plugins/zookeeper/options.ts";
import type { HostNode } from "../../src/model/node.ts";
import type { Target } from "../../src/model/observation.ts";
import type { Service } from "../../src/playbook/plugin.ts";
import { etcdOptions, zookeeperOptions } from "../sim/subject.ts";

export interface Habits {
  readonly bind: (target: Target) => Service;
  readonly peerUrl: (n: HostNode) => string;
  /** The record knows who has run: it has a name only then. */
  readonly namesLate: boolean;
  /** A leader hands over before it is touched. */
  readonly handsOver: boolean;
  /** Who was removed runs on, takes part no more, and serves all the same. */
  readonly runsOn: boolean;
  /** Who has lost its data may be started empty under its id, and the others bring it up to date. */
  readonly returnsEmpty: boolean;
  /** Learners serve linearizable reads. */
  readonly learnersServe: boolean;
  /** Who starts on a disk that was wiped leaves its ids there, and nothing else. */
  readonly leavesIds: boolean;
  /** A package starts a default of its own, which nobody has ever written to. */
  readonly defaults: boolean;
  readonly program: string;
  /** Each member goes by a list of its own, and ids are small numbers that may be taken over. */
  readonly lists: boolean;
}

export const etcdHabits: Habits = {
  bind: ({ service: name, nodes }) => etcd.bind({ name, options: etcdOptions, nodes }),
  peerUrl: (n) => peerUrl(n, etcdOptions),
  namesLate: true,
  handsOver: true,
  runsOn: false,
  returnsEmpty: false,
  learnersServe: false,
  leavesIds: true,
  defaults: true,
  program: "etcdctl",
  lists: false,
};
export const zookeeperHabits: Habits = {
  bind: ({ service: name, nodes }) => zookeeper.bind({ name, options: zookeeperOptions, nodes }),
  peerUrl: (n) => peerAddress(n, zookeeperOptions),
  namesLate: false,
  handsOver: false,
  runsOn: true,
  returnsEmpty: true,
  learnersServe: true,
  leavesIds: false,
  defaults: false,
  program: "/usr/bin/java",
  lists: false,
};
const staticOptions = { ...zookeeperOptions, membership: "static" } as const;
export const staticHabits: Habits = {
  ...zookeeperHabits,
  bind: ({ service: name, nodes }) => zookeeper.bind({ name, options: staticOptions, nodes }),
  lists: true,
};

/** By the name of the plugin; `static` is ZooKeeper's other way. */
export const habits = { etcd: etcdHabits, zookeeper: zookeeperHabits, static: staticHabits } as const;
