/** What a run does with its lease: taken before it looks, asked for before each effect, let go at the end. */
import assert from "node:assert/strict";
import { type Hold, type Leases, nodeLocksOnly } from "../../../src/engine/lease.ts";
import type { Refusal } from "../../../src/model/refusal.ts";
import { target } from "../core_samples.ts";
import { World } from "./world.ts";

const untold: Refusal = { rule: "S20", evidence: "it does not tell", unblock: "mend it" };
const lost: Hold = { kind: "lost", holder: "other:7" };

/** A lease that is as `hold` says the nth time that somebody asks, from 1. */
function leased(hold: (nth: number) => Hold) {
  const told = { asked: 0, open: 0 };
  const leases: Leases = {
    take() {
      told.open++;
      return Promise.resolve({
        kind: "held",
        lease: {
          token: "5",
          holds: () => Promise.resolve(hold(++told.asked)),
          [Symbol.asyncDispose]: () => {
            told.open--;
            return Promise.resolve();
          },
        },
      });
    },
  };
  return { leases, told };
}

/** A replacement: the longest change, with a step for every kind of effect. */
function world(leases: Leases): World {
  const w = new World(target("n2 n3 n4", "n1 n2 n3 n4 n5", { moveAll: true }), "n1 n2 n3");
  w.leases = leases;
  return w;
}

Deno.test("the lease is asked for before each effect, and let go at the end", async () => {
  const { leases, told } = leased(() => ({ kind: "held" }));
  const w = world(leases);
  assert.equal((await w.apply()).outcome, "converged");
  assert.equal(told.asked, w.log.length);
  assert.equal(told.open, 0);
  assert.deepEqual(w.events[0], { event: "leased", token: "5" });
});

for (const [name, hold] of Object.entries({ lost, unknown: { kind: "refused", refusal: untold } as Hold })) {
  Deno.test(`a lease that is ${name} before any step: no effect after it`, async () => {
    const all = world(leased(() => ({ kind: "held" })).leases);
    await all.apply();
    const steps = [...all.log];
    assert.ok(steps.length >= 8, "a change worth trying");
    for (let k = 1; k <= steps.length; k++) {
      const { leases, told } = leased((nth) => nth < k ? { kind: "held" } : hold);
      const w = world(leases);
      const { outcome } = await w.apply();
      assert.deepEqual(w.log, steps.slice(0, k - 1), `before step ${k}`);
      assert.equal(outcome, k > 1 ? "unfinished" : name === "lost" ? "yielded" : "refused", `step ${k}`);
      assert.equal(told.open, 0, "it is let go all the same");
    }
  });
}

Deno.test("who has lost the lease tells no refusal and no lost quorum: another manager does", async () => {
  const told = async (hold: Hold, change: (w: World) => void) => {
    const w = new World(target("n1 n2 n3", "n1 n2 n3 n4 n5"), "n1 n2 n3");
    w.leases = leased(() => hold).leases;
    change(w);
    const { outcome } = await w.apply();
    return [outcome, w.told("refused").length + w.told("quorumLost").length];
  };
  const dead = (w: World) => {
    w.kill("n2");
    w.silent.add("n2");
  };
  const gone = (w: World) =>
    ["n2", "n3"].forEach((n) => {
      w.kill(n);
      w.data.delete(n);
    });
  const held: Hold = { kind: "held" };
  for (const [change, outcome] of [[dead, "refused"], [gone, "quorumLost"]] as const) {
    assert.deepEqual(await told(held, change), [outcome, 1]);
    assert.deepEqual(await told(lost, change), ["yielded", 0]);
  }
});

for (
  const [what, ends] of [
    ["the deadline", () => {}],
    ["a stop that is asked for", (w: World) => w.stop.abort("asked to stop")],
  ] as const
) {
  Deno.test(`a lease that is slow to tell is not waited for beyond ${what}`, async () => {
    let asked = 0;
    const w = world(
      leased((nth) => {
        asked = nth;
        if (nth > 100_000) throw new Error("waited for without end");
        w.now += 5_000; // what was judged before is old each time
        if (nth === 3) ends(w);
        return { kind: "held" };
      }).leases,
    );
    const { outcome } = await w.apply();
    assert.deepEqual([outcome, w.log], ["unfinished", []]);
    const why = what === "the deadline" ? "policy.deadline has passed" : "asked to stop";
    assert.deepEqual(w.told("runEnded").map((e) => e.event === "runEnded" && e.why), [why]);
    assert.ok(what === "the deadline" ? asked > 3 : asked === 3, `${asked}`);
  });
}

Deno.test("a step that fails is not undone by who has lost the lease", async () => {
  const failing = (leases: Leases): World => {
    const w = new World(target("n1 n2 n3 n4", "n1 n2 n3 n4 n5"), "n1 n2 n3");
    w.leases = leases;
    w.luck = (command) => command.startsWith("start") ? { says: "no" } : undefined;
    return w;
  };
  const keeps = failing(leased(() => ({ kind: "held" })).leases);
  await keeps.apply();
  assert.equal(keeps.log.at(-1), "n2: remove a4", "taken back");
  const loses = failing(leased((nth) => nth <= 3 ? { kind: "held" } : lost).leases);
  await loses.apply();
  assert.deepEqual(loses.log, ["n4: stage n4", "n2: register n4", "n4: start n4"]);
  assert.ok(loses.told("undone").every((e) => e.event === "undone" && !e.ok));
});

Deno.test("a lease that another has: nobody looks, and the run ends quietly", async () => {
  const w = world({ take: () => Promise.resolve({ kind: "busy", holder: "other:7" }) });
  assert.equal((await w.apply()).outcome, "yielded");
  assert.deepEqual([w.looks, w.log], [0, []]);
});

Deno.test("a lease that nobody can tell of: refused by S20, without a look", async () => {
  const w = world({ take: () => Promise.resolve({ kind: "refused", refusal: untold }) });
  assert.equal((await w.apply()).outcome, "refused");
  assert.deepEqual([w.looks, w.log, w.refusedBy()], [0, [], ["S20"]]);
});

Deno.test("the lock's own service goes by the node locks alone while it is silent: acts where they are free, yields where not", async () => {
  const leases: Leases = { take: () => Promise.resolve({ kind: "held", lease: nodeLocksOnly("refused") }) };
  const w = world(leases);
  w.busy.set("n1", "other:7");
  assert.equal((await w.apply()).outcome, "yielded");
  assert.deepEqual(w.log, []);
  w.busy.clear();
  assert.equal((await w.apply()).outcome, "converged");
  assert.deepEqual(w.events[0], { event: "leaseless", why: "refused" });
});
