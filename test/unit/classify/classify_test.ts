/** From an observation to one verdict. */
import assert from "node:assert/strict";
import type { NodeFacts } from "../../../src/model/node.ts";
import { classify } from "../../../src/classify/classify.ts";
import type { Input } from "../../../src/classify/input.ts";
import type { Member, Policy } from "../../../src/model/observation.ts";
import {
  cluster,
  clusterId,
  down,
  empty,
  holds,
  input,
  latch,
  masked,
  type Over,
  place,
  sick,
  target,
  unreachable,
} from "../core_samples.ts";
import { crashed, hosts, judge, over, text, three } from "./judge.ts";

const inSync: Partial<Member> = { role: "learner", caughtUp: "yes" };
const unstarted: Partial<Member> = { role: "learner", name: "", health: "unhealthy" };
const both = (a: Over, b: Over): Over => ({
  members: { ...a.members, ...b.members },
  nodes: { ...a.nodes, ...b.nodes },
});
const gone = over(["n3"], unreachable);
const wiped = (n: string) => over([n], empty);

Deno.test("nothing differs: steady", () => {
  assert.equal(judge(three, three), "steady");
  assert.equal(judge("n3 n1 n2", three), "steady", "in any order");
});

Deno.test("no SSH to a member that its peers call well is no reason to do anything (S4)", () => {
  assert.equal(judge(three, three, { nodes: { n3: unreachable } }), "steady");
});

const cases: readonly (readonly [string, string, string, Over, string])[] = [
  // name, desired, recorded, seen, verdict
  ["a node is desired and not recorded", "n1 n2 n3 n4", three, {}, "add n4"],
  ["several are", "n1 n2 n3 n5 n4", three, {}, "add n5"],
  ["a member is recorded and not desired", "n1 n2", three, {}, "remove n3"],
  ["the leader goes last", "n3", three, {}, "remove n2"],
  ["one comes, one goes", "n1 n2 n4", three, {}, "replace n3→n4"],
  ["a dead one goes first", "n4 n5 n2", three, over(["n3"], unreachable), "replace n3→n4 dead"],
  ["the config's order pairs, the leader last", "n3 n4 n5", three, {}, "replace n2→n4"],
  ["a dead one goes before another comes", "n1 n2", three, gone, "remove n3"],
  ["a dead and a healthy one go", "n1 n2 n3", "n1 n2 n3 n4 n5", over(["n5"], unreachable), "remove n5"],
  ["who comes is there before a healthy one goes without replacement", "n1 n4", three, {}, "replace n2→n4"],
  ["a member's process is down", three, three, crashed("n2"), "repairCrashed n2"],
  ["a member lost its data", three, three, wiped("n2"), "repairWiped n2"],
  [
    "crashed goes before wiped",
    "n1 n2 n3 n4 n5",
    "n1 n2 n3 n4 n5",
    both(wiped("n2"), crashed("n4")),
    "repairCrashed n4",
  ],
  [
    "a repair goes before a membership change",
    "n1 n2 n3 n4",
    three,
    crashed("n2"),
    "repairCrashed n2",
  ],
  [
    "a repair goes before an unfinished join",
    "n1 n2 n3 n4",
    "n1 n2 n3 n4",
    both(crashed("n2"), { members: { n4: unstarted } }),
    "repairCrashed n2",
  ],
  ["an unfinished join goes on", "n1 n2 n3 n4", "n1 n2 n3 n4", { members: { n4: inSync } }, "add n4"],
  [
    "an unfinished join goes before another",
    "n1 n2 n3 n5 n4",
    "n1 n2 n3 n4",
    { members: { n4: unstarted } },
    "add n4",
  ],
  ["a voter that never started is finished (S25)", "n1 n2 n3 n4", "n1 n2 n3 n4", {
    members: { n4: { ...unstarted, role: "voter" } },
  }, "add n4"],
  [
    "a learner that crashed is started by its join, not repaired as a voter is",
    "n1 n2 n3 n4",
    "n1 n2 n3 n4",
    {
      members: { n4: { ...inSync, ...sick } },
      nodes: { n4: down },
    },
    "add n4",
  ],
  [
    "a learner that nobody wants is evicted",
    three,
    "n1 n2 n3 n4",
    { members: { n4: unstarted } },
    "remove n4",
  ],
  [
    "a former member's data",
    three,
    three,
    { nodes: { n4: holds({ clusterId, memberId: "old" }) } },
    "retire n4",
  ],
  [
    "a former member's latch",
    three,
    three,
    { nodes: { n4: latch({ clusterId, memberId: "old" }) } },
    "retire n4",
  ],
  ["a former member goes before who comes", "n1 n2 n3 n5", three, {
    nodes: { n4: latch({ clusterId, memberId: "old" }) },
  }, "retire n4"],
  ["a member without a latch", three, three, { nodes: { n2: { latch: "none" } } }, "repairConfig n2 latch"],
  ["a latch that names other voters", three, three, {
    nodes: { n2: latch({ clusterId, memberId: "a200000000000000" }, "n1 n2") },
  }, "repairConfig n2 latch"],
];
for (const [what, desired, recorded, seen, verdict] of cases) {
  Deno.test(`${what}: ${verdict}`, () => assert.equal(judge(desired, recorded, seen), verdict));
}

const refusals: readonly (readonly [string, string, string, Over, string])[] = [
  ["a member is out of reach and dead", three, three, gone, "refused S4"],
  ["its unit was masked by a person", three, three, over(["n2"], masked), "refused masked"],
  [
    "data is empty, and nothing says where it was (S3)",
    three,
    three,
    over(["n2"], { ...empty, latch: "none" }),
    "refused S3",
  ],
  [
    "nothing is left of a member, and its unit is as the package brought it (S3)",
    three,
    three,
    over(["n2"], { ...masked, ...empty, latch: "none" }),
    "refused S3",
  ],
  [
    "it holds another member's data",
    three,
    three,
    over(["n2"], holds({ clusterId, memberId: "a3" })),
    "refused S3",
  ],
  [
    "its data cannot be judged",
    three,
    three,
    over(["n2"], {
      process: "no",
      data: { state: "unknown", identity: "unknown", place, why: "not mounted" },
    }),
    "refused S3",
  ],
  ["it runs and serves nothing", three, three, over(["n2"], { process: "yes" }), "refused S5"],
  ["who comes cannot be reached", "n1 n2 n3 n4", three, { nodes: { n4: unreachable } }, "refused S4"],
  ["who comes holds foreign data", "n1 n2 n3 n4", three, { nodes: { n4: holds("unknown") } }, "refused S15"],
  ["who comes runs something", "n1 n2 n3 n4", three, { nodes: { n4: { process: "yes" } } }, "refused S3"],
  [
    "who comes may run something",
    "n1 n2 n3 n4",
    three,
    { nodes: { n4: { process: "unknown" } } },
    "refused S3",
  ],
  ["who comes is masked by a person", "n1 n2 n3 n4", three, { nodes: { n4: masked } }, "refused masked"],
  ["nobody is kept", "n4 n5 n6", three, {}, "refused S10"],
  ["who goes is on no node", "n1 n2", three, {
    members: { n3: { node: undefined } },
    nodes: Object.fromEntries(
      ["n1", "n2"].map((n) => [n, latch({ clusterId, memberId: `a${n.slice(1)}00000000000000` }, "n1 n2")]),
    ),
  }, "refused S17"],
  ["a healthy one may not go beside a dead one", "n1 n3", three, gone, "refused S4 S6"],
  ["its replacement cannot join now, so a healthy member stays", "n1 n2 n4", three, {
    nodes: { n4: unreachable },
  }, "refused S4"],
];
for (const [what, desired, recorded, seen, verdict] of refusals) {
  Deno.test(`${what}: ${verdict}`, () => assert.equal(judge(desired, recorded, seen), verdict));
}

Deno.test("what cannot be repaired does not hold back the replacement of it", () => {
  assert.equal(judge("n1 n2 n4", three, gone), "replace n3→n4 dead");
  assert.equal(judge("n1 n2 n3 n4", three, gone), "add n4");
});

Deno.test("what the others go by, too, is brought also to one that is to leave, which is not latched any more", () => {
  const of = (shared: { readonly shared?: true }): Input["judge"] => ({
    drift: (f) => f.node === "n3" ? { settings: { LIST: "new" }, ...shared } : { settings: {} },
    forbids: () => undefined,
  });
  assert.equal(judge("n1 n2 n4", three, {}, { judge: of({}) }), "replace n3→n4");
  assert.equal(judge("n1 n2 n4", three, {}, { judge: of({ shared: true }) }), "repairConfig n3");
});

Deno.test("a drift whose restart would cost the quorum does not hold back the replacement that would help", () => {
  const drift = { drift: () => ({ settings: { A: "b" } }), forbids: () => undefined };
  assert.equal(judge("n1 n2 n4", three, gone, { judge: drift }), "replace n3→n4 dead");
  assert.equal(judge(three, three, {}, { judge: drift }), "repairConfig n2", "the leader last");
});

Deno.test("who is ill and is to go is replaced rather than mended, unless it cannot be replaced", () => {
  const ill = over(["n3"], { process: "yes" });
  const of = (forbids: Input["judge"]["forbids"]): Input["judge"] => ({
    drift: (f) => f.node === "n3" ? { settings: { LIST: "new" }, shared: true } : { settings: {} },
    forbids,
  });
  const stop = { rule: "S6", evidence: "nobody can be spared", unblock: "wait" } as const;
  assert.equal(judge("n1 n2 n4", three, ill, { judge: of(() => undefined) }), "replace n3→n4 dead");
  assert.equal(
    judge("n1 n2 n4", three, ill, { judge: of((c) => c.case === "replace" ? stop : undefined) }),
    "repairConfig n3",
  );
});

Deno.test("S23: a paused service changes nothing, and says that something differs", () => {
  const t = target("n1 n2 n3 n4", hosts, { paused: true });
  assert.equal(text(classify(input(t, cluster(t, three)))), "refused S23");
  const same = target(three, hosts, { paused: true });
  assert.equal(text(classify(input(same, cluster(same, three)))), "steady");
});

Deno.test("S22: what the service's version forbids gives way to what it does not", () => {
  const stop = { rule: "S22", evidence: "no update while a learner exists", unblock: "wait" } as const;
  const forbids: Input["judge"]["forbids"] = (c) => (c.case === "repairConfig" ? stop : undefined);
  const drift = { drift: () => ({ settings: { A: "b" } }), forbids };
  assert.equal(judge("n1 n2 n3 n4", three, {}, { judge: drift }), "add n4");
  assert.equal(judge(three, three, {}, { judge: drift }), "refused S22", "the same of each is said once");
});

Deno.test("S9: a run that has removed its share removes no more, but goes on replacing what has joined", () => {
  const done = { removals: { done: 1, votersAtStart: 3 } };
  assert.equal(judge("n1", three, {}, done), "refused S9 S9");
  assert.equal(
    judge("n1 n2 n3", "n1 n2 n3 n4", { members: { n4: unstarted } }, done),
    "remove n4",
    "a learner has no vote",
  );
});

Deno.test("S10: with moveAll a service moves one by one", () => {
  const t = target("n4 n5 n6", hosts, { moveAll: true });
  assert.equal(text(classify(input(t, cluster(t, three)))), "replace n2→n4");
});

Deno.test("tries that were in vain delay a repair, a join and a retirement, and then end them", () => {
  const memory = (key: string, count: number, ago: number) => ({
    memory: { attempts: { [key]: { count, lastMs: 1_000_000 - ago } } },
  });
  const down2 = crashed("n2");
  assert.equal(judge(three, three, down2, memory("repairCrashed:n2", 1, 5_000)), "refused S8");
  assert.equal(judge(three, three, down2, memory("repairCrashed:n2", 1, 11_000)), "repairCrashed n2");
  assert.equal(judge(three, three, down2, memory("repairCrashed:n2", 3, 900_000)), "refused S8");
  assert.equal(judge("n1 n2 n3 n4", three, {}, memory("add:n4", 3, 900_000)), "refused S8");
  const stale = { nodes: { n4: latch({ clusterId, memberId: "old" }) } };
  assert.equal(judge("n1 n2 n3 n5", three, stale, memory("retire:n4", 1, 1_000)), "add n5");
});

Deno.test("a setting of a member that cannot be spared for a restart is told with what to do, and not changed", () => {
  const differs: Input["judge"] = { drift: () => ({ settings: { A: "b" } }), forbids: () => undefined };
  const told = (members: string) => {
    const t = target(members);
    const verdict = classify(input(t, cluster(t, members), { judge: differs }));
    assert.equal(verdict.kind, "refused", members);
    return verdict.kind === "refused" ? verdict.refusals[0] : undefined;
  };
  const [one, two] = [told("n1"), told("n1 n2")];
  assert.deepEqual([one?.rule, two?.rule], ["S6", "S6"]);
  assert.match(
    one?.evidence ?? "",
    /^n1 should have A=b; .* a cluster of 1 voter serves nothing until it is back/,
  );
  assert.match(two?.unblock ?? "", /quorate explain repairConfig --node n[12]/);
  // Of three with one dead the others cannot be spared, either; that one comes first.
  const t = target(three);
  const beside = classify(input(t, cluster(t, three, crashed("n3")), { judge: differs }));
  assert.equal(text(beside), "repairCrashed n3");
});

Deno.test("too much that lies aside is pruned when nothing else differs, all are well and the policy has a bound", () => {
  const aside = ["1", "2", "3"].map((month) => {
    const at = `20260${month}01T120000Z`;
    return { path: `/data.quorate-${at}-c-m${month}`, at, clusterId: "c", memberId: `m${month}` };
  });
  const keeps = (keep: number, more: Partial<Policy> = {}) => ({
    target: target(three, hosts, { backup: { keep }, ...more }),
  });
  const much: Over = { nodes: { n4: { aside } } };
  assert.equal(judge(three, three, much, keeps(2)), "prune n4");
  const taken = aside.map((one) => ({ ...one, memberId: "a200000000000000" }));
  const own: Over = { nodes: { n4: { aside: taken } } };
  assert.equal(judge(three, three, own, keeps(2)), "steady", "a current member's, whose id was taken over");
  assert.equal(judge(three, three, much, keeps(3)), "steady");
  assert.equal(judge(three, three, much, keeps(2, { paused: true })), "steady");
  assert.equal(judge(three, three, much), "steady", "backup: false has no bound");
  assert.equal(judge(three, three, { nodes: { n4: { ...unreachable, aside } } }, keeps(2)), "steady");
  assert.equal(judge("n1 n2 n3 n5", three, much, keeps(2)), "add n5");
  assert.equal(judge(three, three, { ...much, ...crashed("n2") }, keeps(2)), "repairCrashed n2");
});

Deno.test("a node that still carries the latch of its member's former id is not retired", () => {
  const seen: Over = {
    nodes: {
      n3: {
        ...holds({ clusterId, memberId: "a300000000000000" }),
        process: "yes",
        ...latch({ clusterId, memberId: "old" }),
      },
    },
  };
  assert.equal(judge(three, three, seen), "repairConfig n3 latch");
});

Deno.test("a fenced node whose disk is not mounted does not hold back what else there is to do", () => {
  const notMounted = { state: "unknown", identity: "none", place, why: "not mounted" } as const;
  const former = { ...latch({ clusterId, memberId: "old" }), process: "no", data: notMounted } as const;
  // What could come back is fenced first.
  assert.equal(judge("n1 n2 n3 n5", three, { nodes: { n4: former } }), "retire n4");
  assert.equal(judge("n1 n2 n3 n5", three, { nodes: { n4: { ...former, fenced: "yes" } } }), "add n5");
  assert.equal(judge(three, three, { nodes: { n4: { ...former, fenced: "yes" } } }), "refused S15");
});

Deno.test("a learner that a person stopped is not started by its join; a first start is", () => {
  const unit = {
    load: "loaded",
    active: "inactive",
    enabled: "disabled",
    restarts: 0,
    result: "success",
    mainPid: undefined,
  } as const;
  const learner: Partial<Member> = { role: "learner", health: "unhealthy", caughtUp: "unknown" };
  const four = "n1 n2 n3 n4";
  const stopped = { ...holds({ clusterId, memberId: "a400000000000000" }), unit };
  // The latches name the voters, and a learner is none.
  const voters = Object.fromEntries(
    [1, 2, 3].map((i) => [`n${i}`, latch({ clusterId, memberId: `a${i}00000000000000` })]),
  );
  const nodes = { ...voters, n4: stopped };
  assert.equal(judge(four, four, { members: { n4: learner }, nodes }), "refused masked");
  const staged = { ...empty, latch: "none", unit } as const;
  assert.equal(judge(four, four, { members: { n4: unstarted }, nodes: { n4: staged } }), "add n4");
});

Deno.test("who was started on the disk that it lost is repaired as wiped, never started as itself (S3)", () => {
  const own = { clusterId, memberId: "a200000000000000" };
  const blank = { process: "no", data: { state: "blank", identity: own, place } } as const;
  const seen = (n2: Partial<NodeFacts>) => ({ members: { n2: sick }, nodes: { n2 } });
  assert.equal(judge(three, three, seen({ ...latch(own), ...blank })), "repairWiped n2");
  // Nothing tells that its data was there: a disk that is not mounted looks the same.
  assert.equal(judge(three, three, seen({ ...blank, latch: "none" })), "refused S3");
  // It cannot help to form a quorum.
  const nodes = { n1: { process: "no" }, n2: { ...latch(own), ...blank }, n3: unreachable } as const;
  assert.equal(judge(three, three, { state: "lost", nodes }), "lost n2,n3");
});

Deno.test("who has joined and may run or not waits (S24), and keeps no dead one", () => {
  const latches = Object.fromEntries(
    [1, 2, 3].map((i) => [`n${i}`, latch({ clusterId, memberId: `a${i}00000000000000` })]),
  );
  const unknown = { ...holds({ clusterId, memberId: "a400000000000000" }), process: "unknown" } as const;
  const nodes = { ...latches, n4: unknown };
  const four = "n1 n2 n3 n4";
  assert.equal(judge(four, four, { members: { n4: inSync }, nodes }), "refused S24");
  const seen = { members: { n3: sick, n4: inSync }, nodes: { ...nodes, n3: { process: "no" } } } as const;
  assert.equal(judge("n1 n2 n4", four, seen), "remove n3");
});
