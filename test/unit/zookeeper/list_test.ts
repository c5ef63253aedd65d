/** Lists of servers in files: which share a quorum, what their changes cost, and in which order they are made. */
import assert from "node:assert/strict";
import { zookeeperForbids } from "../../../plugins/zookeeper/forbids.ts";
import { zookeeperDrift } from "../../../plugins/zookeeper/drift.ts";
import { readZooKeeper } from "../../../plugins/zookeeper/read.ts";
import {
  isLate,
  listText,
  RESTART,
  RUNNING,
  SERVERS,
  serving,
  shareQuorum,
  WRITTEN,
} from "../../../plugins/zookeeper/servers.ts";
import type { Change } from "../../../src/model/change.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Observation } from "../../../src/model/observation.ts";
import type { Asks } from "../../../src/playbook/plugin.ts";
import { recount } from "../../../src/rules/project.ts";
import { badOrder } from "../../../src/rules/order.ts";
import { view } from "../core_samples.ts";
import { nodes, recorded } from "./options.ts";
import {
  add,
  list,
  memberOf,
  node,
  options,
  remove,
  replace,
  seenOf,
  setting,
  stepsOf,
  unwell,
  why,
  withNode,
} from "./lists.ts";

// ---- quorums -----------------------------------------------------------------------------------------------------

Deno.test("lists share a quorum exactly where any two majorities have a server in common", () => {
  const majorities = (ids: readonly string[]) =>
    Array.from({ length: 2 ** ids.length }, (_, bits) => ids.filter((_, i) => bits & (1 << i)))
      .filter((some) => 2 * some.length > ids.length);
  const all = ["1", "2", "3", "4", "5", "6"];
  const lists = Array.from({ length: 64 }, (_, bits) => all.filter((_, i) => bits & (1 << i))).filter((l) =>
    l.length > 0
  );
  for (const a of lists) {
    for (const b of lists) {
      const ghost = "6";
      const able = (some: readonly string[]) => !some.includes(ghost);
      const meet = (of: (some: readonly string[]) => boolean) =>
        majorities(a).filter(of).every((x) =>
          majorities(b).filter(of).every((y) => x.some((id) => y.includes(id)))
        );
      const said = `${a} and ${b}`;
      if (shareQuorum(new Set(a), new Set(b))) assert.ok(meet(() => true), said);
      if (shareQuorum(new Set(a), new Set(b), ghost)) assert.ok(meet(able), `${said} without ${ghost}`);
      const apart = a.filter((id) => !b.includes(id)).length + b.filter((id) => !a.includes(id)).length;
      assert.equal(apart <= 1, apart <= 1 && shareQuorum(new Set(a), new Set(b)), said);
    }
  }
  assert.equal(shareQuorum(new Set(["1", "2", "3"]), new Set(["1", "2", "4"])), false);
  assert.equal(
    shareQuorum(new Set(["1", "2", "3"]), new Set(["1", "2", "4"]), "3"),
    true,
    "3 is fenced for good",
  );
});

Deno.test("a list is changed where each server can be spared for its restart, by the old list and the new one", () => {
  const three = seenOf([1, 2, 3]);
  assert.equal(why(add("n4"), three), undefined);
  assert.match(why(remove(three, 3), three) ?? "", /^S6: .* of 1,2, of whom 2 are needed, 2 serve/);
  assert.match(why(add("n2"), seenOf([1])) ?? "", /^S6: .* of 1,5, of whom 2 are needed, 2 serve/);
  const four = seenOf([1, 2, 3, 4]);
  assert.equal(why(remove(four, 4), four), undefined);
  const dead = unwell(four, "4");
  assert.match(why(remove(dead, 4), dead) ?? "", /^S6: .* of 1,2,3,4, of whom 3 are needed, 3 serve/);
});

Deno.test("who alone still counts one that is gone is given the list: nobody else misses that vote", () => {
  const gone = setting(seenOf([1, 2, 3]), "n3", { [RUNNING]: list(1, 2, 3, 4), [WRITTEN]: list(1, 2, 3, 4) });
  assert.equal(why(given(gone, 3, { [SERVERS]: list(1, 2, 3) }), gone), undefined);
  const two = setting(gone, "n2", { [RUNNING]: list(1, 2, 3, 4), [WRITTEN]: list(1, 2, 3, 4) });
  assert.match(
    why(given(two, 3, { [SERVERS]: list(1, 2, 3) }), two) ?? "",
    /^S6: .* of 1,2,3,4, of whom 3 are needed, 3 serve/,
  );
});

const without4 = list(1, 2, 3), with4 = list(1, 2, 3, 4);
/** Server 4 has left the record, serves and leads; these still count it. */
const leftBy = (...late: readonly number[]): Observation => {
  const left = withNode(seenOf([1, 2, 3], without4), "n4", {
    process: "yes",
    view: view("4", { leaderId: "4" }),
  });
  const seen = late.reduce((s, id) => setting(s, `n${id}`, { [RUNNING]: with4 }), left);
  return { ...seen, members: seen.members.map((m) => ({ ...m, leader: false })) };
};
const given = (seen: Observation, id: number, settings: Readonly<Record<string, string>>): Change => ({
  case: "repairConfig",
  member: memberOf(seen, id),
  node: node(`n${id}`),
  settings,
  latchOnly: false,
});

Deno.test("a former server that leads gives way only where the others hold a majority without it", () => {
  const leads = leftBy(2, 3);
  const relisted = (seen: Observation) => why(given(seen, 2, { [SERVERS]: without4 }), seen);
  assert.equal(relisted(leftBy(3)), undefined);
  assert.match(
    relisted(unwell(leads, "3")) ?? "",
    /^S6: server 4 would have to be stopped, and the servers that count the votes of 1,2,3,4 need 3 of them: without it 2/,
  );
  // Server 3 has the recorded list, and finds no leader by it: maybe only because of that.
  const waits = unwell(
    setting(withNode(leftBy(1, 2), "n3", { process: "yes" }), "n3", { [WRITTEN]: without4 }),
    "3",
  );
  const advice = (seen: Observation) =>
    zookeeperForbids(options, nodes, given(seen, 2, { [SERVERS]: without4 }), seen)?.unblock;
  assert.match(advice(waits) ?? "", /^see in the log of n3 .* stop ZooKeeper on n4, whose server 4/);
  assert.match(
    advice(setting(waits, "n3", { [WRITTEN]: with4 })) ?? "",
    /^bring more servers back to health/,
  );
  const away = withNode(leads, "n4", { reached: false, view: undefined });
  assert.match(relisted(away) ?? "", /^S24: which server leads is not seen/);
});

Deno.test("a restart for another setting is counted by the lists that the others work with, too", () => {
  const put = withNode(leftBy(1, 3), "n4", { process: "no", view: undefined });
  assert.match(why(given(put, 2, { tickTime: "2000" }), put) ?? "", /^S6: server 2 would have to be stopped/);
  const three = seenOf([1, 2, 3]);
  assert.equal(why(given(three, 2, { tickTime: "2000" }), three), undefined);
});

Deno.test("lists that share no majority are put right by hand, and /quorate with what lets it be written", () => {
  const odd = setting(seenOf([2, 3, 4]), "n2", { [RUNNING]: list(1, 2) });
  const stop = zookeeperForbids(options, nodes, given(odd, 2, { [SERVERS]: list(2, 3, 4) }), odd);
  assert.match(stop?.evidence ?? "", /need not share a majority/);
  assert.match(stop?.unblock ?? "", /after `addauth` .*: set \/quorate "NAME HIGHEST"/);
  const few = zookeeperForbids(options, nodes, remove(seenOf([1, 2]), 2), seenOf([1, 2]));
  assert.match(
    few?.unblock ?? "",
    /take the list out of \/quorate .* set \/quorate "NAME HIGHEST".*membership: dynamic/,
  );
});

Deno.test("what is not known of a server's list is not taken for the recorded one", () => {
  const three = seenOf([1, 2, 3]);
  const { [RUNNING]: _, ...silent } = three.nodes["n3"]?.settings ?? {};
  // It is well as the others say, and nothing on its own host can be told.
  const blind = withNode(three, "n3", { settings: silent, process: "unknown" });
  assert.match(why(add("n4"), blind) ?? "", /^S24: with which list of servers n3 works is not known/);
  const four = seenOf([1, 2, 3, 4]);
  const { [RUNNING]: __, ...untold } = four.nodes["n4"]?.settings ?? {};
  const doubtful = recount({
    ...withNode(four, "n4", { settings: untold, process: "unknown" }),
    members: four.members.map((m) => m.id === "4" ? { ...m, health: "unknown" } : m),
  });
  const halfway = ["n1", "n2", "n3"].reduce(
    (seen, name) => withNode(seen, name, { latch: "none" }),
    doubtful,
  );
  assert.match(
    why({ case: "replace", member: memberOf(halfway, 4), node: node("n4"), dead: false }, halfway) ?? "",
    /^S24: whether n4 has got the list of the change before is not known/,
  );
});

Deno.test("one that was started with the recorded list and serves nothing is not started again for that", () => {
  const four = unwell(seenOf([1, 2, 3, 4]), "3");
  const { [RUNNING]: _, ...there } = four.nodes["n3"]?.settings ?? {};
  const latches = ["n1", "n2", "n4"].reduce((seen, name) => withNode(seen, name, { latch: "none" }), four);
  const started = (settings: Readonly<Record<string, string>>) => withNode(latches, "n3", { settings });
  assert.match(why(remove(four, 4), started(there)) ?? "", /^S7: whether n3 has the list of servers/);
  assert.ok(isLate(started({ ...there, [RESTART]: "due" }), memberOf(four, 3)));
  assert.ok(!isLate(started(there), memberOf(four, 3)));
});

Deno.test("nothing is begun that could not be finished, or whose lists are not known", () => {
  const three = seenOf([1, 2, 3]);
  const { [RUNNING]: _, ...silent } = three.nodes["n2"]?.settings ?? {};
  assert.match(
    why(add("n4"), withNode(three, "n2", { settings: silent, view: view("2") })) ?? "",
    /^S22: n2 does not tell with which list/,
  );
  // Others said a moment later that it serves.
  const early = { settings: silent, view: { ...view("2"), linearizable: "no" } } as const;
  assert.match(
    why(add("n4"), withNode(three, "n2", early)) ?? "",
    /^S24: n2 did not serve yet when it was asked/,
  );
  const objection = (more: Partial<NodeFacts>) =>
    zookeeperForbids(options, nodes, add("n4"), withNode(three, "n2", more));
  assert.equal(objection(early)?.passes, true, "it will serve in a moment");
  // What is not let through is not told in a moment, either.
  const shut = objection({ settings: silent, view: { ...early.view, local: "unknown" } });
  assert.deepEqual([shut?.rule, shut?.passes], ["S22", undefined]);
  assert.match(shut?.unblock ?? "", /4lw\.commands\.whitelist=srvr,conf in/);
  const probed = objection({
    settings: { ...silent, "4lw.commands.whitelist": "mntr, ruok" },
    view: { ...early.view, local: "unknown" },
  });
  assert.match(probed?.unblock ?? "", /4lw\.commands\.whitelist=mntr,ruok,srvr,conf in/, "probes go on");
  assert.match(why(add("n4"), withNode(three, "n2", { reached: false })) ?? "", /^S24: n2 cannot be reached/);
  assert.match(
    why(add("n4"), setting(three, "n1", { reconfigEnabled: "true" })) ?? "",
    /^S22: .*reconfigEnabled=true/,
  );
  assert.match(why(add("n4"), setting(three, "n1", { "weight.1": "2" })) ?? "", /^S22: .*weight\.1/);
  // Without a list in /quorate the servers' own are the record, and a file that was edited is not yet one of them.
  const { [SERVERS]: __, ...own } = three.nodes["n1"]?.settings ?? {};
  const adopted = ["n1", "n2", "n3"].reduce((seen, name) => withNode(seen, name, { settings: own }), three);
  assert.equal(why(add("n4"), adopted), undefined);
  assert.match(why(add("n4"), setting(adopted, "n2", { [WRITTEN]: list(1, 2) })) ?? "", /^S2: zoo.cfg on n2/);
});

Deno.test("a change that was broken off is finished as the first steps of the next one", () => {
  const late = setting(seenOf([1, 2, 3, 4]), "n3", { [RUNNING]: list(1, 2, 3) });
  assert.equal(why(remove(late, 4), late), undefined);
  const ids = stepsOf(remove(late, 4), late).map((s) => s.id);
  assert.ok(ids.indexOf("finish-reload:n3") >= 0);
  assert.ok(ids.indexOf("finish-reload:n3") < ids.indexOf("remove:n4"));
  const stuck = withNode(unwell(late, "3"), "n3", { process: "no", settings: { [WRITTEN]: list(1, 2, 3) } });
  assert.match(why(remove(stuck, 4), stuck) ?? "", /^S7: whether n3 has the list of servers/);
});

Deno.test("one that is to go and cannot be asked has the list where the latches say that all had it", () => {
  const five = seenOf([1, 2, 3, 4]);
  const gone = withNode(unwell(five, "4"), "n4", { reached: false });
  const latched = (voters: readonly string[]) =>
    ["n1", "n2", "n3"].reduce(
      (seen, name) =>
        withNode(seen, name, {
          latch: { clusterId: seen.clusterId ?? "", memberId: name.slice(1), dataPath: "", fsId: "", voters },
        }),
      gone,
    );
  assert.match(why(remove(gone, 4), latched(["n1", "n2", "n3"])) ?? "", /^S24: whether n4 has got the list/);
  assert.doesNotMatch(why(remove(gone, 4), latched(["n1", "n2", "n3", "n4"])) ?? "", /S24/);
});

Deno.test("a former server is not stopped while others count it, and nobody is latched before all have the list", () => {
  const left = setting(seenOf([1, 2, 3]), "n2", { [RUNNING]: list(1, 2, 3, 4) });
  const runs = withNode(left, "n4", {
    process: "yes",
    view: view("4"),
  });
  const retire: Change = { case: "retire", node: node("n4"), staleId: "4" };
  assert.match(why(retire, runs) ?? "", /^S7: n4 is no member any more/);
  assert.equal(why(retire, setting(runs, "n2", { [RUNNING]: list(1, 2, 3) })), undefined);
  const latch: Change = {
    case: "repairConfig",
    member: memberOf(left, 1),
    node: node("n1"),
    settings: {},
    latchOnly: true,
  };
  assert.match(why(latch, left) ?? "", /^S7: whether n2 works with/);
  assert.equal(why(latch, seenOf([1, 2, 3])), undefined);
});

// ---- steps -------------------------------------------------------------------------------------------------------

Deno.test("the cases of a static ensemble keep the order of the rules, and restart the leader last", () => {
  const three = seenOf([1, 2, 3]), four = seenOf([1, 2, 3, 4]);
  const dead = unwell(four, "4");
  for (
    const [change, seen] of [
      [add("n4"), three],
      [remove(four, 4), four],
      [remove(four, 1), four],
      [remove(dead, 4), dead],
      [replace(three, 3, "n4", false), three],
      [replace(unwell(three, "3"), 3, "n4", true), unwell(three, "3")],
    ] as const
  ) {
    const steps = stepsOf(change, seen);
    assert.equal(badOrder(steps, true), undefined, change.case);
    const restarts = steps.filter((s) => s.id.startsWith("reload:")).map((s) => s.id);
    if (restarts.includes("reload:n1")) assert.equal(restarts.at(-1), "reload:n1");
    // Each has its list before the first restart, so whoever starts for another reason has it too.
    const lists = steps.filter((s) => s.id.startsWith("list:"));
    assert.equal(lists.length, restarts.length);
    assert.ok(
      steps.findLastIndex((s) => s.id.startsWith("list:")) <
        steps.findIndex((s) => s.id.startsWith("reload:")),
    );
  }
  const leaves = stepsOf(remove(four, 1), four).map((s) => s.id);
  assert.ok(leaves.indexOf("yield:n1") < leaves.indexOf("remove:n1"), "a leader gives way first");
  assert.ok(leaves.indexOf("remove:n1") < leaves.indexOf("reload:n2"));
  assert.ok(
    leaves.indexOf("reload:n4") < leaves.indexOf("fence:n1"),
    "its vote counts until nobody counts it",
  );
  // As after server 3 was replaced by one that took its id over.
  const unsorted = { ...four, members: [0, 1, 3, 2].flatMap((at) => four.members[at] ?? []) };
  const order = stepsOf(remove(four, 1), unsorted).map((s) => s.id).filter((id) => id.startsWith("reload:"));
  assert.equal(order.at(-1), "reload:n4", "the highest id is elected where all are as far");
});

Deno.test("a server that lacks the recorded list is given it; one in a plan that looks ahead is not", () => {
  const seen = seenOf([1, 2, 3, 4]);
  const drift = (more: Readonly<Record<string, string>>, o = seen) =>
    zookeeperDrift(options, { settings: { ...seen.nodes["n2"]?.settings, ...more } }, o).settings;
  assert.deepEqual(drift({}), {});
  assert.deepEqual(drift({ [RUNNING]: list(1, 2, 3) }), { [SERVERS]: list(1, 2, 3, 4) });
  assert.deepEqual(drift({ [WRITTEN]: list(1, 2, 3) }), { [SERVERS]: list(1, 2, 3, 4) });
  assert.deepEqual(drift({}, { ...seen, members: seen.members.slice(0, 3) }), {}, "a plan that removes one");
  assert.equal(
    zookeeperDrift(options, { settings: { ...seen.nodes["n2"]?.settings, [RUNNING]: list(1, 2, 3) } }, seen)
      .shared,
    true,
    "also one that is to leave",
  );
  const told = zookeeperDrift(
    { ...options, configureMembers: false },
    { settings: { [RESTART]: "due" } },
    seen,
  );
  assert.deepEqual(
    told.settings,
    { [SERVERS]: list(1, 2, 3, 4) },
    "it serves nothing, and its restart is due",
  );
});

// ---- reading -----------------------------------------------------------------------------------------------------

Deno.test("the record is what /quorate lists; what a server works with is told by conf alone", async () => {
  const asks = await recorded("follower");
  const conf = "clientPort=2181\nmembership: \nserver.1=10.90.132.11:2888:3888:participant\n" +
    "server.2=10.90.132.12:2888:3888:participant;0.0.0.0:2181\nversion=0";
  const sight = (out: string, code: number) =>
    readZooKeeper({ ...asks, conf: { code, out, err: "" } }, options, nodes);
  const { view, settings } = sight(conf, 0);
  assert.equal(settings?.[RUNNING], list(1, 2));
  assert.deepEqual(view?.members?.map((m) => m.id), ["1", "2"], "nothing is listed in /quorate yet");
  const silent = sight("conf is not executed because it is not in the whitelist.", 0);
  assert.equal(silent.settings?.[RUNNING], undefined);
  assert.equal(listText(silent.view?.members ?? []), list(1, 2, 3), "/zookeeper/config says the same on 3.8");
  assert.equal(silent.view?.linearizable, "yes", "it serves all the same");
});

Deno.test("who stops serving between two questions does not count as well", async () => {
  const asks = await recorded("follower");
  const sight = (conf: Asks[string]) => readZooKeeper({ ...asks, conf }, options, nodes).view;
  for (
    const conf of [
      { code: 0, out: "This ZooKeeper instance is not currently serving requests\n", err: "" },
      { code: 1, out: "", err: "cat: -: Connection reset by peer\n" },
      { code: "timedOut", out: "", err: "" },
    ] as const
  ) {
    assert.equal(sight(conf)?.linearizable, "unknown");
    assert.match(sight(conf)?.trouble ?? "", /stopped serving while it was asked/);
  }
});

Deno.test("a server that lacks what the ensemble holds is none that another is spared for", () => {
  const seen = seenOf([1, 2, 3]);
  const n3 = seen.nodes["n3"];
  assert.ok(n3);
  const members = seen.members.map((m) => m.id === "3" ? { ...m, health: "unhealthy" as const } : m);
  const ids = (local: "yes" | "no") => {
    const facts = { ...n3, view: view("3", { local }) };
    return [...serving({ ...seen, members, nodes: { ...seen.nodes, n3: facts } })].toSorted();
  };
  assert.deepEqual([ids("no"), ids("yes")], [["1", "2"], ["1", "2", "3"]]);
});
