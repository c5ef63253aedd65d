/** Bootstraps, finished and not, and clusters without a quorum. */
import assert from "node:assert/strict";
import { classify } from "../../../src/classify/classify.ts";
import type { Input } from "../../../src/classify/input.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Member } from "../../../src/model/observation.ts";
import {
  cluster,
  clusterId,
  down,
  empty,
  holds,
  idOf,
  input,
  latch,
  masked,
  type Over,
  place,
  sick,
  target,
  unreachable,
  view,
} from "../core_samples.ts";
import { hosts, judge, three } from "./judge.ts";

// ---- an unfinished bootstrap that holds its quorum -----------------------------------------------------------------

const intent = { token: "t1", members: ["n1", "n2", "n3"] };
const ran = { intent, started: place, latch: "none" } as const;
const begun = (n3: NonNullable<Over["nodes"]>[string], health: Member["health"], desired = three): string =>
  judge(desired, three, { members: { n3: { health } }, nodes: { n1: ran, n2: ran, n3 } });

Deno.test("a bootstrap that holds its quorum starts who never started, and is finished when all are well", () => {
  assert.equal(begun({ ...empty, intent, latch: "none" }, "unhealthy"), "bootstrap n1,n2,n3");
  assert.equal(begun(ran, "healthy"), "bootstrap n1,n2,n3");
  const t = target(three, hosts);
  const v = classify(input(t, cluster(t, three, { nodes: { n1: ran, n2: ran, n3: ran } })));
  assert.ok(v.kind === "change" && v.change.case === "bootstrap");
  assert.equal(v.change.token, "t1", "the token that lies there");
});

Deno.test("a node that was started by the bootstrap and is empty is repaired, never started as new again", () => {
  const wipedAfter = { ...empty, intent, started: place, latch: "none" } as const;
  assert.equal(begun(wipedAfter, "unhealthy"), "bootstrap n1,n2", "the others are finished first");
  assert.equal(judge(three, three, { members: { n3: sick }, nodes: { n3: wipedAfter } }), "repairWiped n3");
  const five = "n1 n2 n3 n4 n5";
  const members = { token: "t1", members: five.split(" ") };
  const r = { ...ran, intent: members };
  const v = judge(five, five, {
    members: { n4: sick, n5: sick },
    nodes: { n1: r, n2: r, n3: r, n4: { ...empty, ...r }, n5: { ...empty, intent: members, latch: "none" } },
  });
  assert.equal(v, "bootstrap n1,n2,n3,n5");
});

Deno.test("a bootstrap that has still to start somebody is not finished with another list of members", () => {
  assert.match(
    begun({ ...empty, intent, latch: "none" }, "unhealthy", "n1 n2 n3 n4"),
    /^(refused S1|add n4)/,
  );
  assert.doesNotMatch(begun({ ...empty, intent, latch: "none" }, "unhealthy", "n1 n2 n3 n4"), /bootstrap/);
});

// ---- without a quorum ----------------------------------------------------------------------------------------------

const stopped = (n: string) => [n, { process: "no" }] as const;
const lost = (
  recorded: string,
  desired: string,
  nodes: NonNullable<Over["nodes"]>,
  more: Partial<Input> = {},
) => judge(desired, recorded, { state: "lost", nodes }, more);

Deno.test("a cluster that was stopped is started, all that can be at once", () => {
  assert.equal(lost(three, three, Object.fromEntries(three.split(" ").map(stopped))), "restart n1,n2,n3");
  assert.equal(lost(three, three, { n1: down, n2: down, n3: unreachable }), "restart n1,n2");
  assert.equal(lost(three, three, { n1: down }), "restart n1", "the others run");
});

Deno.test("a majority that cannot be started is a lost quorum, which names who is missing", () => {
  assert.equal(lost(three, three, { n1: down, n2: empty, n3: unreachable }), "lost n2,n3");
  assert.equal(
    lost(three, three, { n1: down, n2: over3("other"), n3: { ...down, ...masked } }),
    "lost n2,n3",
  );
});
const over3 = (memberId: string) => holds({ clusterId, memberId });

Deno.test("members that run without a leader are waited for, then the quorum is lost", () => {
  assert.equal(lost(three, three, {}, { patient: true }), "wait S19");
  assert.equal(lost(three, three, {}), "lost ");
});

Deno.test("members of whom none can be read, and none says that it finds no leader, prove no lost quorum", () => {
  const mute = { view: view("a1", { linearizable: "unknown", trouble: "user name is empty" }) };
  const alone = { view: view("a1", { linearizable: "unknown", local: "no" }) };
  assert.equal(lost(three, three, { n1: mute, n2: mute, n3: mute }), "refused S24");
  assert.equal(lost(three, three, { n1: mute, n2: mute, n3: mute }, { patient: true }), "wait S24");
  assert.equal(
    lost(three, three, { n1: mute, n2: mute, n3: down }),
    "restart n3",
    "that is safe all the same",
  );
  assert.equal(lost(three, three, { n1: mute, n2: mute, n3: alone }), "lost ");
});

Deno.test("who serves reads and tells no members is neither lost nor never formed", () => {
  const unread = { view: view("a1", { local: "no", trouble: "it serves without /quorate" }) };
  const seen: Over = { state: "unknown", nodes: { n1: unread, n2: unread, n3: down } };
  assert.equal(judge(three, three, seen, { patient: true }), "wait S24");
  const t = target(three, hosts);
  const v = classify(input(t, cluster(t, three, seen)));
  assert.ok(v.kind === "refused");
  assert.match(
    v.refusals[0]?.evidence ?? "",
    /^the quorum is held, .* through n1 \(it serves without \/quorate\), n2/,
  );
});

Deno.test("one member that is down while the config asks for three is started, not bootstrapped anew", () => {
  const alone = { ...down, ...latch({ clusterId, memberId: idOf(cluster(target("n1"), "n1"), "n1") }, "n1") };
  assert.equal(lost("n1", three, { n1: alone }), "restart n1");
});

Deno.test("a stopped cluster of two is started although the config keeps only one of them by now", () => {
  const seen = cluster(target("n1 n3", "n1 n3"), "n1 n3");
  const stopped = (name: string) => {
    const own = { clusterId, memberId: idOf(seen, name) };
    return { ...seen.nodes[name], ...holds(own), ...latch(own, "n1 n3") };
  };
  const nodes = { n1: stopped("n1"), n3: stopped("n3") };
  assert.equal(judge("n2 n3 n4", "", { state: "lost", nodes }), "restart n1,n3");
  assert.equal(judge("n2 n4 n5", "", { state: "lost", nodes }), "refused S1 S1", "none is desired");
});

Deno.test("a member that no latch names yet is started with the others: its vote may be the one that is missing", () => {
  const seen = cluster(target("n1 n2 n3 n4", "n1 n2 n3 n4"), "n1 n2 n3 n4");
  const at = (name: string, latched: boolean) => {
    const own = { clusterId, memberId: idOf(seen, name) };
    return { ...seen.nodes[name], ...holds(own), ...(latched ? latch(own) : { latch: "none" as const }) };
  };
  const runs = { ...at("n1", true), process: "yes" as const };
  const nodes = {
    n1: runs,
    n2: empty,
    n3: { ...at("n3", true), process: "yes" as const },
    n4: at("n4", false),
  };
  assert.equal(judge("n1 n2 n3 n4", "", { state: "lost", nodes }), "restart n4");
  // Two of three are enough, and one of the two is that one.
  const named = (name: string) => latch({ clusterId, memberId: idOf(seen, name) }, "n1 n3");
  const wiped = { ...at("n1", true), ...empty, ...named("n1") };
  const two = { n1: wiped, n3: { ...at("n3", true), ...named("n3") }, n4: at("n4", false) };
  assert.equal(judge("n1 n2 n4", "", { state: "lost", nodes: two }), "restart n3,n4");
  // It may run already, and miss the others.
  const runsLate = { ...two, n4: { ...two.n4, process: "yes" as const } };
  assert.equal(judge("n1 n2 n4", "", { state: "lost", nodes: runsLate }), "restart n3");
  const removed = { ...nodes, n4: { ...nodes.n4, fenced: "yes" as const } };
  assert.match(judge("n1 n2 n3 n4", "", { state: "lost", nodes: removed }), /^lost/);
});

Deno.test("a latch of a former member, whose data is gone, does not make a stopped cluster look larger", () => {
  const seen = cluster(target("n1 n2 n3", "n1 n2 n3 n4"), "n1 n2 n3 n4");
  const at = (name: string, names: string, data: Partial<NodeFacts>) => {
    const own = { clusterId, memberId: idOf(seen, name) };
    return { ...seen.nodes[name], ...holds(own), ...latch(own, names), ...data };
  };
  const nodes = {
    n1: at("n1", "n1 n2 n3", {}),
    n2: at("n2", "n1 n2 n3", {}),
    n3: at("n3", "n1 n2 n3", empty),
    n4: at("n4", "n1 n2 n3 n4", empty),
  };
  assert.equal(judge("n1 n2 n3", "", { state: "lost", nodes }), "restart n1,n2");
  // With a disk that is only not mounted it may be a member after all: then these two start, and find no leader.
  const there = { ...nodes, n4: at("n4", "n1 n2 n3 n4", notMounted) };
  assert.equal(judge("n1 n2 n3", "", { state: "lost", nodes: there }), "restart n1,n2");
});

Deno.test("of latches that differ, one is enough that names a majority of those who can start", () => {
  const seen = cluster(target("n1 n2 n3 n4", "n1 n2 n3 n4"), "n1 n2 n3 n4");
  const at = (name: string, names: string, data: Partial<NodeFacts> = {}) => {
    const own = { clusterId, memberId: idOf(seen, name) };
    return { ...seen.nodes[name], ...holds(own), ...latch(own, names), ...data };
  };
  const gone = { ...empty, latch: "none" } as const;
  const nodes = { n1: at("n1", "n1 n2 n3 n4"), n2: gone, n3: gone, n4: at("n4", "n1 n3 n4") };
  assert.equal(judge("n1 n2 n3 n4", "", { state: "lost", nodes }), "restart n1,n4");
  const four = { ...nodes, n2: { ...gone, ...latch({ clusterId, memberId: "22" }, "n1 n2 n3 n4") } };
  assert.match(
    judge("n1 n2 n3 n4", "", { state: "lost", nodes: { ...four, n3: four.n2, n4: at("n4", "n1 n2 n3 n4") } }),
    /^lost/,
  );
});

Deno.test("who was removed and put away counts no more, although the others' latches still name it", () => {
  const seen = cluster(target("n1", "n1 n2"), "n1 n2");
  const own = { clusterId, memberId: idOf(seen, "n1") };
  const nodes = {
    n1: { ...seen.nodes["n1"], ...holds(own), ...latch(own, "n1 n2") },
    n2: { ...seen.nodes["n2"], ...empty, latch: "none", fenced: "yes" },
  } as const;
  assert.equal(judge("n1", "", { state: "lost", nodes }), "restart n1");
  // It may be about to join as another; or its host was installed anew, and then n1 starts and finds no leader.
  const left = { ...nodes, n2: { ...nodes.n2, fenced: "no" } } as const;
  assert.equal(judge("n1", "", { state: "lost", nodes: left }), "restart n1");
  // With its latch it may as well have lost its disk.
  const wiped = { ...left, n2: { ...left.n2, ...latch({ clusterId, memberId: "22" }, "n1 n2") } };
  assert.match(judge("n1", "", { state: "lost", nodes: wiped }), /^lost/);
});

const notMounted: Partial<NodeFacts> = {
  process: "no",
  data: { state: "unknown", identity: "none", place, why: "it is not mounted" },
};

Deno.test("who may be running counts, so that the others are started; not where it may be given up (S19)", () => {
  const seen = cluster(target("n1 n2", "n1 n2"), "n1 n2");
  const at = (name: string, over: Partial<NodeFacts>) => {
    const own = { clusterId, memberId: idOf(seen, name) };
    return { ...seen.nodes[name], ...holds(own), ...latch(own, "n1 n2"), ...over };
  };
  const crashed = at("n2", { process: "no", view: undefined });
  const unknown = at("n1", { process: "unknown", view: undefined });
  assert.equal(judge("n1 n2", "", { state: "lost", nodes: { n1: unknown, n2: crashed } }), "restart n2");
  const undecided = { ...unknown, fenced: "unknown", decider: "n9" } as const;
  assert.match(judge("n1 n2", "", { state: "lost", nodes: { n1: undecided, n2: crashed } }), /^lost/);
});

Deno.test("a service that runs says whose data it has where its disk cannot be read; a package's default does not", () => {
  const seen = cluster(target("n1 n4", "n1 n2 n4"), "n1 n2");
  const own = (name: string) => ({ clusterId, memberId: idOf(seen, name) });
  const n2 = {
    ...seen.nodes["n2"],
    ...holds(own("n2")),
    ...latch(own("n2"), "n1 n2"),
    process: "no",
  } as const;
  const runs = (pristine: "yes" | "no") => ({
    ...seen.nodes["n1"],
    ...latch(own("n1"), "n1 n2"),
    ...notMounted,
    process: "yes" as const,
    view: view(idOf(seen, "n1"), { linearizable: "no", pristine }),
  });
  const judged = (pristine: "yes" | "no") =>
    judge("n1 n4", "", { state: "lost", nodes: { n1: runs(pristine), n2: { ...n2, view: undefined } } });
  assert.equal(judged("no"), "restart n2");
  assert.match(judged("yes"), /^refused S1/);
});

Deno.test("data on one desired node of three is no service of ours: S1", () => {
  const v = judge(three, "", { state: "lost", nodes: { n3: holds({ clusterId: "aa", memberId: "bb" }) } });
  assert.equal(v, "refused S1");
});

Deno.test("never formed: bootstrap with a fresh token, unless a person holds a node or a host cannot be asked", () => {
  const t = target(three, hosts);
  const v = classify(input(t, cluster(t, "")));
  assert.ok(v.kind === "change" && v.change.case === "bootstrap");
  assert.equal(v.change.token, "fresh");
  assert.equal(judge(three, "", { nodes: { n2: masked } }), "refused masked");
  assert.equal(judge(three, "", { state: "unknown", nodes: { n5: unreachable } }), "refused S1");
  assert.equal(judge(three, "", { nodes: { n2: { missing: ["etcdctl"] } } }), "refused node");
});

Deno.test("a member that runs counts by its own word where its disk cannot be read", () => {
  const seen = cluster(target("n1 n2", "n1 n2"), "n1 n2");
  const unread: Partial<NodeFacts> = {
    data: { state: "unknown", identity: "unknown", place, why: "it cannot be read" },
  };
  const quiet = { linearizable: "no", local: "no" } as const;
  const says = (memberId: string) => ({
    ...seen.nodes["n1"],
    ...unread,
    ...latch({ clusterId, memberId: idOf(seen, "n1") }, "n1 n2"),
    process: "yes" as const,
    view: view(memberId, quiet),
  });
  const n2 = { ...seen.nodes["n2"], ...holds({ clusterId, memberId: idOf(seen, "n2") }) };
  const at = (n1: ReturnType<typeof says>) => judge("n1 n2", "", { state: "lost", nodes: { n1, n2 } });
  assert.equal(at(says(idOf(seen, "n1"))), "restart n2");
  assert.match(at(says("somebody else")), /^lost/);
});
