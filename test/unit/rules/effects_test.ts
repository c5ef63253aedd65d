/** S6, S7 and the others, asked before one effect; and what an effect leaves behind. */
import assert from "node:assert/strict";
import { type Member, memberOn, type Observation } from "../../../src/model/observation.ts";
import type { Effect } from "../../../src/playbook/effect.ts";
import { forbidsChange } from "../../../src/rules/changes.ts";
import { forbidsEffect } from "../../../src/rules/effects.ts";
import { expect, project } from "../../../src/rules/project.ts";
import { cluster, clusterId, empty, holds, host, idOf, rulesOf, sick, target } from "../core_samples.ts";

const t = target("n1 n2 n3 n4 n5");
const inSync: Partial<Member> = { role: "learner", caughtUp: "yes" };
const unknown: Partial<Member> = { health: "unknown" };
type Members = Readonly<Record<string, Partial<Member>>>;
const seenWith = (recorded: string, members: Members = {}, state?: Observation["state"]) =>
  cluster(t, recorded, { members, ...(state === undefined ? {} : { state }) });

const removes = (node: string) => (o: Observation): Effect => ({ does: "removes", member: idOf(o, node) });
const on = (does: "registersLearner" | "promotes" | "restarts" | "fences", node: string) => (): Effect => ({
  does,
  node,
});

// What is done, to which members, which of them are out of order (n1 leads), and which rule forbids it.
const table: readonly (readonly [string, string, (o: Observation) => Effect, Members, string | undefined])[] =
  [
    ["removing a healthy one of three", "n1 n2 n3", removes("n3"), {}, undefined],
    ["removing the dead one of three", "n1 n2 n3", removes("n3"), { n3: sick }, undefined],
    ["removing a healthy one of three beside a dead one", "n1 n2 n3", removes("n2"), { n3: sick }, "S6"],
    ["removing a healthy one of five beside a dead one", "n1 n2 n3 n4 n5", removes("n4"), { n5: sick }, "S7"],
    ["the same beside an unknown one", "n1 n2 n3 n4 n5", removes("n4"), { n5: unknown }, "S7"],
    ["removing one who may be well beside a dead one", "n1 n2 n3 n4 n5", removes("n4"), {
      n4: unknown,
      n5: sick,
    }, "S7"],
    ["removing one who may be well of five", "n1 n2 n3 n4 n5", removes("n4"), { n4: unknown }, undefined],
    ["removing one of two dead of five", "n1 n2 n3 n4 n5", removes("n4"), { n4: sick, n5: sick }, undefined],
    ["removing a healthy one of five beside two dead", "n1 n2 n3 n4 n5", removes("n3"), {
      n4: sick,
      n5: sick,
    }, "S6"],
    [
      "removing a healthy one of four beside a dead one",
      "n1 n2 n3 n4",
      removes("n3"),
      { n4: sick },
      undefined,
    ],
    ["removing one of two", "n1 n2", removes("n2"), {}, undefined],
    ["removing the leader", "n1 n2 n3", removes("n1"), {}, "S11"],
    ["removing the only one", "n1", removes("n1"), {}, "S6"],
    [
      "removing a learner beside a dead one",
      "n1 n2 n3 n4",
      removes("n4"),
      { n3: sick, n4: inSync },
      undefined,
    ],
    ["removing a learner where one of two cannot be told", "n1 n2 n3", removes("n3"), {
      n2: unknown,
      n3: inSync,
    }, undefined],
    ["registering beside three", "n1 n2 n3", on("registersLearner", "n4"), {}, undefined],
    ["registering beside a dead one", "n1 n2 n3", on("registersLearner", "n4"), { n3: sick }, undefined],
    ["registering beside another learner", "n1 n2 n3", on("registersLearner", "n4"), { n3: inSync }, "S8"],
    ["promoting in sync", "n1 n2 n3", on("promotes", "n3"), { n3: inSync }, undefined],
    [
      "promoting in sync beside a dead one",
      "n1 n2 n3 n4",
      on("promotes", "n4"),
      { n3: sick, n4: inSync },
      undefined,
    ],
    ["promoting what is not in sync", "n1 n2 n3", on("promotes", "n3"), {
      n3: { role: "learner", caughtUp: "no" },
    }, "S8"],
    ["promoting in sync, and sick", "n1 n2", on("promotes", "n2"), { n2: { ...inSync, ...sick } }, "S6"],
    ["promoting whom nobody recorded", "n1 n2 n3", on("promotes", "n4"), {}, "S8"],
    ["restarting one of three", "n1 n2 n3", on("restarts", "n3"), {}, undefined],
    ["restarting the leader", "n1 n2 n3", on("restarts", "n1"), {}, "S11"],
    ["restarting beside a dead one of three", "n1 n2 n3", on("restarts", "n2"), { n3: sick }, "S6"],
    ["restarting beside a dead one of five", "n1 n2 n3 n4 n5", on("restarts", "n2"), { n5: sick }, "S7"],
    ["restarting the dead one itself", "n1 n2 n3", on("restarts", "n3"), { n3: sick }, undefined],
    ["stopping a healthy voter of two", "n1 n2", on("fences", "n2"), {}, "S6"],
    ["stopping a dead voter", "n1 n2 n3", on("fences", "n3"), { n3: sick }, undefined],
    ["stopping who is no member", "n1 n2", on("fences", "n4"), {}, undefined],
    [
      "a new peer URL beside a dead one",
      "n1 n2 n3",
      (o) => ({ does: "updatesPeerUrl", member: idOf(o, "n2"), peerUrl: "http://new" }),
      { n3: sick },
      "S6",
    ],
    [
      "a new peer URL",
      "n1 n2 n3",
      (o) => ({ does: "updatesPeerUrl", member: idOf(o, "n2"), peerUrl: "http://new" }),
      {},
      undefined,
    ],
  ];
for (const [what, recorded, effect, members, rule] of table) {
  Deno.test(`${what} is ${rule === undefined ? "allowed" : `refused by ${rule}`}`, () => {
    const seen = seenWith(recorded, members);
    assert.deepEqual(rulesOf([forbidsEffect(seen, effect(seen))]), rule === undefined ? [] : [rule]);
  });
}

Deno.test("without a quorum in sight no membership changes and nobody restarts (S24)", () => {
  for (const state of ["lost", "unknown", "never-formed"] as const) {
    const seen = seenWith("n1 n2 n3 n4", { n4: inSync }, state);
    const effects: readonly Effect[] = [
      removes("n3")(seen),
      on("registersLearner", "n5")(),
      on("promotes", "n4")(),
      on("restarts", "n3")(),
      { does: "updatesPeerUrl", member: idOf(seen, "n3"), peerUrl: "http://new" },
    ];
    for (const e of effects) {
      assert.deepEqual(rulesOf([forbidsEffect(seen, e)]), ["S24"], `${e.does}, ${state}`);
    }
  }
});

Deno.test("a refusal of the arithmetic says what it was, what it would be, and who is out of order", () => {
  const seen = seenWith("n1 n2 n3 n4 n5", { n5: sick });
  const stop = forbidsEffect(seen, removes("n4")(seen));
  assert.match(stop?.evidence ?? "", /removing n4.* from 1 to 0 while n5 is out of order/);
  assert.match(stop?.unblock ?? "", /n5/);
  const last = seenWith("n1 n2 n3", { n3: sick });
  assert.match(
    forbidsEffect(last, removes("n2")(last))?.evidence ?? "",
    /1 of 2 voters healthy, 2 needed, margin -1 \(now: 2 of 3 voters healthy, 2 needed, margin 0\)/,
  );
});

// ---- whole changes ------------------------------------------------------------------------------------------------

Deno.test("a change is refused before its first step for what its last would break", () => {
  const change = (
    recorded: string,
    members: Members,
    of: "remove" | "replace" | "repairConfig" | "repairWiped",
  ) => {
    const seen = seenWith(recorded, members);
    const member = memberOn(seen, "n2");
    assert.ok(member);
    const node = host(of === "replace" ? "n5" : "n2");
    switch (of) {
      case "replace":
        return forbidsChange(seen, { case: of, member, node, oldNode: host("n2"), dead: false });
      case "repairConfig":
        return forbidsChange(seen, { case: of, member, node, settings: { A: "b" }, latchOnly: false });
      default:
        return forbidsChange(seen, { case: of, member, node });
    }
  };
  assert.equal(change("n1 n2 n3", {}, "remove"), undefined);
  assert.equal(change("n1 n2 n3", { n3: sick }, "remove")?.rule, "S6");
  assert.equal(change("n1 n2 n3", { n3: sick }, "repairConfig")?.rule, "S6");
  assert.equal(change("n1 n2 n3", {}, "repairConfig"), undefined);
  assert.equal(
    change("n1 n2 n3", { n1: { leader: false }, n2: { leader: true } }, "repairConfig"),
    undefined,
    "a leader hands over first",
  );
  assert.equal(change("n1 n2 n3", { n3: sick }, "replace"), undefined, "who comes makes up for who goes");
  assert.equal(change("n1 n2 n3 n4", { n4: inSync }, "replace")?.rule, "S8", "somebody else is joining");
  assert.equal(change("n1 n2 n3", { n2: sick }, "repairWiped"), undefined);
  assert.equal(change("n1 n2 n3 n4 n5", { n2: sick, n3: sick }, "repairWiped"), undefined);
});

Deno.test("writing only a latch is never refused for the quorum's sake", () => {
  const seen = seenWith("n1 n2 n3", { n3: sick });
  const [member] = seen.members;
  assert.ok(member);
  const change = { case: "repairConfig", member, node: host("n1"), settings: {}, latchOnly: true } as const;
  assert.equal(forbidsChange(seen, change), undefined);
});

// ---- what an effect leaves ----------------------------------------------------------------------------------------

Deno.test("a promoted learner counts as down unless it was seen in sync", () => {
  const of = (m: Partial<Member>) => project(seenWith("n1 n2 n3", { n3: m }), on("promotes", "n3")()).quorum;
  assert.deepEqual(of(inSync), { voters: 3, healthy: 3, needed: 2, margin: 1 });
  assert.deepEqual(of({ role: "learner", caughtUp: "no" }), { voters: 3, healthy: 2, needed: 2, margin: 0 });
  assert.deepEqual(of({ role: "learner", caughtUp: "unknown" }), {
    voters: 3,
    healthy: 2,
    needed: 2,
    margin: 0,
  });
});

Deno.test("a registered learner is no voter; it is one that never started and whose id is not known yet", () => {
  const after = project(seenWith("n1 n2 n3"), on("registersLearner", "n4")());
  assert.deepEqual(after.quorum, { voters: 3, healthy: 3, needed: 2, margin: 1 });
  const m = memberOn(after, "n4");
  assert.deepEqual([m?.id, m?.name, m?.role, m?.health], ["<id of n4>", "", "learner", "unhealthy"]);
  assert.equal(memberOn(expect(after, ["n4"]), "n4")?.caughtUp, "yes");
});

Deno.test("what is removed is gone, what is fenced is down, what is set aside is empty and without a latch", () => {
  const seen = seenWith("n1 n2 n3");
  assert.deepEqual(project(seen, removes("n3")(seen)).quorum, {
    voters: 2,
    healthy: 2,
    needed: 2,
    margin: 0,
  });
  const fenced = project(seen, on("fences", "n3")());
  assert.equal(fenced.quorum.healthy, 2);
  assert.deepEqual([fenced.nodes.n3?.process, fenced.nodes.n3?.fenced], ["no", "yes"]);
  const put = project(fenced, { does: "setsAside", node: "n3", whose: "x" });
  assert.deepEqual([put.nodes.n3?.data.state, put.nodes.n3?.latch], ["empty", "none"]);
});

Deno.test("leadership goes from a member to a healthy voter, and stays where there is none", () => {
  const leaderOf = (o: Observation) => o.members.find((m) => m.leader)?.node;
  const from = (o: Observation) => project(o, { does: "movesLeaderFrom", member: idOf(o, "n1") });
  assert.equal(leaderOf(from(seenWith("n1 n2 n3", { n2: sick }))), "n3");
  assert.equal(leaderOf(from(seenWith("n1 n2", { n2: sick }))), "n1");
});

Deno.test("a first start as new makes a voter; the second start of one does not make two", () => {
  const none = cluster(t, "", { nodes: { n1: empty } });
  const one = project(none, { does: "starts", node: "n1", as: "new" });
  assert.deepEqual(one.members.map((m) => m.role), ["voter"]);
  assert.notEqual(one.nodes.n1?.started, "none");
  assert.equal(project(one, { does: "starts", node: "n1", as: "new" }).members.length, 1);
});

Deno.test("a start on a member's own data changes whose it is as little as what the record says", () => {
  const id = { clusterId, memberId: "a1" };
  const seen = cluster(t, "n1 n2 n3", { nodes: { n3: holds(id) } });
  const after = project(seen, { does: "starts", node: "n3", as: "itself" });
  assert.deepEqual([after.nodes.n3?.process, after.nodes.n3?.data.identity], ["yes", id]);
  assert.deepEqual(after.members, seen.members);
});

Deno.test("S11: a leader that cannot hand over, or does so by itself, is touched all the same; S6 and S7 hold", () => {
  const seen = seenWith("n1 n2 n3");
  const leader = idOf(seen, "n1");
  assert.equal(forbidsEffect(seen, { does: "removes", member: leader })?.rule, "S11");
  assert.equal(forbidsEffect(seen, { does: "removes", member: leader, elects: true }), undefined);
  assert.equal(forbidsEffect(seen, { does: "restarts", node: "n1" })?.rule, "S11");
  assert.equal(forbidsEffect(seen, { does: "restarts", node: "n1", elects: true }), undefined);
  const sicker = seenWith("n1 n2 n3", { n3: sick });
  assert.equal(forbidsEffect(sicker, { does: "removes", member: leader, elects: true })?.rule, "S6");
  assert.equal(forbidsEffect(sicker, { does: "restarts", node: "n1", elects: true })?.rule, "S6");
});
