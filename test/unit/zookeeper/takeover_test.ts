/** An id of a dead server that another one takes over, because those that are left cannot be spared for another list. */
import assert from "node:assert/strict";
import { derive } from "../../../plugins/zookeeper/derive.ts";
import { RUNNING, SERVERS, vacated } from "../../../plugins/zookeeper/servers.ts";
import type { Change } from "../../../src/model/change.ts";
import type { Member, Observation } from "../../../src/model/observation.ts";
import { badOrder } from "../../../src/rules/order.ts";
import { recount } from "../../../src/rules/project.ts";
import { view } from "../core_samples.ts";
import { nodes } from "./options.ts";
import {
  add,
  at,
  list,
  memberOf,
  node,
  options,
  replace,
  seenOf,
  setting,
  stepsOf,
  unwell,
  why,
  withNode,
} from "./lists.ts";

const aside = (seen: Observation, id: number) => ({
  path: "/d.quorate-x",
  at: "20260101T000000Z",
  clusterId: seen.clusterId ?? "",
  memberId: `${id}`,
});

/** The server on n4 has begun to take the id 3 over. */
const takerOf = (seen: Observation): Member => ({
  ...memberOf(seen, 2),
  id: "3",
  node: "n4",
  role: "learner",
  peerUrls: [at(4).replace("4=", "")],
});

Deno.test("one of three is dead: its id is taken over, but only once it is seen to be put away", () => {
  const dead = unwell(seenOf([1, 2, 3]), "3");
  assert.equal(why(replace(dead, 3, "n4", true), dead), undefined);
  const wiped = withNode(dead, "n3", { data: { state: "empty", identity: "none", place: undefined } });
  assert.match(why(replace(dead, 3, "n4", true), wiped) ?? "", /^S6/);
  const away = withNode(dead, "n3", { reached: false });
  assert.match(why(replace(dead, 3, "n4", true), away) ?? "", /^S(6|24)/);

  // What could not be put away, or leaves two ids that nobody has, is not begun.
  const untold = withNode(dead, "n3", { process: "unknown" });
  assert.match(why(replace(untold, 3, "n4", true), untold) ?? "", /^S6/);
  const late = setting(dead, "n2", { [RUNNING]: list(1, 2, 3, 4) });
  assert.match(why(replace(late, 3, "n4", true), late) ?? "", /^S6/);

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
  // Another may have got a list without it before it was put away.
  assert.equal(
    vacated(setting(withNode(left, "n3", put), "n1", { [RUNNING]: list(1, 2) }), nodes, options),
    "3",
  );
  // A host that cannot be seen may hold what an earlier one that took it over has left.
  assert.equal(
    vacated(withNode(withNode(left, "n3", put), "n4", { reached: false }), nodes, options),
    undefined,
  );
  const hidden = withNode(dead, "n4", { reached: false });
  assert.match(why(replace(hidden, 3, "n4", true), hidden) ?? "", /^S6/);
  // A run that was broken off while it joined goes on, and nobody is restarted for a list without it.
  const member = takerOf(left);
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
  const observer = takerOf(left);
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
  const needed = withNode(unwell(joins, "2"), "n4", { process: "yes", view: view("3") });
  assert.match(why(leaves, needed) ?? "", /^S6: server 3 would have to be stopped/);
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
