/** What is left of a cluster that was given up for this one is fenced first of all, and is no conflict (S19). */
import assert from "node:assert/strict";
import type { NodeFacts } from "../../../src/model/node.ts";
import { observe } from "../../../src/observe/observe.ts";
import { classify } from "../../../src/classify/classify.ts";
import { foreignData } from "../../../src/rules/s03_identity.ts";
import { notACurrentMember } from "../../../src/rules/s15_data.ts";
import {
  cluster,
  clusterId,
  empty,
  holds,
  idOf,
  input,
  latch,
  place,
  recorded,
  sick,
  target,
  unreachable,
  view,
} from "../core_samples.ts";
import { text } from "./judge.ts";

const t = target("n1 n2 n3", "n1 n2 n3 n4 n5");
const old = (node: string) => ({ clusterId: "c0", memberId: `o${node.slice(1)}` });
/** A node with the old cluster's data and latch. */
const former = (node: string, over: Partial<NodeFacts> = {}): Partial<NodeFacts> => ({
  ...holds(old(node)),
  ...latch(old(node)),
  ...over,
});
const base = cluster(t, "n1 n2 n3");
const successor = (node: string): Partial<NodeFacts> => ({
  latch: { clusterId, memberId: idOf(base, node), ...place, voters: ["n1", "n2", "n3"], former: ["c0"] },
});
const latched = { n1: successor("n1"), n2: successor("n2"), n3: successor("n3") };
const verdict = (nodes: Readonly<Record<string, Partial<NodeFacts>>>, members = {}) =>
  text(classify(input(t, cluster(t, "n1 n2 n3", { nodes: { ...latched, ...nodes }, members }))));

Deno.test("its data, and its latch alone, are put away; who runs of it goes before every repair", () => {
  assert.equal(verdict({ n4: former("n4") }), "retire n4");
  assert.equal(verdict({ n4: { ...empty, ...latch(old("n4")) } }), "retire n4");
  const crashed = { n3: { ...successor("n3"), process: "no" } } as const;
  assert.equal(verdict({ ...crashed, n4: former("n4") }, { n3: sick }), "repairCrashed n3");
  const runs = former("n4", { process: "yes", view: view("o4", { identity: old("n4") }) });
  assert.equal(verdict({ ...crashed, n4: runs }, { n3: sick }), "retire n4");
});

Deno.test("it is no conflict, and no member of this one, even if it serves with a majority of its own", () => {
  const members = ["n4", "n5"].map((n) => recorded(`o${n.slice(1)}`, n));
  const own = [recorded("a1", "n1")];
  const facts = (n: string): NodeFacts => base.nodes[n] ?? assert.fail(n);
  const serving = (n: string): NodeFacts => ({
    ...facts(n),
    ...former(n, {
      process: "yes",
      view: view(`o${n.slice(1)}`, { identity: old(n), members, leaderId: "o4", term: 90n }),
    }),
  });
  const one: NodeFacts = {
    ...facts("n1"),
    process: "yes",
    ...holds({ clusterId, memberId: "a1" }),
    view: view("a1", { members: own, leaderId: "a1" }),
    latch: { clusterId, memberId: "a1", ...place, voters: ["n1"], former: ["c0"] },
  };
  const reader = { name: "kv", claims: () => false, caughtUp: () => "no" as const };
  const seen = observe(reader, t.nodes, {
    facts: { n1: one, n4: serving("n4"), n5: serving("n5") },
    peers: {},
    at: 0,
  });
  assert.deepEqual([seen.clusterId, seen.conflicts, seen.members.map((m) => m.id)], [clusterId, [], ["a1"]]);
  // Without the word of a latch they are two clusters.
  const { former: _, ...silent } = typeof one.latch === "string" ? assert.fail() : one.latch;
  const two = observe(reader, t.nodes, {
    facts: { n1: { ...one, latch: silent }, n4: serving("n4") },
    peers: {},
    at: 0,
  });
  assert.equal(two.conflicts[0]?.rule, "S3");
});

Deno.test("its data may be set aside while this one holds its quorum, and another cluster's may not", () => {
  const seen = cluster(t, "n1 n2 n3", { nodes: { ...latched, n4: former("n4") } });
  assert.equal(notACurrentMember(seen, "n4"), undefined);
  assert.equal(notACurrentMember({ ...seen, state: "lost" }, "n4")?.rule, "S15");
  const other = cluster(t, "n1 n2 n3", { nodes: { n4: former("n4") } });
  assert.equal(notACurrentMember(other, "n4")?.rule, "S15");
  const facts = Object.values(other.nodes);
  assert.equal(foreignData(clusterId, facts)[0]?.rule, "S3");
  assert.deepEqual(foreignData(clusterId, facts, new Set(["c0"])), []);
});

Deno.test("a manager that knows it to be given up never takes it for the service again", () => {
  const seen = cluster(t, "n1 n2 n3");
  const memory = { clusterId: "c2", former: [clusterId], attempts: {} };
  assert.equal(text(classify(input(t, seen, { memory }))), "refused S19");
  assert.equal(text(classify(input(t, seen, { memory: { ...memory, former: ["c9"] } }))), "steady");
});

Deno.test("a manager that knows it does not start what lies on disks of it either, while nobody else can tell", () => {
  const memory = { clusterId, former: ["c0"], attempts: {} };
  const lost = (nodes: Readonly<Record<string, Partial<NodeFacts>>>) => {
    const seen = cluster(t, "", { nodes, state: "lost" });
    return text(classify(input(t, { ...seen, clusterId: undefined }, { memory })));
  };
  const all = { n1: former("n1"), n2: former("n2"), n3: former("n3") };
  assert.equal(lost(all), "refused S19");
  assert.match(
    lost({ ...all, n4: { ...empty, ...successor("n1") } }),
    /^lost|^refused S1/,
    "a latch tells of it",
  );
});

Deno.test("who was fenced for another to begin again is started when that one is there to tell, and has not", () => {
  const voters = "n1 n2 n3";
  const lost = (n1: Partial<NodeFacts>) => {
    const fenced = { fenced: "yes", decider: "n1" } as const;
    const nodes = {
      n1,
      n2: { ...holds(old("n2")), ...latch(old("n2"), voters), ...fenced },
      n3: { ...holds(old("n3")), ...latch(old("n3"), voters), fenced: "yes" as const },
    };
    const seen = cluster(t, "", { nodes, state: "lost" });
    return text(classify(input(t, { ...seen, clusterId: undefined })));
  };
  const own = { ...holds(old("n1")), ...latch(old("n1"), voters), fenced: "yes", decider: "n1" } as const;
  assert.equal(lost(own), "restart n1,n2,n3");
  assert.equal(lost(unreachable), "lost n1,n2");
  assert.equal(lost({ ...own, latch: "unknown" }), "lost n1,n2");
});
