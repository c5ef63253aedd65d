/** Plans: the change that runs now, and what is expected to follow. */
import assert from "node:assert/strict";
import { classify } from "../../../src/classify/classify.ts";
import { type Case, type Change, subjectOf } from "../../../src/model/change.ts";
import type { ServicePlan } from "../../../src/model/plan.ts";
import { explainCase } from "../../../src/plan/explain.ts";
import { planService } from "../../../src/plan/plan.ts";
import { planChange } from "../../../src/plan/steps.ts";
import { anyVoter, effect, memberId, node, nothing, run, type Service, sh, step } from "../../../mod.ts";
import {
  cluster,
  clusterId,
  holds,
  host,
  input,
  latch,
  type Over,
  sick,
  target,
  unreachable,
} from "../core_samples.ts";
import { fakeService } from "../fake_service.ts";

const hosts = "n1 n2 n3 n4 n5 n6";
/** Writes latches anew after each change, as every playbook has to. */
const latching: Service = {
  ...fakeService,
  steps: (change, context) => {
    const comes = change.case === "add" || change.case === "replace" ? [change.node.name] : [];
    const goes = change.case === "remove" || change.case === "replace" ? change.member.node : undefined;
    const stay = context.seen.members.flatMap((
      m,
    ) => (m.node === undefined || m.node === goes ? [] : [m.node]));
    return [
      ...fakeService.steps(change, context),
      ...new Set([...stay, ...comes]).values().map((n) =>
        step(`latch:${n}`, run(sh`latch`), {
          on: node(host(n)),
          effect: effect("latches", host(n)),
          idempotent: true,
        })
      ),
    ];
  },
};
const plan = (
  desired: string,
  recorded: string,
  over: Over = {},
  service = latching,
): ServicePlan => {
  const t = target(desired, hosts);
  const i = input(t, cluster(t, recorded, over), { judge: service });
  return planService(service, t, { seen: i.seen, verdict: classify(i), memory: i.memory, wallMs: i.wallMs });
};
const cases = (p: ServicePlan) => p.changes.map(({ change }) => `${change.case} ${subjectOf(change)}`);

Deno.test("nothing to do is an empty plan", () => {
  const p = plan("n1 n2 n3", "n1 n2 n3");
  assert.deepEqual([p.case, p.changes, p.refusals], ["steady", [], []]);
});

Deno.test("several changes are planned in the order in which they will run; only the first is exact", () => {
  const p = plan("n1 n2 n3 n4 n5", "n1 n2 n3");
  assert.deepEqual(cases(p), ["add n4", "add n5"]);
  assert.deepEqual(p.changes.map((c) => c.exact), [true, false]);
  assert.deepEqual(p.changes.map((c) => c.quorumAfter.voters), [4, 5]);
  assert.deepEqual(
    cases(plan("n4 n2 n3", "n1 n2 n3", { members: { n1: sick }, nodes: { n1: unreachable } })),
    [
      "replace n1→n4",
    ],
  );
});

Deno.test("a plan goes as far as one run may, and says what stops it there", () => {
  const p = plan("n3", "n1 n2 n3");
  assert.deepEqual([cases(p), p.refusals.map((r) => r.rule)], [["remove n2"], ["S9"]]);
});

Deno.test("a refusal is a plan without changes", () => {
  const p = plan("n4 n5 n6", "n1 n2 n3");
  assert.deepEqual([p.case, p.changes, p.refusals.map((r) => r.rule)], ["refused", [], ["S10"]]);
});

Deno.test("a drift is planned once for each member, the leader last", () => {
  const service: Service = { ...latching, drift: () => ({ settings: { A: "b" } }) };
  const p = plan("n1 n2 n3", "n1 n2 n3", {}, service);
  assert.deepEqual(cases(p).slice(0, 2), ["repairConfig n2", "repairConfig n3"]);
});

Deno.test("what comes after the restart of a stopped cluster is not known before it runs", () => {
  const down = { process: "no" } as const;
  const p = plan("n1 n2 n3 n4", "n1 n2 n3", { state: "lost", nodes: { n1: down, n2: down, n3: down } });
  assert.deepEqual(cases(p), ["restart n1,n2,n3"]);
});

Deno.test("a former member is put away, and then the rest is done", () => {
  const stale = { ...holds({ clusterId, memberId: "old" }), ...latch({ clusterId, memberId: "old" }) };
  assert.deepEqual(cases(plan("n1 n2 n3 n4", "n1 n2 n3", { nodes: { n4: stale } })), ["retire n4", "add n4"]);
});

// ---- one change's steps ---------------------------------------------------------------------------------------------

const planned = (change: Change, service: Service, recorded = "n1 n2 n3") => {
  const t = target("n1 n2 n3 n4");
  return planChange(service, t, cluster(t, recorded), change, true);
};
const add = { case: "add", node: host("n4") } as const;

Deno.test("a value that does not exist yet stands by its name, one that does as it is", () => {
  const { planned: p } = planned(add, fakeService);
  assert.equal(p.steps.find((s) => s.id === "promote:n4")?.command, "promote <id of n4>");
  const { planned: later } = planned(add, fakeService, "n1 n2 n3 n4");
  assert.equal(later.steps.find((s) => s.id === "promote:n4")?.command, "promote a400000000000000");
});

Deno.test("a step whose guard holds is shown as skipped, and its effect is not counted", () => {
  const { planned: p, after } = planned(add, fakeService, "n1 n2 n3 n4");
  assert.deepEqual(p.steps.filter((s) => !s.skip).map((s) => s.id), ["wait-in-sync:n4", "wait"]);
  assert.equal(after.members.length, 4);
  assert.deepEqual(planned(add, fakeService).planned.steps.filter((s) => s.skip), []);
});

Deno.test("a step names the node that it would run on now: a follower before the leader", () => {
  const on = anyVoter();
  const service: Service = {
    ...fakeService,
    steps: () => [
      step("voter", run(sh`x`), { on, effect: nothing, idempotent: true }),
      step("there", run(sh`x ${memberId({ node: "n1" })}`), {
        on: node(host("n4")),
        effect: nothing,
        idempotent: true,
      }),
    ],
  };
  const { planned: p } = planned(add, service);
  assert.deepEqual(p.steps.map((s) => s.on), ["n2", "n4"]);
  assert.deepEqual(p.steps.map((s) => s.guard), ["twice is the same as once", "twice is the same as once"]);
});

Deno.test("every case can be explained on a config's own nodes, for each of them", () => {
  const all: readonly Case[] = [
    "add",
    "remove",
    "replace",
    "retire",
    "repairCrashed",
    "repairConfig",
    "restart",
  ];
  const t = target("n1 n2 n3", "n1 n2 n3 n4");
  for (const kind of all) {
    for (const name of [undefined, "n1", "n2"]) {
      const p = explainCase(fakeService, t, kind, name);
      assert.equal(p.case, kind);
      assert.ok((p.changes[0]?.steps.length ?? 0) > 0, `${kind} ${name}`);
    }
  }
  assert.throws(() => explainCase(fakeService, { ...t, desired: [] }, "add"), RangeError);
});
