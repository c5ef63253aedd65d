/** S6 to S23: what may be done to what was seen. */
import assert from "node:assert/strict";
import type { Aside, NodeFacts } from "../../../src/model/node.ts";
import type { Member, Observation } from "../../../src/model/observation.ts";
import { forbidsEffect } from "../../../src/rules/effects.ts";
import { full, heldByPerson, unfit } from "../../../src/rules/node_fit.ts";
import { badOrder } from "../../../src/rules/order.ts";
import { oneLearner, promoteInSync } from "../../../src/rules/s08_learner_first.ts";
import { capped, removalCap } from "../../../src/rules/s09_cap.ts";
import { keepsNobody } from "../../../src/rules/s10_move_all.ts";
import { leaderLast, leaderToTheEnd } from "../../../src/rules/s11_leader_last.ts";
import { surplus } from "../../../src/rules/s14_prune.ts";
import { notACurrentMember } from "../../../src/rules/s15_data.ts";
import { cannotFence } from "../../../src/rules/s17_unfenced.ts";
import { paused } from "../../../src/rules/s23_paused.ts";
import { backoffMs, triedEnough } from "../../../src/rules/tries.ts";
import { sh } from "../../../src/playbook/command.ts";
import { type Effect, effect, nothing, setsAside } from "../../../src/playbook/effect.ts";
import { fetch, run, type Step, step } from "../../../src/playbook/step.ts";
import { node } from "../../../src/playbook/where.ts";
import {
  cluster,
  clusterId,
  empty,
  holds,
  host,
  idOf,
  masked,
  type Over,
  place,
  rulesOf,
  sick,
  target,
  unreachable,
} from "../core_samples.ts";

const t = target("n1 n2 n3", "n1 n2 n3 n4 n5");
const three = cluster(t, "n1 n2 n3");
const learner: Partial<Member> = { role: "learner", caughtUp: "yes" };

const asideIn = (month: number, cluster = clusterId, memberId = `m${month}`): Aside => {
  const at = `20260${month}01T120000Z`;
  return { path: `/data.quorate-${at}-${cluster}-${memberId}`, at, clusterId: cluster, memberId };
};

Deno.test("S14: what lies aside beyond the newest few of each cluster is too much, one always stays", () => {
  const all = [asideIn(1), asideIn(2), asideIn(3), asideIn(1, "c2")];
  const months = (keep: number) => surplus(all, keep).map((a) => a.memberId);
  assert.deepEqual([months(0), months(1), months(2), months(3)], [["m1", "m2"], ["m1", "m2"], ["m1"], []]);
});

Deno.test("S14: the newest of a cluster stays, and so does everything while a member is not healthy", () => {
  const all = [asideIn(1), asideIn(2), asideIn(1, "c2")];
  const [old, newest, other] = all.map((a) => a.path);
  const seen = (over: Over = {}) => cluster(t, "n1 n2 n3", { ...over, nodes: { n4: { aside: all } } });
  const pruning = (o: Observation, ...paths: readonly (string | undefined)[]) =>
    rulesOf([forbidsEffect(o, { does: "prunes", node: "n4", paths: paths.flatMap((p) => p ?? []) })]);
  assert.deepEqual(pruning(seen(), old), []);
  assert.deepEqual(pruning(seen(), old, "/gone"), []);
  for (const paths of [[newest], [old, newest], [other]]) {
    assert.deepEqual(pruning(seen(), ...paths), ["S14"]);
  }
  assert.deepEqual(pruning(seen({ members: { n2: sick } }), old), ["S14"]);
  assert.deepEqual(pruning(seen({ state: "lost" }), old), ["S14"]);
  const back = [asideIn(1, clusterId, idOf(three, "n1")), asideIn(2)];
  const current = cluster(t, "n1 n2 n3", { nodes: { n4: { aside: back } } });
  assert.deepEqual(pruning(current, back[0]?.path), ["S14"]);
});

Deno.test("S8: one learner at most, and none beside a member that never started", () => {
  assert.equal(oneLearner(three, "n4"), undefined);
  for (const over of [learner, { name: "" }]) {
    const seen = cluster(t, "n1 n2 n3", { members: { n3: over } });
    const stop = oneLearner(seen, "n4");
    assert.deepEqual(rulesOf([stop]), ["S8"]);
    assert.match(stop?.evidence ?? "", /n3.*n4/);
    assert.equal(oneLearner(seen, "n3"), undefined, "its own node is resumed");
  }
});

Deno.test("S8: only a started learner that is seen in sync is promoted", () => {
  const [m] = three.members;
  assert.ok(m);
  assert.equal(promoteInSync({ ...m, ...learner }, "n1"), undefined);
  for (
    const over of [{ caughtUp: "no" }, { caughtUp: "unknown" }, { name: "" }] satisfies Partial<Member>[]
  ) {
    assert.deepEqual(rulesOf([promoteInSync({ ...m, ...learner, ...over }, "n1")]), ["S8"]);
  }
  assert.match(promoteInSync(undefined, "n4")?.evidence ?? "", /n4 is not recorded/);
});

Deno.test("S9: a run removes a minority at most, and one at least", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 7].map(removalCap), [1, 1, 1, 1, 2, 3]);
  assert.equal(capped({ done: 1, votersAtStart: 5 }, "n1"), undefined);
  const stop = capped({ done: 2, votersAtStart: 5 }, "n1");
  assert.deepEqual(rulesOf([stop]), ["S9"]);
  assert.match(stop?.evidence ?? "", /2 of 5.*n1/);
});

Deno.test("S10: a config that keeps no voter is refused unless it says so", () => {
  assert.equal(keepsNobody(target("n3 n4 n5"), three), undefined);
  const away = target("n4 n5", "n1 n2 n3 n4 n5");
  assert.deepEqual(rulesOf([keepsNobody(away, three)]), ["S10"]);
  assert.match(keepsNobody(away, three)?.evidence ?? "", /n1, n2, n3/);
  assert.equal(keepsNobody(target("n4 n5", "n4 n5", { moveAll: true }), three), undefined);
  const kept = cluster(t, "n1 n2 n4", { members: { n4: learner } });
  assert.deepEqual(rulesOf([keepsNobody(target("n4"), kept)]), ["S10"], "a learner does not count");
});

Deno.test("S11: a leader hands over before it is touched, unless nobody could take over", () => {
  const [leader, follower] = three.members;
  assert.ok(leader && follower);
  const stop = leaderLast(three, leader);
  assert.deepEqual(rulesOf([stop]), ["S11"]);
  assert.match(stop?.evidence ?? "", /n1/);
  assert.equal(leaderLast(three, follower), undefined);
  const alone = cluster(t, "n1 n2", { members: { n2: sick } });
  assert.equal(leaderLast(alone, leader), undefined);
  const order = leaderToTheEnd(three.members.map((member) => ({ member }))).map((x) => x.member.node);
  assert.deepEqual(order, ["n2", "n3", "n1"]);
});

const aside = (over: Partial<NodeFacts>, state: "held" | "lost" = "held") =>
  notACurrentMember(cluster(t, "n1 n2 n3", { nodes: { n4: over }, state }), "n4");
const stale = { clusterId, memberId: "dead" };

Deno.test("S15: a former member's data may be set aside, and what is empty or a package's default", () => {
  assert.equal(aside(holds(stale)), undefined);
  assert.equal(aside(empty), undefined);
  assert.equal(aside({ data: { state: "pristine", identity: stale, place } }, "lost"), undefined);
});

const keeps: Readonly<Record<string, readonly [Partial<NodeFacts>, RegExp]>> = {
  "of a current member": [holds({ clusterId, memberId: idOf(three, "n2") }), new RegExp(idOf(three, "n2"))],
  "of another cluster": [holds({ clusterId: "ffff", memberId: "b1" }), /ffff/],
  "whose member cannot be read": [holds("unknown"), /n4 holds data whose member id/],
  "that could not be read": [
    { data: { state: "unknown", identity: "unknown", place, why: "I/O error" } },
    /I\/O/,
  ],
  "of an unreachable node": [unreachable, /n4/],
  "that a process uses": [{ ...holds(stale), process: "yes" }, /process.*n4/],
  "that a process may use": [{ ...holds(stale), process: "unknown" }, /process.*n4/],
};
for (const [what, [over, evidence]] of Object.entries(keeps)) {
  Deno.test(`S15: data ${what} stays`, () => {
    assert.deepEqual(rulesOf([aside(over)]), ["S15"]);
    assert.match(aside(over)?.evidence ?? "", evidence);
  });
}
Deno.test("S15: without a quorum no data is set aside: it may be the last copy", () => {
  assert.match(aside(holds(stale), "lost")?.evidence ?? "", /last copy/);
});

Deno.test("S17: a member on no node of the config stays, unless the policy says otherwise", () => {
  const [m] = three.members;
  assert.ok(m);
  assert.equal(cannotFence(m, false), undefined);
  const stop = cannotFence({ ...m, node: undefined }, false);
  assert.deepEqual(rulesOf([stop]), ["S17"]);
  assert.match(stop?.evidence ?? "", new RegExp(m.id));
  assert.equal(cannotFence({ ...m, node: undefined }, true), undefined);
});

Deno.test("S23: a paused service is named", () => {
  assert.equal(paused(t), undefined);
  assert.deepEqual(rulesOf([paused(target("n1", "n1", { paused: true }))]), ["S23"]);
});

Deno.test("tries of one change are bounded and wait longer each time, at most ten minutes", () => {
  assert.deepEqual([0, 1, 2, 3, 7, 50].map(backoffMs), [0, 10_000, 20_000, 40_000, 600_000, 600_000]);
  const tried = (count: number, ago: number) =>
    triedEnough({ attempts: { "add:n4": { count, lastMs: 1_000_000 } } }, "add:n4", 3, 1_000_000 + ago);
  assert.equal(triedEnough({ attempts: {} }, "add:n4", 3, 0), undefined);
  assert.match(tried(1, 4_000)?.evidence ?? "", /add:n4 failed once.* 6 s/);
  assert.equal(tried(1, 10_000), undefined);
  assert.match(tried(2, 19_999)?.evidence ?? "", /2 times.* 1 s/);
  assert.match(tried(3, 1e9)?.evidence ?? "", /3 times in vain/);
  assert.equal(tried(2, -5_000), undefined, "a clock that jumped back does not make it wait for ever");
});

Deno.test("a node that cannot be reached, lacks a tool or has a read-only disk is not acted on", () => {
  const on = (over: Partial<NodeFacts>) =>
    unfit(host("n4"), cluster(t, "", { nodes: { n4: over } }).nodes.n4);
  assert.equal(on({}), undefined);
  assert.match(on(unreachable)?.evidence ?? "", /n4 cannot be reached: timed out/);
  assert.match(on({ missing: ["flock"] })?.unblock ?? "", /install flock on n4/);
  assert.match(on({ disk: { freeBytes: 1, totalBytes: 2, readOnly: true } })?.evidence ?? "", /read-only/);
  assert.deepEqual(rulesOf([unfit(host("n4"), undefined)]), ["S4"]);
});

Deno.test("nothing is started on a full disk; what runs there is left alone", () => {
  const facts = (freeBytes: number) =>
    cluster(t, "", { nodes: { n4: { disk: { freeBytes, totalBytes: 2 ** 40, readOnly: false } } } }).nodes.n4;
  assert.equal(full(host("n4"), undefined), undefined);
  assert.equal(full(host("n4"), facts(2 ** 20)), undefined);
  assert.match(full(host("n4"), facts(2 ** 20 - 1))?.evidence ?? "", /n4 is full/);
  assert.equal(unfit(host("n4"), facts(0)), undefined);
});

Deno.test("a unit that a person masked or stopped is respected; a fence of ours is not a person's", () => {
  const held = (over: Partial<NodeFacts>, what: "masked" | "stopped") => {
    const f = cluster(t, "n1 n2 n3", { nodes: { n2: over } }).nodes.n2;
    assert.ok(f);
    return rulesOf([heldByPerson(host("n2"), f, what)]);
  };
  const unit = { load: "loaded", active: "inactive", restarts: 0, result: "", mainPid: undefined } as const;
  const disabled = { unit: { ...unit, enabled: "disabled" } };
  assert.deepEqual(held(masked, "masked"), ["masked"]);
  assert.deepEqual(held({ unit: { ...unit, enabled: "masked-runtime" } }, "masked"), ["masked"]);
  assert.deepEqual(held({ ...masked, fenced: "yes" }, "masked"), ["masked"], "a fence masks nothing");
  assert.deepEqual(held(disabled, "stopped"), ["masked"]);
  assert.deepEqual(held({ ...disabled, fenced: "yes" }, "stopped"), [], "a fence disables the unit");
  assert.deepEqual(held(disabled, "masked"), [], "a node that joins is enabled by that");
  assert.deepEqual(held({ unit: { ...unit, enabled: "enabled" } }, "stopped"), []);
  // A bootstrap that has not come as far as a latch has not enabled the unit either.
  const intent = { token: "t1", members: ["n1", "n2", "n3"] };
  assert.deepEqual(held({ ...disabled, intent, latch: "none" }, "stopped"), []);
  assert.deepEqual(held({ ...disabled, intent }, "stopped"), ["masked"]);
});

// ---- order of a playbook's steps ----------------------------------------------------------------------------------

const n4 = host("n4");
const doing = (id: string, does: Effect): Step =>
  step(id, run(sh`true`), { on: node(n4), effect: does, idempotent: true });
const backup = step("b", fetch("/f", "snapshot"), { on: node(n4), effect: nothing, idempotent: true });
const orders: readonly (readonly [string, string | undefined, readonly Step[]])[] = [
  ["stage, then register", undefined, [
    backup,
    doing("s", effect("unfences", n4)),
    doing("r", effect("registersLearner", n4)),
  ]],
  ["register what was not staged", "S12", [backup, doing("r", effect("registersLearner", n4))]],
  ["register, another node was staged", "S12", [
    backup,
    doing("s", effect("unfences", host("n5"))),
    doing("r", effect("registersLearner", n4)),
  ]],
  ["fence, then set aside", undefined, [doing("f", effect("fences", n4)), doing("a", setsAside(n4, "x"))]],
  ["set aside without a fence", "S16", [doing("a", setsAside(n4, "x")), doing("f", effect("fences", n4))]],
  ["remove without a snapshot", "S18", [doing("m", { does: "removes", member: "a1" })]],
  ["remove before its snapshot", "S18", [doing("m", { does: "removes", member: "a1" }), backup]],
  ["remove after a snapshot", undefined, [backup, doing("m", { does: "removes", member: "a1" })]],
  ["one id twice", "playbook", [doing("f", nothing), doing("f", nothing)]],
];
for (const [what, rule, steps] of orders) {
  Deno.test(`the order of steps: ${what} is ${rule === undefined ? "right" : `refused by ${rule}`}`, () => {
    assert.equal(badOrder(steps, true)?.rule, rule);
  });
}
Deno.test("the order of steps: no snapshot is asked for where the policy has none", () => {
  assert.equal(badOrder([doing("m", { does: "removes", member: "a1" })], false), undefined);
});
