import assert from "node:assert/strict";
import { atRest, failedOnce, joinTimeLeft, remember, tryKey } from "../../../src/engine/memory.ts";
import type { Memory } from "../../../src/model/observation.ts";
import { cluster, clusterId, host, idOf, place, sick, target } from "../core_samples.ts";

const t = target("n1 n2 n3", "n1 n2 n3 n4");
const three = cluster(t, "n1 n2 n3");
const joining = cluster(t, "n1 n2 n3 n4", { members: { n4: { role: "learner", name: "" } } });
const tried = (...keys: string[]): Memory => ({
  clusterId,
  attempts: Object.fromEntries(keys.map((key) => [key, { count: 2, lastMs: 500 }])),
});
const keysAfter = (m: Memory, seen = three) => Object.keys(remember(m, seen, 900).attempts);

Deno.test("the cluster is remembered once it was seen to hold its quorum, and not before", () => {
  assert.equal(remember({ attempts: {} }, three, 1).clusterId, clusterId);
  for (const state of ["lost", "unknown", "never-formed"] as const) {
    const memory: Memory = { attempts: {} };
    assert.equal(remember(memory, { ...three, state }, 1), memory, state);
  }
});

Deno.test("nothing is written where nothing is new", () => {
  const memory = remember({ attempts: {} }, joining, 100);
  assert.equal(remember(memory, joining, 200), memory);
});

Deno.test("a voter that is well has no failed tries to its name; one that is not keeps them", () => {
  const seen = cluster(t, "n1 n2 n3", { members: { n3: sick } });
  assert.deepEqual(
    keysAfter(tried("repairCrashed:n2", "repairCrashed:n3", "add:n1", "add:n4", "retire:n4"), seen),
    ["repairCrashed:n3", "add:n4", "retire:n4"],
  );
});

Deno.test("tries of a configuration outlive the member's health, which says nothing of them, until all is at rest", () => {
  const memory = tried("repairConfig:n1");
  assert.deepEqual(keysAfter(memory), ["repairConfig:n1"]);
  assert.deepEqual(atRest(memory), { clusterId, attempts: {} });
  const empty: Memory = { attempts: {} };
  assert.equal(atRest(empty), empty);
});

Deno.test("a failed change counts one more try, at the time when it failed", () => {
  const change = { case: "add", node: host("n4") } as const;
  const once = failedOnce({ attempts: {} }, change, 100);
  assert.deepEqual(failedOnce(once, change, 200).attempts, { "add:n4": { count: 2, lastMs: 200 } });
});

Deno.test("the new half of a replacement is tried as an addition", () => {
  const [member] = three.members;
  assert.ok(member);
  assert.equal(tryKey({ case: "replace", member, node: host("n4"), dead: true }), "add:n4");
  assert.equal(tryKey({ case: "repairWiped", member, node: host("n1") }), "repairWiped:n1");
});

Deno.test("a join's grace counts from when the learner was first seen, over runs, and ends in a second to promote in", () => {
  const left = (wall: number, m = remember({ attempts: {} }, joining, 1_000)) =>
    joinTimeLeft(m, joining, "n4", 60_000, wall);
  assert.equal(left(1_000), 60_000);
  assert.equal(left(31_000), 30_000);
  assert.equal(left(999_000), 1_000);
  assert.equal(left(500), 60_000, "a clock that jumped back gives the whole grace again");
  assert.equal(joinTimeLeft({ attempts: {} }, three, "n4", 60_000, 5), 60_000, "not registered yet");
});

Deno.test("a learner that is gone or was promoted is not waited for any more", () => {
  const memory = remember({ attempts: {} }, joining, 1_000);
  assert.deepEqual(Object.keys(memory.attempts), [`join:${idOf(joining, "n4")}`]);
  assert.deepEqual(keysAfter(memory), []);
  assert.deepEqual(keysAfter(memory, cluster(t, "n1 n2 n3 n4")), []);
});

Deno.test("clusters that were given up are remembered, and none of them is taken for this one again", () => {
  const given = { ...sampleLatch, former: ["c0"] };
  const seen = { ...three, nodes: { ...three.nodes, n1: { ...nodeOf("n1"), latch: given } } };
  const memory = remember({ attempts: {} }, seen, 1);
  assert.deepEqual([memory.clusterId, memory.former], [clusterId, ["c0"]]);
  assert.equal(remember(memory, seen, 2), memory);
  assert.equal(remember(memory, { ...three, clusterId: "c0" }, 3), memory);
});
const nodeOf = (name: string) => three.nodes[name] ?? assert.fail(name);
const sampleLatch = { clusterId, memberId: idOf(three, "n1"), ...place, voters: ["n1", "n2", "n3"] };
