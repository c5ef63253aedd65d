/** Lists of servers in files: which share a quorum, what their changes cost, and in which order they are made. */
import assert from "node:assert/strict";
import { derive } from "../../../plugins/zookeeper/derive.ts";
import { zookeeperDrift } from "../../../plugins/zookeeper/drift.ts";
import { zookeeperForbids } from "../../../plugins/zookeeper/forbids.ts";
import { zookeeper } from "../../../plugins/zookeeper/mod.ts";
import { HIGHEST, readZooKeeper, RESTART, VERSION } from "../../../plugins/zookeeper/read.ts";
import {
  listText,
  RUNNING,
  SERVERS,
  shareQuorum,
  vacated,
  WRITTEN,
} from "../../../plugins/zookeeper/servers.ts";
import type { Change } from "../../../src/model/change.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Member, Observation, Target } from "../../../src/model/observation.ts";
import { sampleCluster } from "../../../src/plan/sample.ts";
import { badOrder } from "../../../src/rules/order.ts";
import { recount } from "../../../src/rules/project.ts";
import { target as targetOf, view } from "../core_samples.ts";
import { nodes, options as dynamic, recorded } from "./options.ts";

const options = { ...dynamic, membership: "static" } as const;
const target: Target = { ...targetOf("n1 n2 n3"), service: "kv", nodes, desired: nodes };
const at = (id: number): string => `${id}=10.90.132.1${id}:2888:3888`;
const list = (...ids: readonly number[]): string => ids.map(at).join(" ");

/** Servers of these ids on the nodes of the same numbers, all of whom work with this list. */
function seenOf(ids: readonly number[], running = list(...ids)): Observation {
  const seen = sampleCluster(target, nodes.slice(0, ids.length));
  const members = ids.map((id, i): Member => {
    const like = seen.members[i];
    assert.ok(like);
    const address = `10.90.132.1${id}`;
    return {
      ...like,
      id: `${id}`,
      node: `n${id}`,
      leader: i === 0,
      peerUrls: [`${address}:2888:3888`],
      clientUrls: [`${address}:2181`],
    };
  });
  const settings = {
    [HIGHEST]: "4",
    [VERSION]: "7",
    [RUNNING]: running,
    [WRITTEN]: running,
    [SERVERS]: list(...ids),
  };
  const facts = Object.entries(seen.nodes).map(([name, f]): [string, NodeFacts] => {
    const id = name.slice(1);
    return [
      name,
      members.some((m) => m.node === name)
        ? {
          ...f,
          settings,
          view: undefined,
          process: "yes",
          latch: typeof f.latch === "object" ? { ...f.latch, memberId: id } : f.latch,
          data: { ...f.data, state: "present", identity: { clusterId: seen.clusterId ?? "", memberId: id } },
        }
        : {
          ...f,
          view: undefined,
          process: "no",
          latch: "none",
          data: { state: "empty", identity: "none", place: undefined },
        },
    ];
  });
  return recount({ ...seen, members, nodes: Object.fromEntries(facts) });
}
const withNode = (seen: Observation, name: string, more: Partial<NodeFacts>): Observation => {
  const f = seen.nodes[name];
  assert.ok(f);
  return { ...seen, nodes: { ...seen.nodes, [name]: { ...f, ...more } } };
};
const setting = (seen: Observation, name: string, more: Readonly<Record<string, string>>): Observation =>
  withNode(seen, name, { settings: { ...seen.nodes[name]?.settings, ...more } });
const unwell = (seen: Observation, id: string): Observation =>
  recount({ ...seen, members: seen.members.map((m) => m.id === id ? { ...m, health: "unhealthy" } : m) });

const node = (name: string) => nodes.find((n) => n.name === name) ?? assert.fail(name);
const memberOf = (seen: Observation, id: number) =>
  seen.members.find((m) => m.id === `${id}`) ?? assert.fail();
const add = (name: string): Change => ({ case: "add", node: node(name) });
const remove = (seen: Observation, id: number): Change => ({
  case: "remove",
  member: memberOf(seen, id),
  node: node(`n${id}`),
});
const replace = (seen: Observation, id: number, by: string, dead: boolean): Change => ({
  case: "replace",
  member: memberOf(seen, id),
  oldNode: node(`n${id}`),
  node: node(by),
  dead,
});
const why = (change: Change, seen: Observation) => {
  const stop = zookeeperForbids(options, nodes, change, seen);
  return stop && `${stop.rule}: ${stop.evidence}`;
};

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
  assert.match(why(add("n2"), seenOf([1])) ?? "", /^S6: .* of 1, of whom 1 are needed, 1 serve/);
  const four = seenOf([1, 2, 3, 4]);
  assert.equal(why(remove(four, 4), four), undefined);
  const dead = unwell(four, "4");
  assert.match(why(remove(dead, 4), dead) ?? "", /^S6: .* of 1,2,3,4, of whom 3 are needed, 3 serve/);
});

Deno.test("nothing is begun that could not be finished, or whose lists are not known", () => {
  const three = seenOf([1, 2, 3]);
  const { [RUNNING]: _, ...silent } = three.nodes["n2"]?.settings ?? {};
  assert.match(
    why(add("n4"), withNode(three, "n2", { settings: silent, view: view("2") })) ?? "",
    /^S22: n2 does not tell with which list/,
  );
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

// ---- an id that is taken over ------------------------------------------------------------------------------------

const aside = (seen: Observation, id: number) => ({
  path: "/d.quorate-x",
  at: "20260101T000000Z",
  clusterId: seen.clusterId ?? "",
  memberId: `${id}`,
});

Deno.test("one of three is dead: its id is taken over, but only once it is seen to be put away", () => {
  const dead = unwell(seenOf([1, 2, 3]), "3");
  assert.equal(why(replace(dead, 3, "n4", true), dead), undefined);
  const wiped = withNode(dead, "n3", { data: { state: "empty", identity: "none", place: undefined } });
  assert.match(why(replace(dead, 3, "n4", true), wiped) ?? "", /^S6/);
  const away = withNode(dead, "n3", { reached: false });
  assert.match(why(replace(dead, 3, "n4", true), away) ?? "", /^S(6|24)/);

  const ids = stepsOf(replace(dead, 3, "n4", true), dead).map((s) => s.id);
  assert.deepEqual(ids.filter((id) => /^(fence|remove|set-aside|register-learner|promote|reload)/.test(id)), [
    "fence:n3",
    "remove:n3",
    "set-aside:n3",
    "register-learner:n4",
    "promote:n4",
    "reload:n2",
    "reload:n1",
  ]);

  // What is there then: the record without it, lists that count it, and its host fenced.
  const left = seenOf([1, 2], list(1, 2, 3));
  const put = { fenced: "yes", process: "no", aside: [aside(left, 3)] } as const;
  assert.equal(vacated(withNode(left, "n3", put), nodes, options), "3");
  assert.equal(derive("nextId", withNode(left, "n3", put), options, nodes), "3");
  const boots = (enabled: string) => ({ unit: { ...(left.nodes["n3"] ?? assert.fail()).unit, enabled } });
  for (
    const not of [
      { fenced: "no", ...boots("enabled") },
      { fenced: "unknown", ...boots("disabled") },
      { process: "unknown" },
      { aside: [] },
      { reached: false },
    ] as const
  ) {
    assert.equal(vacated(withNode(left, "n3", { ...put, ...not }), nodes, options), undefined);
    assert.equal(
      derive("registering:n4:3", withNode(left, "n3", { ...put, ...not }), options, nodes),
      undefined,
    );
  }
  // Its own host has been made ready to join: no fence, and nothing that would start it.
  const staged = withNode(left, "n3", { ...put, fenced: "no", ...boots("disabled") });
  assert.equal(vacated(staged, nodes, options), "3");
  assert.match(derive("registering:n3:3", staged, options, nodes) ?? "", / server\.3=10\.90\.132\.13:/);
  assert.match(JSON.stringify(stepsOf(add("n3"), withNode(left, "n3", put))), /registering:n3:3/);
  assert.match(
    derive("registering:n4", staged, options, nodes) ?? "",
    / server\.5=10\.90\.132\.14:/,
    "an id is taken over only where that was judged",
  );
  // A host that cannot be seen may hold what an earlier one that took it over has left.
  assert.equal(
    vacated(withNode(withNode(left, "n3", put), "n4", { reached: false }), nodes, options),
    undefined,
  );
  const hidden = withNode(dead, "n4", { reached: false });
  assert.match(why(replace(hidden, 3, "n4", true), hidden) ?? "", /^S6/);
  // A run that was broken off while it joined goes on, and nobody is restarted for a list without it.
  const member = {
    ...memberOf(left, 2),
    id: "3",
    node: "n4",
    role: "learner",
    peerUrls: [at(4).replace("4=", "")],
  } as const;
  const joins = recount({ ...withNode(left, "n3", put), members: [...left.members, member] });
  const record = list(1, 2);
  const begun = ["n1", "n2"].reduce((seen, name) => setting(seen, name, { [SERVERS]: record }), joins);
  assert.equal(why(add("n4"), begun), undefined);
  assert.ok(stepsOf(add("n4"), begun).every((s) => !s.id.startsWith("finish")));
  assert.notEqual(derive("nextId", begun, options, nodes), "3", "an id is taken over once");
  assert.match(
    derive("registering:n4:3", withNode(left, "n3", put), options, nodes) ?? "",
    /^\S+ 4 server\.1=\S+ server\.2=\S+ server\.3=10\.90\.132\.14:2888:3888:observer;0\.0\.0\.0:2181$/,
  );
});

Deno.test("whoever has taken an id over is recorded until it is fenced: others count that id", () => {
  const left = withNode(seenOf([1, 2], list(1, 2, 3)), "n3", {
    fenced: "yes",
    process: "no",
    aside: [aside(seenOf([1, 2]), 3)],
  });
  const observer = {
    ...memberOf(left, 2),
    id: "3",
    node: "n4",
    role: "learner",
    peerUrls: [at(4).replace("4=", "")],
  } as const;
  const joins = recount({ ...left, members: [...left.members, observer] });
  const leaves: Change = { case: "remove", member: observer, node: node("n4") };

  const away = withNode(joins, "n4", { reached: false });
  assert.match(why(leaves, away) ?? "", /^S24: n4 cannot be reached, and took over the id 3/);
  const hostless = { ...observer, node: undefined };
  assert.match(why({ case: "remove", member: hostless }, joins) ?? "", /^S24: the host of server 3 cannot/);
  const plain = seenOf([1, 2, 3]);
  const nobodys = { ...observer, id: "4" };
  const unheard = recount({
    ...withNode(plain, "n4", { reached: false }),
    members: [...plain.members, nobodys],
  });
  assert.equal(why({ ...leaves, member: nobodys }, unheard), undefined, "nobody counts an id that is new");

  assert.equal(why(leaves, joins), undefined);
  const steps = stepsOf(leaves, joins);
  assert.equal(badOrder(steps, true), undefined);
  const ids = steps.map((s) => s.id);
  assert.deepEqual(ids.filter((id) => /^(fence|remove|set-aside)/.test(id)), [
    "fence:n4",
    "remove:n4",
    "set-aside:n4",
  ]);

  const undo = (change: Change, seen: Observation) =>
    stepsOf(change, seen).find((s) => s.id.startsWith("register-learner"))?.undo;
  assert.equal(undo(add("n4"), left), undefined);
  assert.equal(undo(add("n4"), joins), undefined, "also where it was registered by an earlier run");
  assert.notEqual(undo(add("n4"), plain), undefined);
});

// ---- steps -------------------------------------------------------------------------------------------------------

const stepsOf = (change: Change, seen: Observation) =>
  zookeeper.bind({ name: "kv", options, nodes }).steps(change, {
    seen,
    desired: nodes.slice(0, 3),
    backup: true,
    joinTimeoutMs: 1,
  });

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
});

Deno.test("a server that lacks the recorded list is given it; one in a plan that looks ahead is not", () => {
  const seen = seenOf([1, 2, 3, 4]);
  const drift = (more: Readonly<Record<string, string>>, o = seen) =>
    zookeeperDrift(options, { settings: { ...seen.nodes["n2"]?.settings, ...more } }, o).settings;
  assert.deepEqual(drift({}), {});
  assert.deepEqual(drift({ [RUNNING]: list(1, 2, 3) }), { [SERVERS]: list(1, 2, 3, 4) });
  assert.deepEqual(drift({ [WRITTEN]: list(1, 2, 3) }), { [SERVERS]: list(1, 2, 3, 4) });
  assert.deepEqual(drift({}, { ...seen, members: seen.members.slice(0, 3) }), {}, "a plan that removes one");
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
});
