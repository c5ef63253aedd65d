/** A small service for tests of the engine: its steps' commands are words that a fake node understands. */
import {
  all,
  any,
  anyVoter,
  caughtUp,
  type Change,
  effect,
  fenced,
  healthy,
  type HostNode,
  leader,
  learner,
  member,
  memberId,
  movesLeaderFrom,
  node,
  not,
  recorded,
  removes,
  run,
  running,
  type Service,
  setsAside,
  settled,
  sh,
  starts,
  type Step,
  step,
  type StepContext,
  voter,
  wait,
} from "../../mod.ts";

const start = (n: HostNode) =>
  step(`start:${n.name}`, run(sh`start ${n.name}`), {
    on: node(n),
    effect: starts(n, "itself"),
    unless: running(n),
  });
const leave = (m: { readonly id: string }, from: HostNode | undefined): readonly Step[] => [
  step("hand-over", run(sh`hand-over ${m.id}`), {
    on: anyVoter({ not: m.id }),
    effect: movesLeaderFrom(m),
    onlyIf: leader(member(m.id)),
    verify: not(leader(member(m.id))),
  }),
  step("remove", run(sh`remove ${m.id}`), {
    on: anyVoter({ not: m.id }),
    effect: removes(m),
    onlyIf: recorded(member(m.id)),
    verify: not(recorded(member(m.id))),
    retry: { forMs: 30_000, everyMs: 300, when: "not yet" },
  }),
  ...(from === undefined ? [] : putAway(from, m.id)),
];
const putAway = (n: HostNode, whose: string): readonly Step[] => [
  step(`fence:${n.name}`, run(sh`fence ${n.name}`), {
    on: node(n),
    effect: effect("fences", n),
    unless: fenced(n),
  }),
  step(`set-aside:${n.name}`, run(sh`set-aside ${n.name}`), {
    on: node(n),
    effect: setsAside(n, whose),
    idempotent: true,
  }),
];
const join = (n: HostNode, joinTimeoutMs: number): readonly Step[] => [
  step(`stage:${n.name}`, run(sh`stage ${n.name}`), {
    on: node(n),
    effect: effect("unfences", n),
    unless: running(n),
  }),
  step(`register:${n.name}`, run(sh`register ${n.name}`), {
    on: anyVoter(),
    effect: effect("registersLearner", n),
    unless: recorded(n),
    retry: { forMs: 30_000, everyMs: 300, when: "not yet" },
    undo: {
      command: sh`remove ${memberId({ node: n.name })}`,
      if: all(recorded(n), learner(n)),
      effect: { does: "nothing" },
    },
  }),
  start(n),
  step(`wait-in-sync:${n.name}`, wait(any(caughtUp(n), all(voter(n), healthy(n)))), {
    timeoutMs: joinTimeoutMs,
  }),
  step(`promote:${n.name}`, run(sh`promote ${memberId({ node: n.name })}`), {
    on: anyVoter(),
    effect: effect("promotes", n),
    unless: voter(n),
    retry: { forMs: 30_000, everyMs: 300 },
  }),
];

function stepsOf(change: Change, { seen, joinTimeoutMs }: StepContext): readonly Step[] {
  const rest = (not_?: string) => seen.members.filter((m) => m.health === "healthy" && m.id !== not_);
  switch (change.case) {
    case "add":
      return [...join(change.node, joinTimeoutMs), step("wait", wait(settled([change.node], rest())))];
    case "remove":
      return [...leave(change.member, change.node), step("wait", wait(settled([], rest(change.member.id))))];
    case "replace": {
      // A node that cannot be reached now is retired when it can.
      const old = seen.nodes[change.oldNode?.name ?? ""]?.reached ? change.oldNode : undefined;
      const [come, go] = [join(change.node, joinTimeoutMs), leave(change.member, old)];
      return change.dead ? [...go, ...come] : [...come, ...go];
    }
    case "repairCrashed":
      return [start(change.node), step("wait", wait(settled([change.node], rest())))];
    case "repairConfig":
      return [step("restart", run(sh`restart ${change.node.name}`), {
        on: node(change.node),
        effect: effect("restarts", change.node),
        idempotent: true,
      })];
    case "retire":
      return putAway(change.node, change.staleId ?? "none");
    case "restart":
      return [...change.nodes.map(start), step("wait", wait({ ask: "quorum" }))];
    default:
      return [];
  }
}

export const fakeService: Service = {
  survey: undefined,
  cannotRestore: undefined,
  plugin: "fake",
  name: "kv",
  unit: "kv.service",
  dataDir: "/var/lib/kv",
  process: "kv",
  programs: [],
  shell: "",
  check: () => "",
  read: () => ({
    view: undefined,
    disk: "unknown",
    dataPath: undefined,
    settings: undefined,
    installed: undefined,
    notices: [],
  }),
  askPeers: () => "",
  readPeers: () => ({}),
  claims: (m, n) => m.peerUrls.includes(`http://${n.address}:2380`),
  caughtUp: (l) => l.local,
  drift: () => ({ settings: {} }),
  forbids: () => undefined,
  derived: () => undefined,
  lateShell: () => "",
  probeShell: () => undefined,
  steps: stepsOf,
};
