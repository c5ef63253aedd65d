/** S1 to S5: what was seen, and what that proves. */
import assert from "node:assert/strict";
import type { Tri } from "../../../src/model/tri.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import { absentMeansProvenAbsent, resumeBootstrap, serviceOfAnother } from "../../../src/rules/s01_absent.ts";
import { listsDiffer, truthful } from "../../../src/rules/s02_truth.ts";
import { foreignData, selfContradiction, twoClusters } from "../../../src/rules/s03_identity.ts";
import { dead, healthOf } from "../../../src/rules/s05_two_signals.ts";
import {
  cluster,
  clusterId,
  down,
  empty,
  holds,
  latch,
  place,
  recorded,
  rulesOf,
  target,
  unreachable,
  view,
} from "../core_samples.ts";

const fresh = { attempts: {} };
const id = { clusterId, memberId: "a1" };
const facts = (over: Partial<NodeFacts> = {}): NodeFacts => {
  const [f] = Object.values(cluster(target("n1"), "", { nodes: { n1: over } }).nodes);
  assert.ok(f);
  return f;
};
const intent = { token: "t1", members: ["n1", "n2", "n3"] };

// ---- S1 -----------------------------------------------------------------------------------------------------------

Deno.test("S1: hosts that are all proven empty allow a bootstrap", () => {
  const t = target("n1 n2 n3", "n1 n2 n3 n4");
  assert.deepEqual(absentMeansProvenAbsent(t, cluster(t, ""), fresh), []);
});

const against: Readonly<Record<string, Partial<NodeFacts>>> = {
  "cannot be asked": unreachable,
  "holds a latch": { ...empty, ...latch(id) },
  "holds a latch that cannot be read": { latch: "unknown" },
  "holds an intent that cannot be read": { intent: "unknown" },
  "holds a mark of its first start that cannot be read": { started: "unknown" },
  "answers": { view: view("a1") },
  "may be more than a default": { view: view("a1", { pristine: "unknown" }) },
  "holds data that cannot be judged": { data: { state: "unknown", identity: "unknown", place } },
  "holds data": holds(id),
  "holds nobody's data": holds("unknown"),
  "was wiped, and started since": { data: { state: "blank", identity: id, place } },
  "holds data under an intent, and was never started": { ...holds(id), intent },
};
for (const [what, over] of Object.entries(against)) {
  for (const node of ["n2", "n4"]) {
    Deno.test(`S1: one ${node === "n4" ? "other host" : "desired node"} that ${what} forbids a bootstrap`, () => {
      const t = target("n1 n2 n3", "n1 n2 n3 n4");
      const found = absentMeansProvenAbsent(t, cluster(t, "", { nodes: { [node]: over } }), fresh);
      assert.deepEqual(rulesOf(found), ["S1"]);
      assert.match(found[0]?.evidence ?? "", new RegExp(node));
    });
  }
}

Deno.test("S1: a package's default is as good as empty", () => {
  const t = target("n1 n2 n3");
  const pristine = {
    view: view("8e9e", { pristine: "yes" }),
    process: "yes",
    data: { state: "pristine", identity: { clusterId: "cdf8", memberId: "8e9e" }, place },
  } as const;
  assert.deepEqual(absentMeansProvenAbsent(t, cluster(t, "", { nodes: { n2: pristine } }), fresh), []);
});

Deno.test("S1: a manager that remembers the cluster forbids a bootstrap, although nothing is there", () => {
  const t = target("n1 n2 n3");
  const found = absentMeansProvenAbsent(t, cluster(t, ""), { clusterId, attempts: {} });
  assert.deepEqual(rulesOf(found), ["S1"]);
  assert.match(found[0]?.evidence ?? "", new RegExp(clusterId));
});

Deno.test("S1: a service that was never latched is taken for this one only with a majority of the desired", () => {
  const t = target("n1 n2 n3", "n1 n2 n3 n4");
  const bare = { n1: { latch: "none" }, n2: { latch: "none" }, n4: { latch: "none" } } as const;
  assert.deepEqual(serviceOfAnother(t, cluster(t, "n1 n2 n4", { nodes: bare })), []);
  const found = serviceOfAnother(t, cluster(t, "n1 n4", { nodes: bare }));
  assert.deepEqual(rulesOf(found), ["S1"]);
  assert.match(found[0]?.evidence ?? "", /n1, n4/);
  assert.deepEqual(serviceOfAnother(t, cluster(t, "n1 n4")), [], "what is latched is ours");
});

// ---- S1: unfinished bootstraps ------------------------------------------------------------------------------------

const began = (nodes: Readonly<Record<string, Partial<NodeFacts>>>, desired = "n1 n2 n3", all = desired) => {
  const t = target(desired, all);
  return resumeBootstrap(t, cluster(t, "", { nodes }));
};
const ran = { ...holds(id), intent, started: place };
const wiped = { ...empty, intent, started: place };
const names = (r: ReturnType<typeof began>) => r.startable.map((n) => n.name).join(" ");

Deno.test("an unfinished bootstrap that started nobody begins anew, with the token that lies there", () => {
  const r = began({ n2: { intent } });
  assert.deepEqual([names(r), r.token, r.refusals], ["n1 n2 n3", "t1", []]);
  assert.equal(began({}).token, undefined);
});

Deno.test("an unfinished bootstrap that started nobody goes on with other members, too", () => {
  const r = began({ n1: { intent }, n2: { intent } }, "n1 n2 n4", "n1 n2 n3 n4");
  assert.deepEqual([names(r), r.refusals], ["n1 n2 n4", []]);
});

Deno.test("a bootstrap is resumed: who ran starts on its own data, who never did starts as new", () => {
  const r = began({ n1: ran, n2: { intent }, n3: { intent } });
  assert.deepEqual([names(r), r.token, r.refusals], ["n1 n2 n3", "t1", []]);
});

Deno.test("a node that was started and is empty is left out, and the rest goes on if it is a majority", () => {
  assert.equal(names(began({ n1: ran, n2: wiped, n3: { intent } })), "n1 n3");
  assert.deepEqual(rulesOf(began({ n1: ran, n2: wiped, n3: wiped }).refusals), ["S1"]);
});

Deno.test("a node without an intent beside a started one has lost its disk: it does not start as new", () => {
  assert.equal(names(began({ n1: ran, n2: { intent }, n3: {} })), "n1 n2");
  assert.deepEqual(rulesOf(began({ n1: ran, n2: {}, n3: {} }).refusals), ["S1"]);
});

Deno.test("a mark that cannot be read counts as started", () => {
  assert.equal(
    names(began({ n1: ran, n2: { intent }, n3: { ...empty, intent, started: "unknown" } })),
    "n1 n2",
  );
});

Deno.test("a bootstrap that has begun ends with the members that it began with", () => {
  const r = began({ n1: ran, n2: { intent } }, "n1 n2 n4", "n1 n2 n3 n4");
  assert.deepEqual(rulesOf(r.refusals), ["S1"]);
  assert.match(r.refusals[0]?.evidence ?? "", /n1,n2,n3.*n1,n2,n4/);
});

Deno.test("a bootstrap that has begun is told by who started, not by an earlier attempt that lent its token", () => {
  const ran2 = { ...ran, intent: { token: "t1", members: ["n2", "n3"] } };
  const r = began({ n1: { intent }, n2: ran2, n3: { intent: ran2.intent } });
  assert.deepEqual(rulesOf(r.refusals), ["S1"]);
  assert.match(r.refusals[0]?.evidence ?? "", /n2,n3 has begun.*n1,n2,n3/);
});

Deno.test("two bootstraps that started nodes are refused; an intent of one that came to nothing is not", () => {
  const other = { token: "t2", members: ["n1", "n2", "n3"] };
  assert.deepEqual(rulesOf(began({ n1: ran, n2: { ...ran, intent: other } }).refusals), ["S1"]);
  const r = began({ n1: ran, n2: ran, n4: { intent: other } }, "n1 n2 n3", "n1 n2 n3 n4");
  assert.deepEqual([names(r), r.token], ["n1 n2", "t1"]);
});

// ---- S2 -----------------------------------------------------------------------------------------------------------

const list = [recorded("a1", "n1"), recorded("a2", "n2")];

Deno.test("S2: a list is the truth only after a linearizable read through a member that it names", () => {
  const good = view("a1", { members: list });
  assert.equal(truthful(good), true);
  for (const linearizable of ["no", "unknown"] satisfies Tri[]) {
    assert.equal(truthful({ ...good, linearizable }), false, linearizable);
  }
  assert.equal(truthful({ ...good, identity: undefined }), false);
  assert.equal(truthful({ ...good, members: undefined }), false);
  assert.equal(truthful(view("a9", { members: list })), false, "it names everybody but itself");
});

Deno.test("S2: lists that differ in a member, a role or a peer URL are told with both nodes", () => {
  const one = ["n1", view("a1", { members: list })] as const;
  const same = ["n2", view("a2", { members: [...list].reverse() })] as const;
  assert.deepEqual(listsDiffer([one, same]), []);
  assert.deepEqual(listsDiffer([one]), []);
  const others = [
    [recorded("a1", "n1")],
    [recorded("a1", "n1"), recorded("a2", "n2", { role: "learner" })],
    [recorded("a1", "n1"), recorded("a2", "n2", { peerUrls: ["http://10.0.0.9:2380"] })],
  ];
  for (const members of others) {
    const found = listsDiffer([one, same, ["n3", view("a2", { members })]]);
    assert.deepEqual(rulesOf(found), ["S2"]);
    assert.match(found[0]?.evidence ?? "", /n1 and n3/);
  }
});

// ---- S3 -----------------------------------------------------------------------------------------------------------

Deno.test("S3: two clusters that both serve are told with a node of each", () => {
  const stray = view("b1", { identity: { clusterId: "ffff", memberId: "b1" } });
  assert.deepEqual(twoClusters([["n1", view("a1")], ["n2", view("a2")]]), []);
  const found = twoClusters([["n1", view("a1")], ["n4", stray]]);
  assert.deepEqual(rulesOf(found), ["S3"]);
  assert.match(found[0]?.evidence ?? "", /c1a5700000000000 on n1, ffff on n4/);
});

Deno.test("S3: a node that contradicts itself is told: service and disk, disk and latch", () => {
  const other = { clusterId: "ffff", memberId: "b1" };
  const rules = (over: Partial<NodeFacts>) => rulesOf(selfContradiction(facts(over)));
  assert.deepEqual(rules({ view: view("a1"), ...holds(id), process: "yes" }), []);
  assert.deepEqual(rules({ view: view("a2"), ...holds(id), process: "yes" }), ["S3"]);
  assert.deepEqual(rules({ ...holds(id), ...latch(other) }), ["S3"]);
  assert.deepEqual(rules({ view: view("a1"), ...latch(other) }), ["S3"]);
  assert.deepEqual(
    rules({ ...holds(id), ...latch({ clusterId, memberId: "old" }) }),
    [],
    "a stale latch is none",
  );
  assert.deepEqual(rules({ ...empty, ...latch(other) }), []);
});

Deno.test("S3: data, a latch or a service of another cluster is told, on whatever host it is", () => {
  const other = { clusterId: "ffff", memberId: "b1" };
  const ours = facts(holds(id));
  for (
    const over of [holds(other), { ...empty, ...latch(other) }, { view: view("b1", { identity: other }) }]
  ) {
    const found = foreignData(clusterId, [ours, { ...facts(over), node: "n4" }]);
    assert.deepEqual(rulesOf(found), ["S3"]);
    assert.match(found[0]?.evidence ?? "", /n4.*ffff/);
    assert.deepEqual(rulesOf(foreignData(undefined, [ours, facts(over)])), ["S3"], "without a quorum");
  }
  const pristine = { state: "pristine", identity: other, place } as const;
  assert.deepEqual(foreignData(clusterId, [ours, facts({ data: pristine })]), []);
  assert.deepEqual(foreignData(clusterId, [ours, facts(empty)]), []);
});

// ---- S4, S5 -------------------------------------------------------------------------------------------------------

Deno.test("S5: healthy needs both signals; S4: what no one can tell is unknown, not dead", () => {
  const on = (over: Partial<NodeFacts>) => facts({ process: "yes", ...over });
  const voter = recorded("a1", "n1");
  const learner = recorded("a1", "n1", { role: "learner" });
  const table: readonly (readonly [string, string, NodeFacts | undefined, Tri, typeof voter?])[] = [
    ["both signals", "healthy", on({ view: view("a1") }), "unknown"],
    ["no read", "unhealthy", on({ view: view("a1", { linearizable: "no" }) }), "yes"],
    ["no status", "unhealthy", on({ view: view("a1", { local: "no" }) }), "yes"],
    [
      "an answer that is not known",
      "unknown",
      on({ view: view("a1", { linearizable: "unknown" }) }),
      "unknown",
    ],
    ["the same, and peers that read", "healthy", on({ view: view("a1", { local: "unknown" }) }), "yes"],
    ["somebody else's answer", "unknown", on({ view: view("a2") }), "unknown"],
    ["no process on its own node", "unhealthy", facts({ ...down, ...holds(id) }), "unknown"],
    ["no process where only its address points", "unknown", facts(down), "unknown"],
    ["the same, and peers that cannot", "unhealthy", facts(down), "no"],
    ["no SSH, peers that read", "healthy", facts(unreachable), "yes"],
    ["no SSH, peers that cannot", "unhealthy", facts(unreachable), "no"],
    ["no SSH, peers that do not know", "unknown", facts(unreachable), "unknown"],
    ["no node, no peers", "unknown", undefined, "unknown"],
    ["a learner's status", "healthy", on({ view: view("a1", { linearizable: "no" }) }), "unknown", learner],
    ["a learner without status", "unhealthy", on({ view: view("a1", { local: "no" }) }), "yes", learner],
  ];
  for (const [what, health, f, peers, m] of table) assert.equal(healthOf(m ?? voter, f, peers), health, what);
});

Deno.test("S4: only a member of whom something bad is known is dead", () => {
  const [m] = cluster(target("n1"), "n1").members;
  assert.ok(m);
  assert.deepEqual(
    (["healthy", "unknown", "unhealthy"] as const).map((health) => dead({ ...m, health })),
    [false, false, true],
  );
});
