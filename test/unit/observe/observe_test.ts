/** From what each node says to one observation. */
import assert from "node:assert/strict";
import type { NodeFacts, RecordedMember, ServiceView } from "../../../src/model/node.ts";
import { memberOn, type Observation } from "../../../src/model/observation.ts";
import type { Tri } from "../../../src/model/tri.ts";
import { servesNow } from "../../../src/rules/s19_nobody_else.ts";
import { observe, type Reader, toAskPeers } from "../../../src/observe/observe.ts";
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

const all = "n1 n2 n3 n4";
const t = target("n1 n2 n3", all);
const reader: Reader = {
  name: "kv",
  claims: (m, n) => m.peerUrls.includes(`http://${n.address}:2380`),
  caughtUp: (
    l,
    leader,
  ) => (l.index === undefined || leader.index === undefined
    ? "unknown"
    : l.index === leader.index
    ? "yes"
    : "no"),
};
const list = [recorded("a1", "n1"), recorded("a2", "n2"), recorded("a3", "n3")];
const serves = (id: string, over: Partial<ServiceView> = {}): Partial<NodeFacts> => ({
  process: "yes",
  view: view(id, { members: list, leaderId: "a1", ...over }),
  data: { state: "present", identity: { clusterId, memberId: id }, place },
});
const seeing = (
  nodes: Readonly<Record<string, Partial<NodeFacts>>>,
  peers: Readonly<Record<string, Tri>> = {},
): Observation => {
  const facts = cluster(t, "", { nodes }).nodes;
  return observe(reader, t.nodes, { facts, peers, at: 7 });
};
const healthOf = (o: Observation) => o.members.map((m) => `${m.node ?? "?"} ${m.health}`);

Deno.test("three members that all serve are a held quorum with one leader", () => {
  const o = seeing({ n1: serves("a1"), n2: serves("a2"), n3: serves("a3") });
  assert.deepEqual([o.state, o.clusterId, o.at, o.conflicts], ["held", clusterId, 7, []]);
  assert.deepEqual(o.quorum, { voters: 3, healthy: 3, needed: 2, margin: 1 });
  assert.deepEqual(o.members.filter((m) => m.leader).map((m) => m.node), ["n1"]);
  assert.deepEqual(toAskPeers(o), []);
});

Deno.test("a read through one member is enough for a quorum, and says nothing good of the others", () => {
  const cut = { linearizable: "no", leaderId: undefined } as const;
  const o = seeing({ n1: serves("a1"), n2: serves("a2", cut), n3: unreachable });
  assert.equal(o.state, "held");
  assert.deepEqual(healthOf(o), ["n1 healthy", "n2 unhealthy", "n3 unknown"]);
  assert.equal(o.quorum.margin, -1, "what is not known does not count");
});

Deno.test("S4: who cannot be asked over SSH is asked about in a second round, only while there is a quorum", () => {
  const nodes = { n1: serves("a1"), n2: serves("a2"), n3: unreachable };
  assert.deepEqual(toAskPeers(seeing(nodes)).map((m) => m.id), ["a3"]);
  for (const [said, health] of [["yes", "healthy"], ["no", "unhealthy"], ["unknown", "unknown"]] as const) {
    assert.equal(memberOn(seeing(nodes, { a3: said }), "n3")?.health, health);
  }
  const lost = { linearizable: "no" } as const;
  assert.deepEqual(toAskPeers(seeing({ n1: serves("a1", lost), n2: unreachable })), []);
});

Deno.test("without a quorum the list of the member that got furthest is evidence, and nobody is counted healthy", () => {
  const cut = { linearizable: "no", local: "no" } as const;
  const short = list.slice(0, 2);
  const o = seeing({
    n1: serves("a1", { ...cut, term: 4n, index: 10n, members: list }),
    n2: serves("a2", { ...cut, term: 3n, index: 999n, members: short }),
  });
  assert.equal(o.state, "lost");
  assert.deepEqual(o.members.map((m) => m.id), ["a1", "a2", "a3"]);
  assert.equal(o.quorum.healthy, 0);
});

Deno.test("S2: lists that differ, S3: two clusters, a contradiction on a node, and foreign data are conflicts", () => {
  const stray = { clusterId: "ffff", memberId: "b1" };
  const learner: RecordedMember = recorded("a4", "n4", { role: "learner" });
  const conflicts = (nodes: Readonly<Record<string, Partial<NodeFacts>>>) => rulesOf(seeing(nodes).conflicts);
  const both = { n1: serves("a1"), n2: serves("a2") };
  assert.deepEqual(conflicts(both), []);
  assert.deepEqual(conflicts({ n1: serves("a1"), n2: serves("a2", { members: [...list, learner] }) }), [
    "S2",
  ]);
  assert.deepEqual(conflicts({ ...both, n4: holds(stray) }), ["S3"]);
  assert.deepEqual(conflicts({ ...both, n3: { ...serves("a3"), ...holds({ clusterId, memberId: "a2" }) } }), [
    "S3",
  ]);
  const alone = view("b1", { identity: stray, members: [recorded("b1", "n4")] });
  assert.ok(conflicts({ ...both, n4: { process: "yes", view: alone } }).includes("S3"));
});

Deno.test("a package's default is no service, no cluster and nobody's member, however many there are", () => {
  const same = { clusterId: "cdf8", memberId: "8e9e" };
  const pristine: Partial<NodeFacts> = {
    process: "yes",
    view: view("8e9e", { identity: same, pristine: "yes", members: [recorded("8e9e", "n1")] }),
    data: { state: "pristine", identity: same, place },
  };
  const o = seeing({ n1: pristine, n2: pristine, n3: pristine });
  assert.deepEqual([o.state, o.members, o.conflicts], ["never-formed", [], []]);
  // One of them was written to and has become the service: the others' equal ids are none of its own.
  const one = {
    ...pristine,
    ...holds(same),
    process: "yes",
    view: view("8e9e", { identity: same, members: [recorded("8e9e", "n1")] }),
  } as const;
  const grown = seeing({ n1: one, n2: pristine, n3: pristine });
  assert.deepEqual([grown.state, grown.conflicts, grown.members.map((m) => m.node)], ["held", [], ["n1"]]);
});

Deno.test("a learner is in sync only as seen beside its leader in the same observation", () => {
  const members = [...list, recorded("a4", "n4", { role: "learner" })];
  const learner = (index: bigint | undefined) =>
    serves("a4", { members: undefined, linearizable: "no", role: "learner", index });
  const caughtUp = (nodes: Readonly<Record<string, Partial<NodeFacts>>>) =>
    seeing(nodes).members.find((m) => m.id === "a4")?.caughtUp;
  const n2 = serves("a2", { members });
  assert.equal(caughtUp({ n1: serves("a1", { members }), n2, n4: learner(100n) }), "yes");
  assert.equal(caughtUp({ n1: serves("a1", { members }), n2, n4: learner(5n) }), "no");
  assert.equal(caughtUp({ n1: serves("a1", { members }), n2, n4: learner(undefined) }), "unknown");
  assert.equal(caughtUp({ n1: unreachable, n2, n4: learner(100n) }), "unknown", "the leader was not seen");
  const n3 = serves("a3", { members });
  assert.equal(
    caughtUp({ n1: unreachable, n2, n3, n4: learner(100n) }),
    "yes",
    "every majority has n2 or n3",
  );
  assert.equal(caughtUp({ n1: unreachable, n2, n3, n4: learner(5n) }), "no");
  assert.equal(caughtUp({ n1: serves("a1", { members }), n2, n4: unreachable }), "unknown");
});

const traces:
  readonly (readonly [string, Readonly<Record<string, Partial<NodeFacts>>>, Observation["state"]])[] = [
    ["nothing anywhere", {}, "never-formed"],
    ["an unreachable host and nothing else", { n4: unreachable }, "unknown"],
    [
      "data that cannot be judged",
      { n1: { data: { state: "unknown", identity: "unknown", place } } },
      "unknown",
    ],
    ["a latch that cannot be read", { n1: { latch: "unknown" } }, "unknown"],
    ["an intent", { n1: { intent: { token: "t", members: ["n1"] } }, n4: unreachable }, "never-formed"],
    ["a latch", { n1: { ...empty, ...latch({ clusterId, memberId: "a1" }) } }, "lost"],
    ["a latch beside an intent", {
      n1: latch({ clusterId, memberId: "a1" }),
      n2: { intent: { token: "t", members: ["n1"] } },
    }, "lost"],
    ["data", { n1: holds({ clusterId, memberId: "a1" }) }, "lost"],
    ["a process that answers without a quorum", {
      n1: { process: "yes", view: view("a1", { linearizable: "no" }) },
    }, "lost"],
  ];
Deno.test("who serves reads and tells no members has lost nothing: what is not known is not lost", () => {
  const unread = { members: undefined, leaderId: undefined, local: "no" } as const;
  const latched = (id: string, over: Partial<ServiceView>) => ({
    ...serves(id, over),
    ...latch({ clusterId, memberId: id }),
  });
  const of = (over: Partial<ServiceView>) =>
    seeing({ n1: latched("a1", over), n2: latched("a2", over), n3: latched("a3", over) });
  assert.equal(of(unread).state, "unknown");
  assert.equal(of({ ...unread, linearizable: "no" }).state, "lost");
  assert.equal(of({ ...unread, pristine: "yes" }).state, "lost", "a package's default asks nobody");
  assert.equal(servesNow(of(unread))?.rule, "S19", "so nothing of it may be given up");
});

for (const [what, nodes, state] of traces) {
  Deno.test(`nobody serves, and there is ${what}: ${state}`, () => assert.equal(seeing(nodes).state, state));
}

// ---- which node is which member -------------------------------------------------------------------------------------

const nodesOf = (o: Observation) => o.members.map((m) => m.node);
const serving = { n1: serves("a1"), n2: serves("a2") };

Deno.test("S3: a member is where it runs, else where its data lies, else where its latch is, else where its URL points", () => {
  const id = { clusterId, memberId: "a3" };
  const elsewhere = list.map((m) => (m.id === "a3" ? { ...m, peerUrls: ["http://etcd-3.example:2380"] } : m));
  const at = (n4: Partial<NodeFacts>, members = elsewhere) =>
    nodesOf(seeing({ n1: serves("a1", { members }), n2: serves("a2", { members }), n4 }))[2];
  assert.equal(at(serves("a3", { members: elsewhere })), "n4");
  assert.equal(at(holds(id)), "n4");
  assert.equal(at({ ...empty, ...latch(id) }), "n4");
  assert.equal(at({}), undefined, "a name is no proof");
  assert.equal(at({}, list), "n3", "its peer URL");
});

Deno.test("S3: ids of another cluster prove nothing here", () => {
  const foreign = { clusterId: "ffff", memberId: "a3" };
  assert.equal(nodesOf(seeing({ ...serving, n4: holds(foreign) }))[2], "n3");
});

Deno.test("S3: one member on two nodes is a conflict that names both", () => {
  const id = { clusterId, memberId: "a3" };
  const o = seeing({ ...serving, n3: holds(id), n4: holds(id) });
  assert.deepEqual(rulesOf(o.conflicts), ["S3"]);
  assert.match(o.conflicts[0]?.evidence ?? "", /a3.*n3, n4/);
});

Deno.test("S3: a cloned disk does not make a member of it while the record points at a node that cannot be asked", () => {
  const id = { clusterId, memberId: "a3" };
  for (const clone of [holds(id), { ...empty, ...latch(id) }]) {
    const o = seeing({ ...serving, n3: unreachable, n4: clone });
    assert.match(o.conflicts[0]?.evidence ?? "", /a3.*n4, n3/);
  }
  const moved = seeing({ ...serving, n3: { ...down }, n4: serves("a3") });
  assert.deepEqual(moved.conflicts, [], "where it runs, it is");
});

Deno.test("a member that was registered anew for a wiped node finds it, although its former latch lies there", () => {
  const members = [...list.slice(0, 2), recorded("new", "n3", { name: "", role: "learner", clientUrls: [] })];
  const o = seeing({
    n1: serves("a1", { members }),
    n2: serves("a2", { members }),
    n3: { ...empty, ...latch({ clusterId, memberId: "a3" }) },
  });
  assert.deepEqual([memberOn(o, "n3")?.id, o.conflicts], ["new", []]);
});
