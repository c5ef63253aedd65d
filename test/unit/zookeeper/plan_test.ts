/** What follows from an observation: late values, drift, refusals, and the order of each case's steps. */
import assert from "node:assert/strict";
import { derive } from "../../../plugins/zookeeper/derive.ts";
import { zookeeperDrift } from "../../../plugins/zookeeper/drift.ts";
import { zookeeperForbids } from "../../../plugins/zookeeper/forbids.ts";
import { zookeeper } from "../../../plugins/zookeeper/mod.ts";
import type { ZooKeeperOptions } from "../../../plugins/zookeeper/options.ts";
import { HIGHEST, SUPER, UNNAMED, VERSION } from "../../../plugins/zookeeper/read.ts";
import { RESTART } from "../../../plugins/zookeeper/servers.ts";
import { zookeeperOptions } from "../../../plugins/zookeeper/spec.ts";
import { caseNames } from "../../../src/model/change.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Observation, Target } from "../../../src/model/observation.ts";
import { sampleCluster, samplesOf } from "../../../src/plan/sample.ts";
import { renderCommand } from "../../../src/playbook/render.ts";
import { badOrder } from "../../../src/rules/order.ts";
import { target as targetOf } from "../core_samples.ts";
import { view } from "../node/host.ts";
import { nodes, options } from "./options.ts";

const target: Target = { ...targetOf("n1 n2 n3"), service: "kv", nodes, desired: nodes.slice(0, 3) };
/** Three servers of ids 1 to 3, whose nodes tell this. */
function seenWith(settings: Readonly<Record<string, string>>, n4: Partial<NodeFacts> = {}): Observation {
  const seen = sampleCluster(target, nodes.slice(0, 3));
  const members = seen.members.map((m, i) => ({
    ...m,
    id: `${i + 1}`,
    peerUrls: [`10.90.132.1${i + 1}:2888:3888`],
  }));
  const told = (name: string, f: NodeFacts): NodeFacts =>
    name === "n4"
      ? { ...f, ...n4 }
      : { ...f, settings, latch: "none", data: { ...f.data, identity: "unknown" } };
  const facts = Object.entries(seen.nodes).map(([name, f]) => [name, told(name, f)] as const);
  return { ...seen, members, nodes: Object.fromEntries(facts) };
}
const named = { [HIGHEST]: "3", [VERSION]: "100000000", reconfigEnabled: "true" };

Deno.test("an id is one that nobody ever had, as far as the ensemble, the disks and what lies aside tell", () => {
  const next = (settings: Readonly<Record<string, string>>, n4?: Partial<NodeFacts>) =>
    derive("nextId", seenWith(settings, n4), options, nodes);
  const { clusterId = "" } = seenWith(named);
  assert.equal(next(named), "4");
  assert.equal(next({ ...named, [HIGHEST]: "9" }), "10");
  const aside = { path: "/d.quorate-x", at: "20260101T000000Z", clusterId, memberId: "6" };
  assert.equal(next(named, { aside: [aside] }), "7");
  assert.equal(next(named, { aside: [{ ...aside, clusterId: "other" }] }), "4");
  assert.equal(next({}), undefined, "nothing tells what was given");
  assert.equal(next({ ...named, [HIGHEST]: "255" }), undefined, "there are no more");
});

Deno.test("the version that a change goes by is the newest that was seen, in exact numbers", () => {
  const seen = seenWith(named);
  const n3 = seen.nodes["n3"];
  assert.ok(n3);
  const newer = { ...n3, settings: { ...named, [VERSION]: "7ffffffffffffffe" } };
  const n1 = seen.nodes["n1"];
  assert.ok(n1);
  const newest = { ...n1, settings: { ...named, [VERSION]: "7fffffffffffffff" } };
  assert.equal(
    derive("version", { ...seen, nodes: { ...seen.nodes, n1: newest, n3: newer } }, options, nodes),
    "7fffffffffffffff",
  );
  assert.equal(derive("version", { ...seen, state: "lost" }, options, nodes), undefined);
});

Deno.test("the list of servers has all that are recorded, each with its role", () => {
  const [line] = (derive("ensemble", seenWith(named), options, nodes) ?? "").split(" ");
  assert.equal(line, "server.1=10.90.132.11:2888:3888:participant;0.0.0.0:2379");
});

Deno.test("settings drift where the options name them, and a restart that is due does", () => {
  const o = { ...options, settings: { "autopurge.purgeInterval": "24" } };
  const drift = (settings: NodeFacts["settings"]) =>
    zookeeperDrift(o, { settings }, { members: [], nodes: {} }).settings;
  assert.deepEqual(drift({ tickTime: "2000" }), { "autopurge.purgeInterval": "24" });
  assert.deepEqual(drift({ "autopurge.purgeInterval": "24", reconfigEnabled: "true" }), {});
  assert.deepEqual(
    drift({ "autopurge.purgeInterval": "24", [RESTART]: "due" }),
    { "autopurge.purgeInterval": "24" },
    "whether it is in effect is not known",
  );
  const bare = zookeeperDrift(options, { settings: { [RESTART]: "due" } }, { members: [], nodes: {} });
  assert.deepEqual(bare.settings, { [RESTART]: "due" }, "nothing else of zoo.cfg is touched");
  assert.deepEqual(drift(undefined), {});
  assert.deepEqual(
    zookeeperDrift({ ...o, configureMembers: false }, { settings: {} }, { members: [], nodes: {} }).settings,
    {},
  );
});

Deno.test("members are not changed where servers run without reconfiguration, or ids are not known", () => {
  const [, , , n4] = nodes;
  assert.ok(n4);
  const add = { case: "add", node: n4 } as const;
  const why = (settings: Readonly<Record<string, string>>, o = options) =>
    zookeeperForbids(o, nodes, add, seenWith(settings))?.evidence;
  assert.equal(why(named), undefined);
  assert.match(why({ ...named, reconfigEnabled: "false" }) ?? "", /without reconfigEnabled=true/);
  assert.match(why({ reconfigEnabled: "true", [VERSION]: "1" }) ?? "", /not written in \/quorate/);
  assert.match(why({ ...named, [HIGHEST]: "255" }) ?? "", /all 255 ids/);
  const all = seenWith({ ...named, [HIGHEST]: "255" });
  const advice = (o = options) => zookeeperForbids(o, nodes, add, all)?.unblock ?? "";
  assert.match(advice(), /after `addauth` .*: set \/quorate "\S+ HIGHEST", HIGHEST being the highest id/);
  assert.match(
    advice({ ...options, membership: "static" }),
    /HIGHEST", all that stands behind them as it is/,
  );
  assert.equal(why(named, { ...options, settings: { "4lw.commands.whitelist": "*" } }), undefined);
  assert.match(why(named, { ...options, settings: { a: "b c" } }) ?? "", /blanks, quotes/);
  const crashed = seenWith({ ...named, reconfigEnabled: "false" });
  const [member] = crashed.members;
  assert.ok(member);
  assert.equal(
    zookeeperForbids(options, nodes, { case: "repairCrashed", member, node: n4 }, crashed),
    undefined,
  );
});

Deno.test("a server that is recorded at another node's address is told, and nothing of it is changed", () => {
  const seen = seenWith(named);
  const service = zookeeper.bind({ name: "kv", options, nodes });
  const verdict = (address: string) => {
    const [one, ...rest] = seen.members;
    const [node] = nodes;
    assert.ok(one && node);
    const member = { ...one, node: node.name, peerUrls: [`${address}:2888:3888`] };
    const now = { ...seen, members: [member, ...rest] };
    const facts = now.nodes[node.name];
    assert.ok(facts);
    const { settings, peerUrl } = service.drift(facts, node, member, now);
    assert.deepEqual(settings, {});
    const about = { case: "repairConfig", member, node, settings, latchOnly: false } as const;
    return peerUrl && service.forbids({ ...about, peerUrl }, now)?.evidence;
  };
  assert.equal(
    verdict("10.90.132.14"),
    "server 1 runs on n1, and the list of servers has it at 10.90.132.14:2888:3888",
  );
  assert.equal(verdict("10.90.132.11"), undefined);
  assert.equal(verdict("zk1.example"), undefined, "another name of its own");
});

Deno.test("a static ensemble is formed with a /quorate that whoever changes it later may write", () => {
  const named = (o: ZooKeeperOptions): string => {
    const [sample] = samplesOf(target, "bootstrap");
    assert.ok(sample);
    const about = { seen: sample.seen, desired: target.desired, backup: true, joinTimeoutMs: 1 };
    const step = zookeeper.bind({ name: "kv", options: o, nodes }).steps(sample.change, about)
      .find((s) => s.id === "name-ensemble");
    assert.ok(step?.action.do === "run");
    return renderCommand(step.action.command, () => "").split(" && ").at(-1) ?? "";
  };
  const fixed = { ...options, membership: "static" } as const;
  assert.match(named(fixed), /^zk_name_static \S+ kv zookeeper\.service$/, "its unit tells");
  assert.match(named({ ...fixed, auth: "/a" }), /zookeeper\.service '?world:anyone:r,auth::rwa'?$/);
  assert.match(named(options), /^zk_name \S+ 3$/);
});

Deno.test("settings cannot ask for snapshots that are compressed", () => {
  const may = new RegExp(zookeeperOptions.settings.keys);
  assert.ok(may.test("snapshot.trust.empty"));
  assert.ok(!may.test("snapshot.compression.method"));
});

Deno.test("where sessions are local on some server, only what is down is started", () => {
  const [, , , n4] = nodes;
  const seen = seenWith({ ...named, localSessionsEnabled: "true" });
  const [member] = seen.members;
  assert.ok(n4 && member);
  const stop = zookeeperForbids(options, nodes, { case: "add", node: n4 }, seen);
  assert.deepEqual([stop?.rule, stop?.evidence.includes("a session is no write")], ["S22", true]);
  const start = { case: "repairCrashed", member, node: n4 } as const;
  assert.equal(zookeeperForbids(options, nodes, start, seen), undefined);
});

Deno.test("members are not changed where no server's node says who may change them", () => {
  const [, , , n4] = nodes;
  assert.ok(n4);
  const add = { case: "add", node: n4 } as const;
  const why = (o: typeof options, seen: Observation) => zookeeperForbids(o, nodes, add, seen);
  const none = seenWith({ ...named, [SUPER]: "none" });
  assert.match(why(options, none)?.evidence ?? "", /not said on n1, n2, n3: options\.auth is left out/);
  assert.match(why(options, none)?.unblock ?? "", /and name it: options\.auth$/);
  assert.match(
    why({ ...options, auth: "/etc/zk/super" }, none)?.evidence ?? "",
    /\/etc\/zk\/super, which options\.auth names, is not there/,
  );
  const [first] = none.members;
  const n1 = none.nodes["n1"];
  assert.ok(first && n1);
  assert.equal(
    zookeeperForbids(options, nodes, { case: "remove", member: first, node: n4 }, none)?.rule,
    "S22",
  );
  const all = seenWith(named);
  const lacks = { ...all, nodes: { ...all.nodes, n1: { ...n1, settings: { ...named, [SUPER]: "none" } } } };
  const leaves = { case: "remove", member: first, node: n4 } as const;
  assert.equal(zookeeperForbids(options, nodes, leaves, lacks), undefined, "who leaves is not asked");
  const some = { ...none, nodes: { ...none.nodes, n1: { ...n1, settings: named } } };
  assert.match(
    why(options, some)?.evidence ?? "",
    /not said on n2, n3: /,
    "it may be made through one of these",
  );
  assert.equal(
    zookeeperForbids({ ...options, membership: "static" }, nodes, add, none)?.evidence.includes(
      "not said on",
    ),
    false,
    "a static ensemble needs nobody",
  );
});

Deno.test("each case, in each of its forms, keeps the order that the rules ask for", () => {
  const service = zookeeper.bind({ name: "kv", options, nodes });
  for (const kind of caseNames) {
    for (const { about, seen, change } of samplesOf(target, kind)) {
      const steps = service.steps(change, { seen, desired: target.desired, backup: true, joinTimeoutMs: 1 });
      assert.ok(steps.length > 0 || kind === "repairConfig", `${kind} ${about}`);
      assert.equal(badOrder(steps, seen.state === "held"), undefined, `${kind} ${about}`);
    }
  }
});

Deno.test("a wiped server is started only after the others were seen to hold the quorum without it", () => {
  const service = zookeeper.bind({ name: "kv", options, nodes });
  const [sample] = samplesOf(target, "repairWiped");
  assert.ok(sample);
  const steps = service.steps(sample.change, {
    seen: sample.seen,
    desired: target.desired,
    backup: true,
    joinTimeoutMs: 1,
  });
  const ids = steps.map((s) => s.id.split(":")[0]);
  const starts = steps.findIndex((s) => s.effect.does === "starts");
  assert.ok(ids.indexOf("must-be-empty") < ids.indexOf("must-be-served"));
  assert.equal(ids.indexOf("must-be-served"), starts - 1);
  assert.ok(steps.every((s) => s.effect.does !== "removes"), "it keeps its id");
});

Deno.test("an ensemble that others built is named with the first latch, once, while each of its servers serves", () => {
  const o = { ...options, ensemble: "abc 9" };
  const service = zookeeper.bind({ name: "kv", options: o, nodes });
  const told = seenWith({ [UNNAMED]: "yes", [VERSION]: "1", reconfigEnabled: "true" });
  /** Each node's server says who it is. */
  const heard = (name: string, f: NodeFacts, memberId: string | undefined): readonly [string, NodeFacts] => [
    name,
    { ...f, view: memberId === undefined ? undefined : view({ identity: { clusterId: "abc", memberId } }) },
  ];
  const memberOf = (name: string) => told.members.find((m) => m.node === name)?.id;
  const seen: Observation = {
    ...told,
    nodes: Object.fromEntries(Object.entries(told.nodes).map(([name, f]) => heard(name, f, memberOf(name)))),
  };
  const [first] = seen.members;
  const [n1, , , n4] = nodes;
  assert.ok(first && n1 && n4);
  const latch = { case: "repairConfig", member: first, node: n1, settings: {}, latchOnly: true } as const;
  const data = { state: "present", identity: { clusterId: "abc", memberId: "1" }, place: undefined } as const;
  const withData = (o: Observation): Observation => ({
    ...o,
    nodes: Object.fromEntries(Object.entries(o.nodes).map(([name, f]) => [name, { ...f, data }])),
  });
  const steps = (o: Observation) =>
    service.steps(latch, { seen: withData(o), desired: target.desired, backup: true, joinTimeoutMs: 1 })
      .map((s) => s.id);
  assert.deepEqual(steps(seen), ["name-ensemble:n1", "latch:n1"]);
  assert.deepEqual(steps(seenWith(named)), ["latch:n1"], "it has a name");
  const n2 = seen.nodes["n2"];
  assert.ok(n2);
  const latched = {
    ...n2,
    latch: { clusterId: "abc", memberId: "2", dataPath: "/d", fsId: "1", voters: [] },
  };
  assert.deepEqual(
    steps({ ...seen, nodes: { ...seen.nodes, n2: latched } }),
    ["latch:n1"],
    "the first latch was the second node's",
  );

  const stop = (o: Observation, change: Parameters<typeof service.forbids>[0] = latch) =>
    service.forbids(change, o);
  assert.equal(stop(seen), undefined);
  assert.match(stop(seen, { case: "add", node: n4 })?.evidence ?? "", /has no name yet/);
  assert.match(stop(seen, { ...latch, latchOnly: false })?.evidence ?? "", /has no name yet/);
  for (const bad of [{ health: "unhealthy" }, { health: "unknown" }, { node: undefined }] as const) {
    const ill = { ...seen, members: seen.members.map((m, i) => i === 2 ? { ...m, ...bad } : m) };
    assert.equal(stop(ill)?.rule, "S22");
  }
  const n3 = seen.nodes["n3"];
  assert.ok(n3);
  for (const says of [undefined, "7"]) {
    const nodes = { ...seen.nodes, ...Object.fromEntries([heard("n3", n3, says)]) };
    assert.match(
      stop({ ...seen, nodes })?.evidence ?? "",
      /which n3 is not/,
      "others speak well of it: not enough",
    );
  }
  const watched = { ...first, id: "9", node: undefined, role: "observer", health: "unknown" } as const;
  assert.equal(
    stop({ ...seen, members: [...seen.members, watched] }),
    undefined,
    "who never votes does not count",
  );
});
