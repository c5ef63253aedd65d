/**
 * S22: the rules of etcd's versions, as data. A version that is not known forbids nothing here: a member that cannot
 * start stays a learner that is evicted, and costs no quorum.
 *
 * @module
 */
import type { Change, NodeFacts, Observation, Refusal, SnapshotSight } from "quorate";

/** Two versions that must not meet, or a version that must not do something. */
export interface VersionRule {
  /** Versions that are in the cluster, and the one that a node brings along. */
  readonly when: (change: Change, running: readonly Version[], joining: Version | undefined) => boolean;
  readonly rule: string;
  readonly why: string;
  readonly unblock: string;
  readonly source: string;
}

type Version = readonly [major: number, minor: number, patch: number];
const parse = (text: string | undefined): Version | undefined => {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(text ?? "") ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
};
const below = (a: Version, b: Version): boolean => compare(a, b) < 0;
const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
/** 3.6 as 306, so that neighbours differ by one. */
const minor = (v: Version): number => v[0] * 100 + v[1];
const joins = (c: Change): boolean => c.case === "add" || c.case === "replace" || c.case === "repairWiped";

export const versionRules: readonly VersionRule[] = [
  {
    when: (c, running, joining) =>
      joins(c) && [...running, ...(joining ? [joining] : [])].some((v) => below(v, [3, 4, 0])),
    rule: "learners need etcd 3.4 on every member",
    why: "a member that joins as a voter counts against the quorum before it holds any data",
    unblock: "upgrade all members to 3.4 or later first",
    source: "https://etcd.io/docs/v3.4/learning/design-learner/",
  },
  {
    when: (c, running, joining) =>
      joins(c) && joining !== undefined && running.some((v) => Math.abs(minor(v) - minor(joining)) > 1),
    rule: "minor versions in a cluster differ by one at most",
    why: "etcd upgrades and downgrades one minor version at a time",
    unblock: "install the members' version of etcd on the node that joins",
    source: "https://etcd.io/docs/v3.6/upgrades/upgrading-etcd/",
  },
  {
    when: (c, running, joining) =>
      joins(c) && joining !== undefined && running.length > 0 &&
      running.every((v) => minor(v) > minor(joining)),
    rule: "a member that joins is not older than the cluster",
    why: "etcd refuses to start below the version that the cluster has agreed on",
    unblock: "install the members' version of etcd on the node that joins",
    source: "https://etcd.io/docs/v3.6/upgrades/upgrading-etcd/",
  },
  {
    when: (c, running, joining) =>
      joins(c) && joining !== undefined && minor(joining) >= 306 && running.some((v) => below(v, [3, 5, 26])),
    rule: "etcd 3.5.26 before 3.6",
    why: "3.6 takes the members from a store in which older versions leave members that were removed",
    unblock: "upgrade all members to 3.5.26 or later first, or install 3.5 on the node that joins",
    source: "https://etcd.io/blog/2025/zombie_members_upgrade/",
  },
];

/** Why this change must not be made with the versions that are there, or undefined. */
export function etcdForbids(change: Change, seen: Observation): Refusal | undefined {
  const learner = seen.members.find((m) => m.role === "learner");
  if (change.case === "repairConfig" && change.peerUrl !== undefined && learner !== undefined) {
    return {
      rule: "S22",
      evidence: `${learner.id} is a learner, and a member update makes etcd forget that ` +
        "(https://github.com/etcd-io/etcd/issues/21694)",
      unblock: "nothing to do: the peer URL is updated once the learner is promoted or gone",
    };
  }
  const running = seen.members.map((m) => parse(m.version)).filter((v) => v !== undefined);
  const joining = "node" in change && change.node !== undefined
    ? seen.nodes[change.node.name]?.installed
    : undefined;
  const broken = versionRules.find((r) => r.when(change, running, parse(joining)));
  if (broken === undefined) return undefined;
  const versions = [...new Set(seen.members.flatMap((m) => m.version ?? []))].sort().join(", ");
  return {
    rule: "S22",
    evidence: `${broken.rule}, and the members run ${versions || "an unknown version"}` +
      `${joining === undefined ? "" : `, the node that joins ${joining}`}: ${broken.why} (${broken.source})`,
    unblock: broken.unblock,
  };
}

/** A snapshot of a newer minor version: an older etcd does not know what it wrote, and ends when it reads it. */
export function cannotRestore(
  { version }: SnapshotSight,
  { node, installed }: NodeFacts,
): Refusal | undefined {
  const [taken, there] = [parse(version), parse(installed)];
  if (taken === undefined || there === undefined || minor(taken) <= minor(there)) return undefined;
  return {
    rule: "S22",
    evidence: `the snapshot was taken of etcd ${version}, and ${node} has ${installed}, which is older`,
    unblock: `install etcd ${taken[0]}.${
      taken[1]
    } on the nodes, or take an older snapshot (quorate snapshots)`,
  };
}
