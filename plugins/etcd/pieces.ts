/**
 * The pieces that several cases of the etcd playbook share: functions that return steps.
 *
 * @module
 */
import {
  all,
  any,
  anyVoter,
  backupSource,
  caughtUp,
  configures,
  derived,
  effect,
  fence,
  fetch,
  formerClusters,
  given,
  healthy,
  type HostNode,
  type Kept,
  latch,
  leader,
  learner,
  leaveLatch,
  type Member,
  member,
  memberId,
  movesLeaderFrom,
  node,
  not,
  nothing,
  type Observation,
  recorded,
  removes,
  run,
  setAside,
  sh,
  stageNode,
  started,
  startExisting,
  startOwn,
  step,
  text,
  toLatch,
  voter,
  wait,
} from "quorate";
import { endpoints, etcdctl, ownEndpoint } from "./ctl.ts";
import { clientUrl, type EtcdOptions, peerUrl } from "./options.ts";
import { sealed } from "./drift.ts";
import { initialSettings, unitFile } from "./settings.ts";

/** What every piece looks at. */
export interface Scene {
  readonly service: string;
  readonly seen: Observation;
  readonly nodes: readonly HostNode[];
  readonly options: EtcdOptions;
  readonly backup: boolean;
  readonly joinTimeoutMs: number;
}

/** etcdctl over all voters that serve, without the member that is about to go. */
const ctl = (s: Scene, not?: Member) => etcdctl(s.options, endpoints(s, not));
/** Within about five seconds of a start etcd refuses changes with these words; they also mean a dead member. */
const unhealthyCluster = { forMs: 30_000, everyMs: 300, when: "unhealthy cluster" };

/** S18: one snapshot, after a linearizable read through the same member, taken and fetched from the same node. */
export function snapshot(s: Scene, leaving?: Member) {
  const from = backupSource(s.seen, leaving);
  const host = s.nodes.find((n) => n.name === from?.node);
  return given(s.backup && from !== undefined && host !== undefined && { from, host }, ({ from, host }) => {
    const file = `/var/lib/quorate/${s.service}/snapshot.db`;
    const here = etcdctl(s.options, [ownEndpoint(from, host, s.options) ?? clientUrl(host, s.options)]);
    const options = { on: node(host), effect: nothing, idempotent: true, timeoutMs: 600_000 } as const;
    return [
      step(
        "snapshot",
        run(
          sh`mkdir -p ${`/var/lib/quorate/${s.service}`} && ${here} get quorate >/dev/null && ${here} snapshot save ${file}`,
        ),
        { title: "take a snapshot after a linearizable read", ...options },
      ),
      step("fetch-snapshot", fetch(file, "snapshot"), { title: "fetch it and verify its hash", ...options }),
    ];
  });
}

/** What the common pieces have to know of etcd. */
export const kept = (s: Scene): Kept => ({
  service: s.service,
  unit: s.options.unit,
  dataDir: s.options.dataDir,
  process: "etcd",
  diskId: "etcd_disk_id",
});

/** S12: all that can fail on a node fails here, before the cluster hears of it. */
export function stage(n: HostNode, s: Scene) {
  const facts = s.seen.nodes[n.name];
  const o = s.options;
  return [
    ...given(
      facts?.data.state === "pristine" && typeof facts.data.identity !== "string" && facts.data.identity,
      ({ memberId }) => [fence(n, kept(s), memberId), setAside(n, "pristine", kept(s))],
    ),
    ...unit(n, s),
    stageNode(n, kept(s), sh`etcd_stage ${s.service} ${o.unit} ${o.dataDir} ${o.binary}`),
  ];
}

/** A unit where the node has only the binary. */
export const unit = (n: HostNode, { seen, options: o }: Scene) =>
  given(seen.nodes[n.name]?.unit.load === "not-found" && n, (at) => [
    step(`unit:${n.name}`, run(sh`etcd_unit ${o.unit} ${o.user} ${unitFile(o)}`), {
      title: `write ${o.unit} on ${n.name}`,
      on: node(at),
      effect: configures(n, "unchanged"),
      idempotent: true,
    }),
  ]);

/** Where there may be no quorum yet: a unit of `Type=notify` is not up before the others are. */
export const startTogether = (n: HostNode, s: Scene) => {
  const { unit } = s.options;
  return startOwn(
    n,
    s.seen,
    kept(s),
    sh`{ systemctl reset-failed ${unit} 2>/dev/null; systemctl start --no-block ${unit}; }`,
  );
};

/**
 * Joins a node: staged, a learner, started as `existing`, promoted when it is in sync (S8, S12, S13). Whoever calls this
 * waits until all are healthy.
 */
export function join(n: HostNode, s: Scene) {
  const o = s.options;
  return [
    ...leaveLatch(n, s.seen, kept(s)),
    ...stage(n, s),
    step(
      `register-learner:${n.name}`,
      run(sh`${ctl(s)} member add ${n.name} --learner --peer-urls=${peerUrl(n, o)}`),
      {
        title: `register ${n.name} as a learner`,
        on: anyVoter(),
        effect: effect("registersLearner", n),
        unless: recorded(n),
        retry: unhealthyCluster,
        undo: {
          command: sh`${ctl(s)} member remove ${memberId({ node: n.name })}`,
          if: all(recorded(n), learner(n)),
          effect: { does: "nothing" },
        },
      },
    ),
    step(
      `configure:${n.name}`,
      // Who joins a cluster that exists has nothing to do with a bootstrap any more. It may run already, by one that was
      // not finished and had not let it start at boot yet.
      run(
        sh`quorate_unmark ${s.service} intent started && quorate_set_keys ${o.envFile} ${
          initialSettings(n, o, "existing", derived("initialCluster"))
        } && quorate_enable ${o.unit}`,
      ),
      {
        title: `configure ${n.name} with the live member list`,
        on: node(n),
        effect: configures(n, "existing"),
        unless: started(n),
      },
    ),
    startExisting(n, kept(s)),
    step(`wait-in-sync:${n.name}`, wait(any(caughtUp(n), all(voter(n), healthy(n)))), {
      title: `wait until ${n.name} is in sync`,
      timeoutMs: s.joinTimeoutMs,
    }),
    step(`seal:${n.name}`, run(sh`quorate_set_keys ${o.envFile} ${settingWords(sealed(o, n))}`), {
      title: `let etcd on ${n.name} never start on an empty disk, before it has a vote`,
      on: node(n),
      effect: configures(n, "unchanged"),
      idempotent: true,
    }),
    step(`promote:${n.name}`, run(sh`${ctl(s)} member promote ${memberId({ node: n.name })}`), {
      title: `promote ${n.name} to a voter`,
      on: anyVoter(),
      effect: effect("promotes", n),
      unless: voter(n),
      retry: { forMs: 30_000, everyMs: 300 },
    }),
  ];
}

/** S11: a leader hands over before it is touched; no write stalls then. */
export const handOver = (m: Member, s: Scene) =>
  given(s.seen.quorum.healthy > 1 && m, () => [
    step(`hand-over:${m.node ?? m.id}`, run(sh`${ctl(s)} move-leader ${derived("heir")}`), {
      title: `hand leadership over from ${m.node ?? m.id}`,
      on: anyVoter({ not: m.id }),
      effect: movesLeaderFrom(m),
      onlyIf: leader(member(m.id)),
      verify: not(leader(member(m.id))),
    }),
  ]);

export const removeMember = (m: Member, s: Scene) =>
  step(`remove:${m.node ?? m.id}`, run(sh`${ctl(s, m)} member remove ${m.id}`), {
    title: `remove member ${m.id}${m.node === undefined ? "" : ` (${m.node})`}`,
    on: anyVoter({ not: m.id }),
    effect: removes(m),
    onlyIf: recorded(member(m.id)),
    verify: not(recorded(member(m.id))),
    retry: unhealthyCluster,
  });

/** All voters and the newly joined are latched anew. */
export const latchAll = (s: Scene, also: readonly HostNode[], not?: Member) =>
  toLatch(s.nodes, s.seen, also, not).map((n) => latchOn(n, s));

export const latchOn = (n: HostNode, s: Scene) => latch(n, kept(s), [...formerClusters(s.seen.nodes)]);

/** Keys of the environment file, `KEY=value` each. */
export const settingWords = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings).map(([key, value]) => text`${key}=${value}`);
