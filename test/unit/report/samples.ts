/** Runs, plans and observations that reports are rendered from. */
import type { Event, Happening, StepName } from "../../../src/model/event.ts";
import type { HostNode, NodeFacts } from "../../../src/model/node.ts";
import type { Observation, Target } from "../../../src/model/observation.ts";
import type { ServicePlan } from "../../../src/model/plan.ts";
import { quorumOf } from "../../../src/model/quorum.ts";
import type { Refusal } from "../../../src/model/refusal.ts";
import { sampleCluster, sampleNode, samplePolicy } from "../../../src/plan/sample.ts";

export const host = (name: string): HostNode => ({
  name,
  host: `10.0.0.1${name.slice(1)}`,
  address: name,
  labels: {},
});
export const target: Target = {
  service: "metadata",
  desired: [host("n1"), host("n2"), host("n4")],
  nodes: ["n1", "n2", "n3", "n4"].map(host),
  policy: samplePolicy,
};

/** n1, n2, n3 healthy with n1 leading; n4 empty. Anything may be told differently. */
export function observation(change: Partial<Observation> = {}): Observation {
  const seen = sampleCluster(target, [host("n1"), host("n2"), host("n3")]);
  return { ...seen, members: seen.members.map((m) => ({ ...m, version: "3.5.16" })), ...change };
}
export const facts = (node: string, change: Partial<NodeFacts>): NodeFacts => ({
  ...sampleNode(node),
  ...change,
});

export const refusal: Refusal = {
  rule: "S9",
  evidence: "the config leaves out n2 and n3: 2 of 3 voters at once, at most 1 a run",
  unblock: "take out one member, apply, then the next",
};

const ids = ["stage:n4", "register-learner", "start:n4", "promote"] as const;
const step = (index: number): StepName => {
  const id = ids[index - 1] ?? "";
  return { id, title: id.replaceAll("-", " ").replace(":", " "), index, total: ids.length };
};
export const steps = ids.map((id) => ({ id, title: id }));

/** Events of one service, one a second. */
export const events = (service: string, happenings: readonly Happening[]): readonly Event[] =>
  happenings.map((h, i) => ({
    time: `2026-01-02T03:04:${String(i).padStart(2, "0")}.000Z`,
    run: "r1",
    service,
    ...h,
  }));

const began: readonly Happening[] = [
  { event: "runStarted", config: "quorate.yaml", version: "0.1.0" },
  { event: "observed", case: "change", state: "held", quorum: quorumOf(3, 3), ms: 310 },
];
const adding: readonly Happening[] = [
  { event: "changeStarted", case: "add", subject: "n4", steps },
  { event: "stepSkipped", step: step(1), why: "n4 is staged" },
  { event: "stepStarted", step: step(2), on: "n1", command: "etcdctl member add n4 --learner" },
];

/** Runs by name; each is what an engine would tell. */
export const runs = {
  steady: [
    ...began.slice(0, 1),
    { event: "observed", case: "steady", state: "held", quorum: quorumOf(3, 3), ms: 310 },
    { event: "runEnded", outcome: "steady", changed: 0, ms: 320 },
  ],
  converged: [
    ...began,
    ...adding,
    { event: "stepDone", step: step(2), ms: 212 },
    { event: "stepStarted", step: step(3), on: "n4", command: "systemctl start etcd.service" },
    { event: "stepWaiting", step: step(3), why: "n4 is not healthy yet" },
    { event: "stepWaiting", step: step(3), why: "n4 is not healthy yet" },
    { event: "stepDone", step: step(3), ms: 3_400, output: "started\n" },
    { event: "stepStarted", step: step(4), on: "n1", command: "etcdctl member promote a1" },
    { event: "stepDone", step: step(4), ms: 95 },
    { event: "changeDone", case: "add", subject: "n4", ms: 4_100 },
    { event: "stabilizing", ms: 5_000 },
    { event: "observed", case: "steady", state: "held", quorum: quorumOf(4, 4), ms: 250 },
    { event: "runEnded", outcome: "converged", changed: 1, ms: 9_800 },
  ],
  failed: [
    ...began,
    ...adding,
    {
      event: "stepFailed",
      step: step(2),
      ms: 61_300,
      failure: {
        on: "n1",
        command: "etcdctl member add n4 --learner \\\n  --peer-urls=http://n4:2380",
        what: "it ended with exit code 1",
        output: "Error: etcdserver: \u001b[31mPeer URLs already exists\nhint: see the log",
        next: "see the service's log on n1; the next run goes on from what it finds",
      },
    },
    { event: "undone", step: "register-learner", ok: true, detail: "n1: etcdctl member remove a4" },
    { event: "undone", step: "stage:n4", ok: false, detail: "nowhere to run it" },
    {
      event: "runEnded",
      outcome: "failed",
      changed: 0,
      ms: 62_000,
      why: "it ended with exit code 1 (on n1)",
    },
  ],
  refused: [
    ...began,
    { event: "refused", refusals: [refusal] },
    { event: "runEnded", outcome: "refused", changed: 0, ms: 400, why: refusal.evidence },
  ],
  quorumLost: [
    ...began.slice(0, 1),
    {
      event: "quorumLost",
      refusal: { rule: "S19", evidence: "n2 and n3 are down", unblock: "start etcd.service on n2 or n3" },
    },
    { event: "runEnded", outcome: "quorumLost", changed: 0, ms: 400, why: "n2 and n3 are down" },
  ],
  yielded: [
    ...began,
    { event: "yielded", holder: "mgmt2:77" },
    { event: "runEnded", outcome: "yielded", changed: 0, ms: 400 },
  ],
  unfinished: [
    ...began,
    ...adding,
    { event: "runEnded", outcome: "unfinished", changed: 0, ms: 600_400, why: "policy.deadline has passed" },
  ],
} as const satisfies Readonly<Record<string, readonly Happening[]>>;

/** Adds n4, and after that removes n3; and a plan of each other kind. */
export const plans: readonly ServicePlan[] = [
  {
    name: "metadata",
    plugin: "etcd",
    case: "add",
    seen: observation(),
    refusals: [],
    changes: [
      {
        change: { case: "add", node: host("n4") },
        exact: true,
        quorumAfter: quorumOf(4, 4),
        steps: [
          {
            id: "stage:n4",
            title: "write the settings on n4",
            on: "n4",
            effect: "configures",
            command: "put_settings /etc/default/etcd",
            runbook: 'put_settings() {\n  cat > "$1"\n}\nput_settings /etc/default/etcd',
            guard: "twice is the same as once",
            skip: true,
          },
          {
            id: "register-learner",
            title: "register n4 as a learner",
            on: "n1",
            effect: "registersLearner",
            command: "etcdctl member add n4 --learner \\\n  --peer-urls=http://n4:2380",
            runbook: "etcdctl member add n4 --learner \\\n  --peer-urls=http://n4:2380",
            guard: "unless n4 is recorded",
            skip: false,
          },
          {
            id: "caught-up",
            title: "wait until n4\nhas caught up",
            on: "management",
            effect: "waits",
            skip: false,
          },
          {
            id: "promote",
            title: "promote n4",
            on: "the leader",
            effect: "promotes",
            command: "etcdctl member promote <id of n4>",
            runbook: 'etcdctl member promote "$(etcdctl member list | awk …)"',
            skip: false,
          },
        ],
      },
      {
        change: { case: "remove", member: nth(2), node: host("n3") },
        exact: false,
        quorumAfter: quorumOf(3, 3),
        steps: [{
          id: "remove",
          title: "remove n3",
          on: "n1",
          effect: "removes",
          command: "etcdctl member remove a300000000000000",
          runbook: "etcdctl member remove a300000000000000",
          skip: false,
        }],
      },
    ],
  },
  {
    name: "locks",
    plugin: "etcd",
    case: "refused",
    seen: observation({ service: "locks" }),
    changes: [],
    refusals: [refusal],
  },
  {
    name: "calm",
    plugin: "etcd",
    case: "steady",
    seen: observation({ service: "calm" }),
    changes: [],
    refusals: [],
  },
];

function nth(i: number) {
  const member = observation().members[i];
  if (member === undefined) throw new RangeError(`the sample has no member ${i}`);
  return member;
}
