/**
 * The ZooKeeper plugin.
 *
 * @module
 */
import { definePlugin, type ServiceView, type Tri } from "quorate";
import { adoptZooKeeper } from "./adopt.ts";
import { zookeeperAskPeers, zookeeperCheck } from "./check.ts";
import { derive, lateShell } from "./derive.ts";
import { isElsewhere, zookeeperDrift } from "./drift.ts";
import { zookeeperForbids } from "./forbids.ts";
import { isStatic, peerAddress } from "./options.ts";
import { zookeeperPlaybook } from "./playbook.ts";
import { readPeers, readZooKeeper } from "./read.ts";
import { RESTART } from "./servers.ts";
import { cannotRestore, readSnapshot } from "./snapshot.ts";
import { zookeeperShell } from "./shell.ts";
import { zookeeperOptions } from "./spec.ts";
import { zookeeperSurvey } from "./survey.ts";

export { zookeeperPlaybook } from "./playbook.ts";
export type { ZooKeeperOptions } from "./options.ts";

/** An observer this many transactions behind catches up within the round trip that makes it a voter. */
const IN_SYNC_TRANSACTIONS = 1000n;

/**
 * In sync, seen from outside: it serves, which it does only after a leader has brought it up to date, in the leader's
 * epoch, and few transactions behind it. Both zxids come from one observation.
 */
function caughtUp(learner: ServiceView, leader: ServiceView): Tri {
  if (learner.index === undefined || leader.index === undefined || learner.local === "unknown") {
    return "unknown";
  }
  const near = leader.index - learner.index <= IN_SYNC_TRANSACTIONS;
  return learner.local === "yes" && learner.linearizable === "yes" && learner.term === leader.term && near
    ? "yes"
    : "no";
}

/**
 * Keeps ZooKeeper ensembles, 3.5 and later: those whose members can be changed while they run (`reconfigEnabled`), and
 * those whose list of servers stands in their files.
 */
export const zookeeper = definePlugin({
  name: "zookeeper",
  options: zookeeperOptions,
  playbook: zookeeperPlaybook,
  adopt: adoptZooKeeper,
  readSnapshot,
  describe: ({ options, nodes }) => ({
    facts: { zookeeper: options, nodes },
    unit: options.unit,
    dataDir: options.dataDir,
    process: "java",
    programs: ["bash", "gzip", "od", "sha1sum", "tar", options.java],
    shell: zookeeperShell,
    check: (node) => zookeeperCheck(options, node),
    read: (asks) => readZooKeeper(asks, options, nodes),
    askPeers: (members) => zookeeperAskPeers(members),
    readPeers,
    claims: (member, node) => member.peerUrls.includes(peerAddress(node, options)),
    caughtUp,
    drift: (facts, node, member, seen) => ({
      ...zookeeperDrift(options, facts, seen),
      ...(isElsewhere(options, nodes, node, member) ? { peerUrl: peerAddress(node, options) } : {}),
    }),
    outdated: (facts) => isStatic(options) && facts.settings?.[RESTART] !== undefined,
    forbids: (change, seen) => zookeeperForbids(options, nodes, change, seen),
    derived: (key, seen) => derive(key, seen, options, nodes),
    survey: zookeeperSurvey(options),
    cannotRestore,
    lateShell: (late, seen) => lateShell(late, seen, nodes, options),
  }),
});
