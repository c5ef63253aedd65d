/** S19: when a person may let a service begin again, with which disk, and when not. */
import assert from "node:assert/strict";
import type { Latch, NodeFacts } from "../../../src/model/node.ts";
import type { LogEnd, Surveyed } from "../../../src/playbook/plugin.ts";
import { forbidsEffect } from "../../../src/rules/effects.ts";
import { fitsHere, judgeRecovery, judgeRestore } from "../../../src/rules/s19_recover.ts";
import {
  cluster,
  clusterId,
  empty,
  holds,
  host,
  latch,
  type Over,
  place,
  recorded,
  rulesOf,
  target,
  unreachable,
  view,
} from "../core_samples.ts";

const t = target("n1 n2 n3", "n1 n2 n3 n4");
const id = (node: string) => ({ clusterId, memberId: `a${node.slice(1)}` });
/** A member whose process has ended, with its data and its latch. */
const stopped = (node: string, voters = "n1 n2 n3"): Partial<NodeFacts> => ({
  ...holds(id(node)),
  ...latch(id(node), voters),
  view: undefined,
});
const blank: Partial<NodeFacts> = { ...empty, view: undefined, latch: "none" };
const lost = { n1: stopped("n1"), n2: unreachable, n3: unreachable, n4: blank };
const at = (term: bigint, index: bigint): Surveyed => ({ log: { term, index }, answering: [] });
const surveyed = { n1: at(2n, 9n), n4: { log: "none", answering: [] } } as const;
const look = (nodes: Over["nodes"], on = t) =>
  cluster(on, "", { nodes: { ...lost, ...nodes }, state: "lost" });

interface Case {
  readonly nodes?: Over["nodes"];
  readonly logs?: Readonly<Record<string, Surveyed>>;
  readonly gone?: string;
  readonly from?: string;
  readonly on?: typeof t;
}
const judged = ({ nodes, logs, gone = "n2 n3", from, on = t }: Case) =>
  judgeRecovery(on, look(nodes, on), { ...surveyed, ...logs }, {
    gone: gone.split(" ").filter((g) => g !== ""),
    ...(from === undefined ? {} : { from }),
  });
/** "n1 fences n2" or "S19 S24". */
const text = (one: Case): string => {
  const found = judged(one);
  if (!("kind" in found)) return rulesOf(found).join(" ");
  return `${found.kind} ${found.node.name} fences ${found.others.map((n) => n.name).join(",")}`;
};
const said = (one: Case): string => {
  const found = judged(one);
  return "kind" in found ? found.kind : found.map((r) => r.evidence).join("; ");
};

Deno.test("one disk is left of three, and a person says that the others are gone: it begins with that one", () => {
  assert.equal(text({}), "disk n1 fences ");
  const found = judged({});
  assert.ok("kind" in found && found.kind === "disk");
  assert.deepEqual([found.memberId, found.former, found.voters], ["a1", [clusterId], ["n1", "n2", "n3"]]);
});

Deno.test("who cannot be asked has to be accounted for, be it a voter or any other host", () => {
  assert.equal(text({ gone: "n2" }), "S19");
  assert.equal(text({ gone: "" }), "S19 S19");
  assert.equal(text({ nodes: { n4: unreachable } }), "S19");
  assert.equal(text({ nodes: { n4: unreachable }, gone: "n2 n3 n4" }), "disk n1 fences ");
});

Deno.test("a voter that is in no config has to be accounted for, too", () => {
  const nodes = { n1: stopped("n1", "n1 n2 n3 n9 n8") };
  assert.match(said({ nodes }), /n9 was a voter and is not under nodes/);
  assert.equal(text({ nodes, gone: "n2 n3 n8 n9" }), "disk n1 fences ");
});

Deno.test("who is said to be gone and is not: reachable with its data, running, or no host at all", () => {
  const logs = { n2: at(2n, 8n) };
  assert.match(said({ nodes: { n2: stopped("n2") }, logs }), /n2 is not gone: it can be reached/);
  assert.match(said({ nodes: { n4: { ...blank, process: "yes" } }, gone: "n2 n3 n4" }), /n4 is not gone/);
  assert.match(said({ gone: "n2 n3 n7" }), /n7 is neither under nodes/);
  const empties = { n2: { ...empty, ...latch(id("n2")), view: undefined } };
  assert.equal(text({ nodes: empties }), "disk n1 fences ");
});

Deno.test("who is said to be gone and answers another node may serve with others", () => {
  const logs = { n1: { ...at(2n, 9n), answering: ["n3"] } };
  assert.match(said({ logs }), /n3 cannot be reached from here, and answers n1/);
});

Deno.test("who lets us in and gives no whole answer is not gone", () => {
  assert.match(said({ nodes: { n2: { ...unreachable, heard: true } } }), /n2 is not gone: it lets us in/);
  const effect = { does: "succeeds", node: "n1", former: [clusterId] } as const;
  assert.equal(forbidsEffect(look({ n2: { ...unreachable, heard: true } }), effect)?.rule, "S19");
});

Deno.test("a disk that cannot be read may hold more than any other", () => {
  const log: Surveyed = { log: "unknown", why: "torn", answering: [] };
  assert.equal(text({ nodes: { n2: stopped("n2") }, gone: "n3", logs: { n2: log } }), "S24");
  const unmounted = { ...stopped("n2"), data: { state: "unknown", identity: "unknown", place } } as const;
  assert.equal(text({ nodes: { n2: unmounted }, gone: "n3" }), "S24");
  assert.equal(text({ nodes: { n2: unmounted } }), "disk n1 fences n2");
});

Deno.test("while anybody serves, and while enough have their data, nothing has to be given up", () => {
  const serving = { ...stopped("n1"), process: "yes", view: view("a1") } as const;
  assert.match(said({ nodes: { n1: serving } }), /the quorum is held/);
  const logs = { n2: at(2n, 8n) };
  assert.match(said({ nodes: { n2: stopped("n2") }, gone: "n3", logs }), /2 of 3 voters have their own data/);
  // A latch of a time before the cluster grew: until that one runs and finds no leader nobody knows.
  const alone = { n1: stopped("n1", "n1"), n4: { ...blank, ...latch({ clusterId, memberId: "a4" }) } };
  assert.match(said({ nodes: alone }), /1 of 1 voters/);
  const runs = {
    ...alone,
    n1: { ...alone.n1, process: "yes" as const, view: view("a1", { linearizable: "no" }) },
  };
  assert.equal(text({ nodes: runs }), "disk n1 fences ");
});

Deno.test("the most advanced log is taken: a later term before a higher index; a person may choose otherwise", () => {
  const on = target("n1 n2 n3 n4 n5");
  const nodes = {
    n1: stopped("n1", "n1 n2 n3 n4 n5"),
    n2: stopped("n2", "n1 n2 n3 n4 n5"),
    n3: unreachable,
    n4: unreachable,
    n5: unreachable,
  };
  const gone = "n3 n4 n5";
  const of = (one: LogEnd, other: LogEnd, from?: string) =>
    text({
      on,
      nodes,
      gone,
      logs: { n1: { log: one, answering: [] }, n2: { log: other, answering: [] } },
      ...(from === undefined ? {} : { from }),
    });
  assert.equal(of({ term: 2n, index: 90n }, { term: 3n, index: 80n }), "disk n2 fences n1");
  assert.equal(of({ term: 3n, index: 81n }, { term: 3n, index: 80n }), "disk n1 fences n2");
  assert.equal(of({ term: 3n, index: 80n }, { term: 3n, index: 80n }), "disk n1 fences n2");
  assert.equal(of({ term: 3n, index: 81n }, { term: 3n, index: 80n }, "n2"), "disk n2 fences n1");
  assert.equal(of({ term: 3n, index: 81n }, { term: 3n, index: 80n }, "n3"), "S19");
});

const successor: Latch = { clusterId: "c2", memberId: "b1", ...place, voters: ["n1"], former: [clusterId] };
Deno.test("what was decided on goes on: also when the old data lies there still, and when none does", () => {
  assert.equal(text({ nodes: { n1: { ...stopped("n1"), latch: successor } } }), "decided n1 fences ");
  const nodes = { n1: { ...stopped("n1"), ...empty, latch: successor }, n2: stopped("n2") };
  assert.equal(
    text({ nodes, gone: "n3", logs: { n1: { log: "none", answering: [] }, n2: at(2n, 9n) } }),
    "decided n1 fences n2",
  );
  // Those that were given up serve again: a person decides.
  const risen = { ...stopped("n2"), process: "yes", view: view("a2") } as const;
  assert.match(
    said({ nodes: { ...nodes, n2: risen }, gone: "n3" }),
    /the quorum is held: cluster c1a5700000000000/,
  );
});

Deno.test("right before it is decided, whoever holds something is fenced, and nobody serves", () => {
  const effect = { does: "succeeds", node: "n1", former: [clusterId] } as const;
  const rule = (nodes: Over["nodes"]) => forbidsEffect(look(nodes), effect)?.rule;
  assert.equal(rule({}), undefined);
  assert.equal(rule({ n2: { ...stopped("n2"), fenced: "yes" } }), undefined);
  assert.equal(rule({ n2: stopped("n2") }), "S19", "it came back meanwhile");
  assert.equal(rule({ n4: { ...blank, process: "unknown" } }), "S19");
  assert.equal(rule({ n2: { ...stopped("n2"), fenced: "yes", process: "yes", view: view("a2") } }), "S19");
});

Deno.test("a snapshot begins on the first member that can; what lies there is known, and nobody serves", () => {
  const on = (nodes: Over["nodes"], gone = "n2 n3", from?: string) => {
    const wishes = { gone: gone.split(" "), ...(from === undefined ? {} : { from }) };
    const found = judgeRestore(t, look(nodes), surveyed, wishes);
    return "kind" in found
      ? `${found.node.name} ${found.memberId} ${found.former}`
      : rulesOf(found).join(" ");
  };
  assert.equal(on({}), `n1 a1 ${clusterId}`);
  assert.equal(on({ n1: blank, n2: blank, n3: blank }, ""), "S19");
  const bare = { n1: blank, n2: blank, n3: blank };
  assert.equal(judgedName(bare), "n1 undefined ");
  assert.equal(
    on({ n1: { ...stopped("n1"), data: { state: "unknown", identity: "unknown", place } } }),
    "S3 S4 S4",
  );
  assert.equal(on({ n1: { ...stopped("n1"), process: "yes", view: view("a1") } }), "S19");
  assert.equal(on({}, "n2"), "S19");
  assert.equal(on({}, "n2 n3", "n4"), "S19", "it is no member");
});
const judgedName = (nodes: Over["nodes"]): string => {
  const found = judgeRestore(t, look(nodes), surveyed, { gone: [] });
  return "kind" in found ? `${found.node.name} ${found.memberId} ${found.former}` : "refused";
};

Deno.test("a snapshot of other hosts is told; one that does not tell is taken", () => {
  const sight = { revision: 1n, hash: "", damage: undefined };
  const claims = (m: { readonly peerUrls: readonly string[] }, n: { readonly address: string }) =>
    m.peerUrls.some((u) => u.includes(`//${n.address}:`));
  assert.equal(fitsHere(sight, t, claims), undefined);
  assert.equal(
    fitsHere({ ...sight, members: [recorded("a1", "n1"), recorded("a9", "n9")] }, t, claims),
    undefined,
  );
  assert.match(fitsHere({ ...sight, members: [recorded("a9", "n9")] }, t, claims) ?? "", /10\.0\.0\.9/);
  assert.equal(host("n9").address, "10.0.0.9");
});
