/** A cluster is forgotten: in which order, under which locks, and what stays when something goes wrong. */
import assert from "node:assert/strict";
import { forgetCluster } from "../../../src/engine/forget.ts";
import type { ServiceRun } from "../../../src/engine/outside.ts";
import { sampleNode } from "../../../src/plan/sample.ts";
import { clusterId, empty, latch, target } from "../core_samples.ts";
import { World } from "./world.ts";

/** Nothing runs any more, and latches of the cluster lie on these nodes. */
function destroyed(
  latched: readonly string[],
  changed: (node: string, looks: number) => object = () => ({}),
) {
  const world = new World(target("n1 n2 n3"), "n1 n2 n3");
  world.memory = { clusterId, attempts: { "add:n4": { count: 1, lastMs: 1 } } };
  let looks = 0;
  const run: ServiceRun = {
    ...world.run,
    outside: {
      ...world.run.outside,
      checks: {
        ...world.run.outside.checks,
        check: (_, { name }) => {
          if (name === "n1") looks++;
          const mark = latched.includes(name)
            ? latch({ clusterId, memberId: "a1" })
            : { latch: "none" as const };
          return Promise.resolve({
            ...sampleNode(name),
            ...empty,
            view: undefined,
            ...mark,
            ...changed(name, looks),
          });
        },
      },
    },
  };
  const commands = () => world.log.map((l) => `${l.split(":")[0]}: ${l.trim().split("\n").at(-1)}`);
  return { world, run, commands };
}
const yes = () => Promise.resolve(true);

Deno.test("latches go node by node under their locks, then the manager's memory; what it tried stays", async () => {
  const { world, run, commands } = destroyed(["n1", "n3"]);
  const end = await forgetCluster(run, clusterId, (remains) => {
    assert.deepEqual(remains, { nodes: ["n1", "n3"], memory: true });
    assert.equal(world.open.size, 0, "no lock while a person thinks");
    return yes();
  });
  assert.deepEqual(end, { kind: "forgotten", remains: { nodes: ["n1", "n3"], memory: true } });
  assert.deepEqual(commands().map((c) => c.replace(/quorate_forget \S+ (\S+) .*/, "forget $1")), [
    `n1: forget ${clusterId}`,
    `n3: forget ${clusterId}`,
  ]);
  assert.deepEqual(world.memory, { attempts: { "add:n4": { count: 1, lastMs: 1 } } });
  for (const session of world.open.values()) assert.equal(session.held, false);
});

Deno.test("a person who says no, another cluster's id, or a second manager: nothing is touched", async () => {
  const no = destroyed(["n1"]);
  assert.deepEqual(await forgetCluster(no.run, clusterId, () => Promise.resolve(false)), {
    kind: "declined",
  });
  const wrong = destroyed(["n1"]);
  assert.deepEqual(await forgetCluster(wrong.run, "c9", yes), { kind: "nothing", others: [clusterId] });
  const busy = destroyed(["n1"]);
  busy.world.busy.set("n2", "manager:2");
  assert.deepEqual(await forgetCluster(busy.run, clusterId, yes), { kind: "busy", holder: "manager:2" });
  const local = destroyed(["n1"]);
  local.world.localLock = false;
  assert.equal((await forgetCluster(local.run, clusterId, yes)).kind, "busy");
  for (const { world } of [no, wrong, busy, local]) {
    assert.deepEqual(world.log, []);
    assert.equal(world.memory.clusterId, clusterId);
  }
});

Deno.test("what has changed while a person thought is seen under the locks", async () => {
  const { world, run } = destroyed(
    ["n1"],
    (node, looks) => node === "n2" && looks > 1 ? { process: "yes" } : {},
  );
  const end = await forgetCluster(run, clusterId, yes);
  assert.deepEqual(end.kind === "refused" ? end.refusals.map((r) => r.rule) : end.kind, ["S1"]);
  assert.deepEqual([world.log, world.memory.clusterId], [[], clusterId]);
});

Deno.test("where it fails on a node the memory stays, and the same again goes on", async () => {
  const { world, run } = destroyed(["n1", "n2"]);
  world.luck = (_, __) => world.log.length === 2 ? { says: "etcd runs" } : undefined;
  assert.deepEqual(await forgetCluster(run, clusterId, yes), {
    kind: "failed",
    gone: ["n1"],
    node: "n2",
    why: "etcd runs",
  });
  assert.equal(world.memory.clusterId, clusterId);
});
