/**
 * The etcd plugin.
 *
 * @module
 */
import { definePlugin, type ServiceView, type Tri } from "quorate";
import { adoptEtcd } from "./adopt.ts";
import { etcdAskPeers, etcdCheck } from "./check.ts";
import { derive, lateShell, probeShell } from "./derive.ts";
import { etcdDrift } from "./drift.ts";
import { peerUrl } from "./options.ts";
import { etcdPlaybook } from "./playbook.ts";
import { readEtcd, readPeers } from "./read.ts";
import { readSnapshot } from "./snapshot.ts";
import { etcdShell } from "./shell.ts";
import { etcdOptions } from "./spec.ts";
import { etcdSurvey } from "./survey.ts";
import { cannotRestore, etcdForbids } from "./versions.ts";

export { etcdPlaybook } from "./playbook.ts";
export type { EtcdOptions, EtcdTls } from "./options.ts";

/** A learner this many entries behind catches up within the round trip that promotes it. */
const IN_SYNC_ENTRIES = 1000n;

/**
 * In sync, seen from outside: in the leader's term, few entries behind and past the nine tenths that etcd itself asks
 * for when it promotes (`isLearnerReady`). Both indexes come from one observation.
 */
function caughtUp(learner: ServiceView, leader: ServiceView): Tri {
  if (learner.index === undefined || leader.index === undefined || learner.local === "unknown") {
    return "unknown";
  }
  const near = leader.index - learner.index <= IN_SYNC_ENTRIES && learner.index * 10n >= leader.index * 9n;
  return learner.local === "yes" && learner.term === leader.term && near ? "yes" : "no";
}

/** Keeps etcd clusters, 3.4 and later. */
export const etcd = definePlugin({
  name: "etcd",
  options: etcdOptions,
  playbook: etcdPlaybook,
  adopt: adoptEtcd,
  readSnapshot,
  describe: ({ options, nodes }) => ({
    facts: { etcd: options, nodes },
    unit: options.unit,
    dataDir: options.dataDir,
    process: "etcd",
    programs: ["etcdctl", options.binary],
    shell: etcdShell,
    check: (node) => etcdCheck(options, node),
    read: (asks, node) => readEtcd(asks, node, options),
    askPeers: (members, from) => etcdAskPeers(options, members, from),
    readPeers,
    claims: (member, node) => member.peerUrls.includes(peerUrl(node, options)),
    caughtUp,
    drift: (facts, node, member) => etcdDrift(options, facts, node, member),
    forbids: etcdForbids,
    survey: etcdSurvey(options),
    cannotRestore,
    derived: derive,
    lateShell: (late, seen, desired) => lateShell(late, seen, desired, nodes, options),
    probeShell: (probe, seen) => probeShell(probe, seen, nodes, options),
  }),
});
