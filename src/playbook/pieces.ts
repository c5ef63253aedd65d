/**
 * Pieces that every service's playbook needs and none should write anew: steps that keep the marks, fence a node and set
 * data aside, each with the checks that its shell function makes on the node in the same shell.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Member, Observation } from "../model/observation.ts";
import { type Command, derived, memberId, sh, text } from "./command.ts";
import { effect, setsAside, starts } from "./effect.ts";
import { fenced, markedStarted, quorumHeld, running, settled } from "./probe.ts";
import { given, run, step, wait } from "./step.ts";
import { node } from "./where.ts";

/** What the pieces have to know of a service. */
export interface Kept {
  readonly service: string;
  readonly unit: string;
  readonly dataDir: string;
  /** As `/proc/PID/comm` names it. */
  readonly process: string;
  /** As titles call it, where that is not the process's name. */
  readonly called?: string;
  /**
   * A shell function of the plugin: `DISKID DIR` prints `CLUSTER MEMBER` of the data that lies there, then `pristine`
   * where these are the ids of a package's default; returns 1 where there is no data, and 2 where it cannot tell, with
   * the reason on standard error.
   */
  readonly diskId: string;
}

const calledBy = (k: Kept): string => k.called ?? k.process;

/** S16: stopped, and nothing is left that could start it again. `pristine` remembers whose default data lay there. */
export const fence = (n: HostNode, k: Kept, pristine?: string) =>
  step(
    `fence:${n.name}`,
    run(
      sh`quorate_fence ${k.unit} ${k.service} ${k.process} ${k.dataDir} ${
        pristine === undefined ? [] : [text`pristine=${pristine}`]
      }`,
    ),
    {
      title: `fence ${n.name}: stop ${calledBy(k)}, keep it from starting, see that no process is left`,
      on: node(n),
      effect: effect("fences", n),
      unless: fenced(n),
    },
  );

/**
 * S16, S19: the same for a service that is to begin again on one node, which alone tells from then on whether it has. Done
 * anew where it is fenced already: that may have been for another.
 */
export const fenceFor = (decider: HostNode, n: HostNode, k: Kept, pristine?: string) =>
  step(
    `fence:${n.name}`,
    run(
      sh`quorate_fence ${k.unit} ${k.service} ${k.process} ${k.dataDir} ${`decider=${decider.name}`}${
        pristine === undefined ? sh`` : sh` ${`pristine=${pristine}`}`
      }`,
    ),
    {
      title: `fence ${n.name}: stop ${calledBy(k)}, keep it from starting, see that no process is left`,
      on: node(n),
      effect: effect("fences", n),
      idempotent: true,
    },
  );

/** S14, S15: renamed beside itself, after the node has seen again whose it is and that nothing runs. */
export const setAside = (n: HostNode, whose: string, k: Kept) =>
  step(
    `set-aside:${n.name}`,
    run(
      sh`quorate_set_aside ${k.dataDir} ${whose} ${k.diskId} ${k.unit} ${k.process} && quorate_unmark ${k.service} latch started`,
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
export const prune = (n: HostNode, paths: readonly string[], k: Kept) =>
  step(`prune:${n.name}`, run(sh`quorate_prune ${k.dataDir} ${k.process} ${paths}`), {
    title: `delete the oldest data that was set aside on ${n.name}`,
    on: node(n),
    effect: { does: "prunes", node: n.name, paths },
    idempotent: true,
  });

/** S17: what was removed must not come back. A node that cannot be reached now is retired as soon as it can. */
export const putAway = (n: HostNode | undefined, m: Member, seen: Observation, k: Kept) =>
  given(n !== undefined && seen.nodes[n.name]?.reached === true && n, (at) => [
    fence(at, k),
    setAside(at, m.id, k),
  ]);

/** The intent of a bootstrap on a node: also over that of an attempt with other members, none of which ever started. */
export const writeIntent = (n: HostNode, all: readonly HostNode[], token: string, k: Kept) => {
  const members = all.map((m) => m.name);
  return step(
    `intent:${n.name}`,
    run(sh`quorate_mark ${k.service} intent ${`token=${token}`} ${`members=${members.join(",")}`}`),
    {
      title: `write the intent on ${n.name}`,
      on: node(n),
      effect: { does: "intends", node: n.name, intent: { token, members } },
      idempotent: true,
    },
  );
};

/** The first start as `new`, marked before it; `command` ends in `quorate_start_new` for this service. */
export const startNew = (n: HostNode, k: Kept, command: Command = startNewShell(k)) =>
  step(`start-new:${n.name}`, run(command), {
    title: `mark ${n.name} as started and start ${calledBy(k)} as new`,
    on: node(n),
    effect: starts(n, "new"),
    unless: markedStarted(n),
  });
const startNewShell = (k: Kept): Command =>
  sh`quorate_start_new ${k.service} ${k.unit} ${k.dataDir} ${k.diskId} ${k.process}`;

/** The cluster is formed and latched: the intent has done its work. */
export const takeIntentAway = (n: HostNode, k: Kept) =>
  step(`formed:${n.name}`, run(sh`quorate_unmark ${k.service} intent`), {
    title: `take the intent away on ${n.name}`,
    on: node(n),
    effect: effect("formed", n),
    idempotent: true,
  });

/** Makes a node ready, its fence lifted, and nothing registered yet (S12). */
export const stageNode = (
  n: HostNode,
  k: Kept,
  command: Command = sh`quorate_stage ${k.service} ${k.unit} ${k.dataDir}`,
) =>
  step(`stage:${n.name}`, run(command), {
    title: `make ${n.name} ready: program, unit and an empty data directory are there`,
    on: node(n),
    effect: effect("unfences", n),
    unless: running(n),
  });

/** A fence has disabled the unit: one that is neither fenced nor enabled would pass for stopped by a person. */
const unfenceToStart = (k: Kept): Command =>
  sh`quorate_enable ${k.unit} && quorate_unfence ${k.unit} ${k.service} && `;

/** Starts a member on its own data, which never lowers the quorum; its fence is lifted first. */
export const startOwn = (
  n: HostNode,
  seen: Observation,
  k: Kept,
  command: Command = sh`quorate_start ${k.unit}`,
) => {
  const unfence = seen.nodes[n.name]?.fenced === "yes" ? unfenceToStart(k) : sh``;
  return step(`start:${n.name}`, run(sh`${unfence}${command}`), {
    title: `start ${calledBy(k)} on ${n.name}`,
    on: node(n),
    effect: starts(n, "itself"),
    unless: running(n),
  });
};

/** The first start of a member that was registered before. */
export const startExisting = (n: HostNode, k: Kept) =>
  step(`start-existing:${n.name}`, run(sh`quorate_start ${k.unit}`), {
    title: `start ${calledBy(k)} on ${n.name}`,
    on: node(n),
    effect: starts(n, "existing"),
    unless: running(n),
  });

/** S18: whom a backup is taken from: a healthy voter that stays, rather not the leader; who leaves only if there is no other. */
export function backupSource(seen: Observation, leaving?: Member): Member | undefined {
  const able = seen.members.filter((m) =>
    m.role === "voter" && m.health === "healthy" && m.id !== leaving?.id &&
    m.node !== undefined && seen.nodes[m.node]?.reached
  );
  return able.find((m) => !m.leader) ?? able[0] ?? leaving;
}

/** S19: what was made ready beside the data takes its place, and the former clusters are given up for it. */
export const succeed = (n: HostNode, whose: string, former: readonly string[], k: Kept) =>
  step(
    `succeed:${n.name}`,
    run(
      sh`quorate_succeed ${k.service} ${k.unit} ${k.process} ${k.dataDir} ${k.diskId} ${whose} ${n.name}${
        former.length === 0 ? sh`` : sh` ${former.join(",")}`
      }`,
    ),
    {
      title: `make ${n.name} the one voter of a new cluster` +
        (former.length === 0 ? "" : `, for which ${former.join(", ")} is given up`),
      on: node(n),
      effect: { does: "succeeds", node: n.name, former },
      idempotent: true,
    },
  );

/** The one voter of a new cluster starts on the data that was put in its place. */
export const startAlone = (n: HostNode, k: Kept, command: Command = sh`quorate_start ${k.unit}`) => [
  step(`start:${n.name}`, run(sh`${unfenceToStart(k)}${command}`), {
    title: `start ${calledBy(k)} on ${n.name}`,
    on: node(n),
    effect: starts(n, "itself"),
    unless: running(n),
  }),
  step("wait-quorum", wait(quorumHeld), { title: `wait until ${n.name} serves`, timeoutMs: 60_000 }),
];

/** Members that are well before a change: none of them may be worse after it. */
export const well = (seen: Observation): readonly Member[] =>
  seen.members.filter((m) => m.health === "healthy");

/** These serve, and nobody who was well, and is still recorded, got worse; who leaves is not waited for. */
export const waitSettled = <const Id extends string>(
  id: Id,
  nodes: readonly HostNode[],
  seen: Observation,
  leaving?: Member,
) =>
  step(id, wait(settled(nodes, well(seen).filter((m) => m.id !== leaving?.id))), {
    title: "wait until all are healthy",
    timeoutMs: 120_000,
  });

/** S3: who a node is and who the others are, written down on it; and which clusters were given up for this one (S19). */
export const latch = (n: HostNode, k: Kept, former: readonly string[] = []) =>
  step(
    `latch:${n.name}`,
    run(
      sh`quorate_latch ${k.service} ${k.dataDir} ${memberId({ node: n.name })} ${k.diskId} ${text`clusterId=${
        derived("clusterId")
      }`} ${text`memberId=${memberId({ node: n.name })}`} ${text`voters=${derived("voters")}`}${
        former.length === 0 ? sh`` : sh` ${`former=${former.join(",")}`}`
      }`,
    ),
    { title: `write down who ${n.name} is`, on: node(n), effect: effect("latches", n), idempotent: true },
  );

/**
 * Who joins under a new id leaves the latch of the member that it was, and that is removed: what it will hold is not what
 * that latch names, and should the quorum be lost before it is latched anew, it would not be counted in. A latch that
 * cannot be read stays (S24).
 */
export const leaveLatch = (n: HostNode, seen: Observation, k: Kept) =>
  given(typeof seen.nodes[n.name]?.latch === "object" && n, (at) => [
    step(`leave-latch:${at.name}`, run(sh`quorate_unmark ${k.service} latch`), {
      title: `take away who ${at.name} was before`,
      on: node(at),
      effect: effect("unlatches", at),
      idempotent: true,
    }),
  ]);

/**
 * The nodes that are latched anew after a change: those that it brought and every reachable voter but the one that left.
 * The voters that a latch names are the evidence of the cluster's size when nobody answers. Who still has an intent is
 * latched when its bootstrap is finished, after its unit may start at boot: else it would look as if a person stopped it.
 */
export const toLatch = (
  nodes: readonly HostNode[],
  seen: Observation,
  also: readonly HostNode[],
  not?: Member,
): readonly HostNode[] =>
  nodes.filter((n) =>
    also.includes(n) ||
    (seen.nodes[n.name]?.reached && typeof seen.nodes[n.name]?.intent !== "object" &&
      seen.members.some((m) => m.node === n.name && m.role === "voter" && m !== not))
  );

/** A latch proves where data is: where it is not seen, above all on a disk that is not mounted, there is nothing to prove. */
export const holdsItsData = (seen: Observation, m: Member): boolean => {
  const data = seen.nodes[m.node ?? ""]?.data;
  return data?.state === "present" && typeof data.identity !== "string" && data.identity.memberId === m.id;
};
