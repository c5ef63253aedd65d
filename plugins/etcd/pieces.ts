/**
 * The pieces that several cases of the etcd playbook share: functions that return steps.
 *
 * @module
 */
import {
  all,
  any,
  anyVoter,
  caughtUp,
  type Command,
  configures,
  derived,
  effect,
  fenced,
  fetch,
  given,
  healthy,
  type HostNode,
  leader,
  learner,
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
  running,
  setsAside,
  settled,
  sh,
  started,
  starts,
  step,
  text,
  voter,
  wait,
} from "quorate";
import { endpoints, etcdctl, ownEndpoint } from "./ctl.ts";
import { clientUrl, type EtcdOptions, peerUrl } from "./options.ts";
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
/** Members that are well before a change: none of them may be worse after it. */
const well = (s: Scene): readonly Member[] => s.seen.members.filter((m) => m.health === "healthy");
/** Within about five seconds of a start etcd refuses changes with these words; they also mean a dead member. */
const unhealthyCluster = { forMs: 30_000, everyMs: 300, when: "unhealthy cluster" };

/** S18: one snapshot, after a linearizable read through the same member, taken and fetched from the same node. */
export function snapshot(s: Scene, leaving?: Member) {
  const able = s.seen.members.filter((m) =>
    m.role === "voter" && m.health === "healthy" && m.id !== leaving?.id &&
    m.node !== undefined && s.seen.nodes[m.node]?.reached
  );
  const from = able.find((m) => !m.leader) ?? able[0] ?? leaving;
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

/** S16: stopped, and nothing is left that could start it again. `pristine` remembers whose default data lay there. */
export const fence = (n: HostNode, s: Scene, pristine?: string) =>
  step(
    `fence:${n.name}`,
    run(
      sh`quorate_fence ${s.options.unit} ${s.service} etcd ${s.options.dataDir} ${
        pristine === undefined ? [] : [text`pristine=${pristine}`]
      }`,
    ),
    {
      title: `fence ${n.name}: stop etcd, keep it from starting, see that no process is left`,
      on: node(n),
      effect: effect("fences", n),
      unless: fenced(n),
    },
  );

/** S14, S15: renamed beside itself, after the node has seen again whose it is and that nothing runs. */
export const setAside = (n: HostNode, whose: string, s: Scene) =>
  step(
    `set-aside:${n.name}`,
    run(
      sh`quorate_set_aside ${s.options.dataDir} ${whose} etcd_disk_id ${s.options.unit} etcd && quorate_unmark ${s.service} latch started`,
    ),
    {
      title: `set the data of ${
        whose === "pristine" ? "the package's default" : `member ${whose}`
      } on ${n.name} aside`,
      on: node(n),
      effect: setsAside(n, whose),
      idempotent: true,
    },
  );

/** S14: the node sees again that newer data of the same cluster lies aside, and that nobody uses what goes. */
export const prune = (n: HostNode, paths: readonly string[], s: Scene) =>
  step(`prune:${n.name}`, run(sh`quorate_prune ${s.options.dataDir} etcd ${paths}`), {
    title: `delete the oldest data that was set aside on ${n.name}`,
    on: node(n),
    effect: { does: "prunes", node: n.name, paths },
    idempotent: true,
  });

/** S12: all that can fail on a node fails here, before the cluster hears of it. */
export function stage(n: HostNode, s: Scene) {
  const facts = s.seen.nodes[n.name];
  const o = s.options;
  return [
    ...given(
      facts?.data.state === "pristine" && typeof facts.data.identity !== "string" && facts.data.identity,
      ({ memberId }) => [fence(n, s, memberId), setAside(n, "pristine", s)],
    ),
    ...given(facts?.unit.load === "not-found" && n, (at) => [
      step(`unit:${n.name}`, run(sh`etcd_unit ${o.unit} ${o.user} ${unitFile(o)}`), {
        title: `write ${o.unit} on ${n.name}`,
        on: node(at),
        effect: configures(n, "unchanged"),
        idempotent: true,
      }),
    ]),
    step(
      `stage:${n.name}`,
      run(sh`etcd_stage ${s.service} ${o.unit} ${o.dataDir} ${o.binary}`),
      {
        title: `make ${n.name} ready: program, unit and an empty data directory are there`,
        on: node(n),
        effect: effect("unfences", n),
        unless: running(n),
      },
    ),
  ];
}

/** Starts a member on its own data, which never lowers the quorum. */
export const start = (n: HostNode, s: Scene) => startBy(n, s, sh`quorate_start ${s.options.unit}`);

/** The same where there may be no quorum yet: a unit of `Type=notify` is not up before the others are. */
export const startTogether = (n: HostNode, s: Scene) => {
  const { unit } = s.options;
  return startBy(
    n,
    s,
    sh`{ systemctl reset-failed ${unit} 2>/dev/null; systemctl start --no-block ${unit}; }`,
  );
};

const startBy = (n: HostNode, s: Scene, command: Command) => {
  const unfence = s.seen.nodes[n.name]?.fenced === "yes"
    ? sh`quorate_unfence ${s.options.unit} ${s.service} && `
    : sh``;
  return step(`start:${n.name}`, run(sh`${unfence}${command}`), {
    title: `start etcd on ${n.name}`,
    on: node(n),
    effect: starts(n, "itself"),
    unless: running(n),
  });
};

/**
 * Joins a node: staged, a learner, started as `existing`, promoted when it is in sync (S8, S12, S13). Whoever calls this
 * waits until all are healthy.
 */
export function join(n: HostNode, s: Scene) {
  const o = s.options;
  return [
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
      // Who joins a cluster that exists has nothing to do with a bootstrap any more.
      run(
        sh`quorate_unmark ${s.service} intent started && quorate_set_keys ${o.envFile} ${
          initialSettings(n, o, "existing", derived("initialCluster"))
        }`,
      ),
      {
        title: `configure ${n.name} with the live member list`,
        on: node(n),
        effect: configures(n, "existing"),
        unless: started(n),
      },
    ),
    step(`start-existing:${n.name}`, run(sh`quorate_start ${o.unit}`), {
      title: `start etcd on ${n.name}`,
      on: node(n),
      effect: starts(n, "existing"),
      unless: running(n),
    }),
    step(`wait-in-sync:${n.name}`, wait(any(caughtUp(n), all(voter(n), healthy(n)))), {
      title: `wait until ${n.name} is in sync`,
      timeoutMs: s.joinTimeoutMs,
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

/** S17: what was removed must not come back. A node that cannot be reached now is retired as soon as it can. */
export const putAway = (n: HostNode | undefined, m: Member, s: Scene) =>
  given(n !== undefined && s.seen.nodes[n.name]?.reached === true && n, (at) => [
    fence(at, s),
    setAside(at, m.id, s),
  ]);

/** These serve, and nobody who was well, and is still recorded, got worse; who leaves is not waited for. */
export const waitSettled = <const Id extends string>(
  id: Id,
  s: Scene,
  nodes: readonly HostNode[],
  leaving?: Member,
) =>
  step(id, wait(settled(nodes, well(s).filter((m) => m.id !== leaving?.id))), {
    title: "wait until all are healthy",
    timeoutMs: 120_000,
  });

/**
 * S3: who it is and who the others are, written down on each member's node. All of them are written anew: the voters
 * that a latch names are the evidence of the cluster's size when nobody answers.
 */
export const latchAll = (s: Scene, also: readonly HostNode[], not?: Member) =>
  s.nodes.filter((n) =>
    also.includes(n) ||
    (s.seen.nodes[n.name]?.reached &&
      s.seen.members.some((m) => m.node === n.name && m.role === "voter" && m !== not))
  ).map((n) => latch(n, s));

/** A latch proves where data is: where it is not seen, above all on a disk that is not mounted, there is nothing to prove. */
export const holdsItsData = (s: Scene, m: Member): boolean => {
  const data = s.seen.nodes[m.node ?? ""]?.data;
  return data?.state === "present" && typeof data.identity !== "string" && data.identity.memberId === m.id;
};

export const latch = (n: HostNode, s: Scene) =>
  step(
    `latch:${n.name}`,
    run(
      sh`etcd_holds ${s.options.dataDir} ${
        memberId({ node: n.name })
      } && quorate_mark_place ${s.service} latch ${s.options.dataDir} ${text`clusterId=${
        derived("clusterId")
      }`} ${text`memberId=${memberId({ node: n.name })}`} ${text`voters=${derived("voters")}`}`,
    ),
    { title: `write down who ${n.name} is`, on: node(n), effect: effect("latches", n), idempotent: true },
  );

/** Keys of the environment file, `KEY=value` each. */
export const settingWords = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings).map(([key, value]) => text`${key}=${value}`);
