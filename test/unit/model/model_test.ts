import assert from "node:assert/strict";
import { type Change, subjectOf } from "../../../src/model/change.ts";
import { exitCodeOf, worstExit } from "../../../src/model/event.ts";
import { latchHolds, memberText } from "../../../src/model/observation.ts";
import { quorumOf, quorumText } from "../../../src/model/quorum.ts";
import { allTri, anyTri, known, notTri, type Tri } from "../../../src/model/tri.ts";
import { cluster, clusterId, host, idOf, place, target } from "../core_samples.ts";

Deno.test("quorumOf() counts what may still fail", () => {
  // voters, healthy, needed, margin
  const table = [[1, 1, 1, 0], [2, 2, 2, 0], [3, 3, 2, 1], [3, 2, 2, 0], [3, 1, 2, -1], [4, 4, 3, 1], [
    5,
    3,
    3,
    0,
  ], [
    7,
    7,
    4,
    3,
  ], [0, 0, 1, -1]] as const;
  for (const [voters, healthy, needed, margin] of table) {
    assert.deepEqual(quorumOf(voters, healthy), { voters, healthy, needed, margin });
  }
  assert.equal(quorumText(quorumOf(3, 2)), "2 of 3 voters healthy, 2 needed, margin 0");
});

Deno.test("three-valued and, or, not: unknown decides only where nothing else does", () => {
  const all: readonly (readonly [readonly Tri[], Tri, Tri])[] = [
    [[], "yes", "no"],
    [["yes", "yes"], "yes", "yes"],
    [["yes", "no"], "no", "yes"],
    [["yes", "unknown"], "unknown", "yes"],
    [["no", "unknown"], "no", "unknown"],
    [["no", "no"], "no", "no"],
    [["unknown"], "unknown", "unknown"],
  ];
  for (const [values, and, or] of all) {
    assert.equal(allTri(values), and, `all of ${values}`);
    assert.equal(anyTri(values), or, `any of ${values}`);
  }
  assert.deepEqual([notTri("yes"), notTri("no"), notTri("unknown")], ["no", "yes", "unknown"]);
  assert.deepEqual([known(true), known(false)], ["yes", "no"]);
});

Deno.test("of several services' exit codes the worst is told: 4, 3, 1, 5, 0", () => {
  assert.equal(worstExit([0, 5, 1, 3, 4]), 4);
  assert.equal(worstExit([0, 5, 1, 3]), 3);
  assert.equal(worstExit([5, 1, 0]), 1);
  assert.equal(worstExit([0, 5]), 5);
  assert.equal(worstExit([]), 0);
  assert.deepEqual([exitCodeOf.yielded, exitCodeOf.unfinished], [0, 5]);
});

Deno.test("a change is called by the nodes that it is about", () => {
  const t = target("n1 n2 n3");
  const member = cluster(t, "n1 n2 n3").members[2];
  assert.ok(member);
  const named: readonly (readonly [Change, string])[] = [
    [{ case: "bootstrap", nodes: t.desired, token: "" }, "n1,n2,n3"],
    [{ case: "remove", member }, member.id],
    [{ case: "remove", member, node: host("n3") }, "n3"],
    [{ case: "replace", member, node: host("n4"), dead: true }, `${member.id}→n4`],
    [{ case: "replace", member, oldNode: host("n3"), node: host("n4"), dead: false }, "n3→n4"],
    [{ case: "add", node: host("n4") }, "n4"],
  ];
  for (const [change, subject] of named) assert.equal(subjectOf(change), subject);
});

Deno.test("a latch holds only for this member, this cluster and these voters", () => {
  const seen = cluster(target("n1 n2 n3"), "n1 n2 n3");
  const member = seen.members[0];
  assert.ok(member);
  const good = { clusterId, memberId: idOf(seen, "n1"), ...place, voters: ["n3", "n1", "n2"] };
  assert.equal(latchHolds(good, member, seen), true, "in any order");
  assert.equal(latchHolds({ ...good, memberId: idOf(seen, "n2") }, member, seen), false);
  assert.equal(latchHolds({ ...good, clusterId: "other" }, member, seen), false);
  assert.equal(latchHolds({ ...good, voters: ["n1", "n2"] }, member, seen), false);
});

Deno.test("a member without a node is called by its name and id, one without a name by its id", () => {
  const [m] = cluster(target("n1"), "n1").members;
  assert.ok(m);
  assert.equal(memberText(m), "n1");
  assert.equal(memberText({ ...m, node: undefined, name: "old" }), `old (${m.id})`);
  assert.equal(memberText({ ...m, node: undefined, name: "" }), `member ${m.id}`);
});
