/** What authors test with, tested with the built-in playbook and with one of an author's own. */
import assert from "node:assert/strict";
import { etcd, etcdPlaybook } from "quorate/plugins/etcd";
import { extend, management, node, nothing, run, sh, step } from "quorate";
import { FakeFleet, planCase } from "quorate/testing";
import metad from "../../../examples/metad/metad.ts";

const playbook = extend(etcdPlaybook, {
  add: {
    before: {
      "register-learner": (f) => [
        step("open-firewall", run(sh`fw open ${f.options.etcd.peerPort}`), {
          on: node(f.node),
          effect: nothing,
          idempotent: true,
        }),
      ],
    },
    after: {
      promote: (f) => [
        step("tell", run(sh`logger ${f.node.name}`), { on: management, effect: nothing, idempotent: true }),
      ],
    },
  },
});

Deno.test("planCase() shows an amendment in its place, with its exact command", () => {
  const { ids, steps, quorumAfter } = planCase({ plugin: etcd, playbook, options: { peerPort: 9 } }, "add", {
    node: "n4",
  });
  assert.equal(ids[ids.indexOf("register-learner") - 1], "open-firewall");
  assert.equal(ids[ids.indexOf("promote") + 1], "tell");
  assert.equal(steps.find((s) => s.id === "open-firewall")?.command, "fw open 9");
  assert.equal(quorumAfter.voters, 4);
});

Deno.test("planCase() throws what the engine would refuse", () => {
  const unsafe = extend(etcdPlaybook, {
    add: { replace: { snapshot: () => [], "fetch-snapshot": () => [] } },
  });
  assert.throws(() => planCase({ plugin: etcd, playbook: unsafe }, "add"), {
    name: "TypeError",
    message: /no snapshot is fetched before \(S18\)/,
  });
  assert.ok(planCase({ plugin: etcd, playbook: unsafe, backup: false }, "add"));
  const bare = extend(etcdPlaybook, { add: { replace: { promote: ({ unless: _, ...own }) => [own] } } });
  assert.throws(() => planCase({ plugin: etcd, playbook: bare }, "add"), /promote:n3: it has no guard/);
  assert.throws(() => planCase({ plugin: etcd }, "replace", { form: "of a red one" }), {
    name: "RangeError",
    message: /its forms are of a dead one, /,
  });
});

for (const [name, plugin] of [["etcd", etcd], ["a plugin of one's own", metad]] as const) {
  Deno.test(`a fake fleet of ${name} goes from bootstrap to remove`, async () => {
    const fleet = new FakeFleet({ plugin, formed: false, spares: ["n4", "n5"] });
    const went = async (...members: string[]) => {
      const { outcome, changes, refusals } = await fleet.apply(...members);
      assert.deepEqual([outcome, refusals], ["converged", []]);
      return changes;
    };
    assert.deepEqual(await went(), ["bootstrap n1,n2,n3"]);
    assert.equal((await fleet.apply()).outcome, "steady");
    assert.deepEqual(await went("n1", "n2", "n3", "n4"), ["add n4"]);
    fleet.stop("n2");
    assert.deepEqual(await went("n1", "n2", "n3", "n4"), ["repairCrashed n2"]);
    fleet.wipe("n1");
    assert.deepEqual(await went("n1", "n2", "n3", "n4"), ["repairWiped n1"]);
    assert.deepEqual(await went("n1", "n2", "n5", "n4"), ["replace n3→n5"]);
    assert.deepEqual(await went("n1", "n2", "n5"), ["remove n4"]);
    assert.deepEqual([...fleet.members].sort(), ["n1", "n2", "n5"]);
  });
}

Deno.test("a step that fails in a fake fleet ends the run, and a join that failed is taken back", async () => {
  const fleet = new FakeFleet({ plugin: etcd, playbook });
  fleet.onStep = (id, on) => id === "promote:n4" ? `no promotion on ${on}` : undefined;
  const { outcome, ran } = await fleet.apply("n1", "n2", "n3", "n4");
  assert.equal(outcome, "failed");
  assert.ok(ran.includes("n4: fw open 2380"));
  assert.equal(ran.some((line) => line.includes("logger")), false);
});

Deno.test("a fake fleet that lost its quorum is refused, and its nodes that are cut off are not judged", async () => {
  const fleet = new FakeFleet({ plugin: etcd });
  fleet.wipe("n1");
  fleet.wipe("n2");
  assert.equal((await fleet.apply()).outcome, "quorumLost");
  fleet.cut("n3");
  const { outcome, ran } = await fleet.apply();
  assert.notEqual(outcome, "converged");
  assert.deepEqual(ran, []);
});
