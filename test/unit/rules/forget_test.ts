/** When the latches of a cluster may be taken away, and when not. */
import assert from "node:assert/strict";
import { forgetting } from "../../../src/rules/s01_forget.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import {
  cluster,
  clusterId,
  empty,
  holds,
  latch,
  type Over,
  place,
  target,
  unreachable,
  view,
} from "../core_samples.ts";

const t = target("n1 n2 n3", "n1 n2 n3 n4");
const gone = { clusterId, memberId: "a1" };
const other = { clusterId: "c2", memberId: "b1" };
const destroyed: Partial<NodeFacts> = { ...empty, view: undefined, ...latch(gone) };
const blank: Partial<NodeFacts> = { ...empty, view: undefined, latch: "none" };
const all = { n1: destroyed, n2: destroyed, n3: destroyed, n4: blank };
const judged = (nodes: Over["nodes"]) =>
  forgetting(t, cluster(t, "", { nodes: { ...all, ...nodes } }), clusterId);
const rules = (nodes: Over["nodes"]) => judged(nodes).refusals.map((r) => r.rule);

Deno.test("nothing of it is left: its latches may go, and only its own", () => {
  assert.deepEqual(judged({}), { nodes: ["n1", "n2", "n3"], refusals: [] });
  assert.deepEqual(judged({ n3: blank }), { nodes: ["n1", "n2"], refusals: [] });
  assert.deepEqual(judged({ n3: { ...destroyed, ...latch(other) } }), { nodes: ["n1", "n2"], refusals: [] });
});

Deno.test("a host that cannot be asked may hold all of it", () => {
  assert.deepEqual(rules({ n4: unreachable }), ["S24"]);
  assert.deepEqual(rules({ n2: { ...destroyed, latch: "unknown" } }), ["S24"]);
});

Deno.test("whatever runs or answers and is not proven to be another cluster's stops it", () => {
  assert.deepEqual(rules({ n4: { ...blank, process: "yes" } }), ["S1"]);
  assert.deepEqual(rules({ n4: { ...blank, process: "unknown" } }), ["S1"]);
  assert.deepEqual(rules({ n4: { ...blank, process: "yes", view: view("a9") } }), ["S1"]);
  assert.deepEqual(rules({ n4: { ...blank, view: view("a9", { identity: undefined }) } }), ["S1"]);
  // Another cluster may run elsewhere, and not where a latch of this one lies.
  const runs = { process: "yes", view: view("b1", { identity: other }) } as const;
  assert.deepEqual(rules({ n4: { ...blank, ...holds(other), ...runs } }), []);
  assert.deepEqual(rules({ n1: { ...destroyed, ...holds(other), ...runs } }), ["S1"]);
});

Deno.test("data of it stops it, and so does what may be", () => {
  assert.deepEqual(rules({ n1: { ...destroyed, ...holds(gone) } }), ["S15"]);
  assert.deepEqual(rules({ n4: { ...blank, ...holds("unknown") } }), ["S15"]);
  assert.deepEqual(rules({ n1: { ...destroyed, data: { state: "unknown", identity: "unknown", place } } }), [
    "S3",
  ]);
  assert.deepEqual(rules({ n4: { ...blank, ...holds(other) } }), []);
});

Deno.test("a voter's node that is in no config may hold it", () => {
  assert.deepEqual(rules({ n1: { ...destroyed, ...latch(gone, "n1 n2 n9") } }), ["S1"]);
});
