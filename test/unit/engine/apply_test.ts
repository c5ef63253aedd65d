/** The loop, on a fleet that exists only in memory: what runs, what does not, and how a run ends. */
import assert from "node:assert/strict";
import type { Service } from "../../../mod.ts";
import { exitCodeOf } from "../../../src/model/event.ts";
import { target } from "../core_samples.ts";
import { fakeService } from "../fake_service.ts";
import { ends, hosts, World, world } from "./world.ts";

Deno.test("nothing to do: one look, no lock, nothing run", async () => {
  const w = world("n1 n2 n3");
  await ends(w, "steady", 0);
  assert.deepEqual([w.log, w.looks, w.open.size], [[], 1, 0]);
});

Deno.test("a member is added: staged, registered, started, promoted, each once and on its own node", async () => {
  const w = world("n1 n2 n3 n4");
  await ends(w, "converged", 1);
  assert.deepEqual(w.log, ["n4: stage n4", "n2: register n4", "n4: start n4", "n2: promote a4"]);
  assert.equal(w.names, "n1 n2 n3 n4");
  await ends(w, "steady");
});

Deno.test("a host without part in a change is looked at before and after it, and not at every step", async () => {
  const w = world("n1 n2 n3 n4");
  await ends(w, "converged", 1);
  assert.equal(w.asked.n5, 3, "once, once more under the lock, and at the end");
  assert.ok((w.asked.n4 ?? 0) > 3);
});

Deno.test("a member is replaced: the new one comes first, the leader hands over, the old node is fenced", async () => {
  const w = world("n2 n3 n4", "n1 n2 n3", { moveAll: true });
  await ends(w, "converged");
  assert.deepEqual(w.log.map((l) => l.split(": ")[1]), [
    "stage n4",
    "register n4",
    "start n4",
    "promote a4",
    "hand-over a1",
    "remove a1",
    "fence n1",
    "set-aside n1",
  ]);
  assert.equal(w.names, "n2 n3 n4");
});

Deno.test("a dead member on a node that cannot be reached goes first, and is retired when it is back", async () => {
  const w = world("n1 n2 n4");
  w.kill("n3");
  w.silent.add("n3");
  await ends(w, "converged");
  assert.deepEqual([w.log[0], w.names], ["n2: remove a3", "n1 n2 n4"]);
  w.silent.delete("n3");
  await ends(w, "converged");
  assert.deepEqual(w.log, ["n3: fence n3", "n3: set-aside n3"]);
});

Deno.test("a crashed member is started; a stopped cluster is started", async () => {
  const w = world("n1 n2 n3");
  w.kill("n2");
  await ends(w, "converged");
  assert.deepEqual(w.log, ["n2: start n2"]);
  for (const n of ["n1", "n2", "n3"]) w.kill(n);
  await ends(w, "converged");
  assert.deepEqual([...w.log].sort(), ["n1: start n1", "n2: start n2", "n3: start n3"]);
});

// ---- one manager ----------------------------------------------------------------------------------------------------

Deno.test("another process on this host holds the lock: leave at once, exit 0", async () => {
  const w = world("n1 n2 n3 n4");
  w.localLock = false;
  await ends(w, "yielded", 0);
  assert.deepEqual([w.looks, w.log, exitCodeOf.yielded], [0, [], 0]);
});

Deno.test("another manager holds the lock on one node: leave quietly, nothing is run", async () => {
  for (const node of ["n1", "n3", "n4"]) {
    const w = world("n1 n2 n3 n4");
    w.busy.set(node, "other:7");
    await ends(w, "yielded", 0);
    assert.deepEqual(w.log, []);
    assert.deepEqual(w.told("yielded"), [{ event: "yielded", holder: "other:7" }]);
  }
});

Deno.test("a majority of nodes that cannot be locked stops every change (S20)", async () => {
  const w = world("n1 n2 n3 n4");
  w.unlockable = true;
  await ends(w, "refused", 0);
  assert.deepEqual([w.log, w.refusedBy()], [[], ["S20"]]);
});

Deno.test("what was seen before the lock was held is looked at again under it", async () => {
  const w = world("n1 n2 n3 n4");
  await ends(w, "converged");
  const first = w.events.findIndex((e) => e.event === "changeStarted");
  assert.equal(w.events.slice(0, first).filter((e) => e.event === "observed").length, 2);
});

Deno.test("locks are confirmed before what cannot be taken back: a majority that was lost stops it", async () => {
  const w = world("n1 n2");
  w.onLook = () => {
    if (w.open.size > 0) { for (const s of w.open.values()) s.held = false; }
  };
  await ends(w, "refused");
  assert.deepEqual(w.refusedBy(), ["S20"]);
  assert.ok(!w.log.some((l) => l.includes("remove")), w.log.join());
});

// ---- refusals -------------------------------------------------------------------------------------------------------

Deno.test("a refusal runs nothing, takes no lock, and says why", async () => {
  const w = world("n4 n5");
  await ends(w, "refused", 0);
  assert.deepEqual([w.log, w.open.size, w.refusedBy()], [[], 0, ["S10"]]);
});

Deno.test("S9: three to one takes two runs: the first removes one and says that the next goes on", async () => {
  const w = world("n3");
  await ends(w, "unfinished", 1);
  assert.deepEqual([w.names, w.refusedBy()], ["n1 n3", ["S9"]]);
  await ends(w, "converged", 1);
  assert.equal(w.names, "n3");
});

Deno.test("S9: replacements that have joined are no removals", async () => {
  const w = world("n3 n4 n5");
  await ends(w, "converged", 2);
  assert.equal(w.names, "n3 n4 n5");
});

Deno.test("S7: what happens between two steps counts: another member dies, and the removal does not run", async () => {
  const w = world("n1 n2 n3 n4", "n1 n2 n3 n4 n5");
  w.leader = "a5";
  w.onRun = (command) => {
    if (command === "hand-over a5") w.kill("n2");
  };
  await ends(w, "unfinished", 0);
  assert.deepEqual([w.log.map((l) => l.split(": ")[1]), w.refusedBy()], [["hand-over a5"], ["S7"]]);
});

Deno.test("S3: a conflict that appears between two steps stops the change", async () => {
  const w = world("n1 n2 n3 n4");
  w.onRun = (command) => {
    if (command === "register n4") w.data.set("n5", "a2"); // a disk of n2 was copied to n5 …
  };
  w.onLook = () => {
    if (w.data.has("n5")) w.data.set("n3", "a2"); // … and n3 says that it is n2
  };
  await ends(w, "unfinished", 0);
  assert.ok(w.refusedBy().includes("S3"), w.refusedBy().join());
  // A learner that starts takes nothing from anybody; what takes a vote or gives one is judged by a look at everybody.
  assert.ok(!w.log.some((l) => l.includes("promote")));
});

Deno.test("S24: a guard that cannot be answered stops the case; it neither skips the step nor runs it", async () => {
  const w = world("n1 n2 n3 n4");
  w.onRun = (command) => {
    if (command === "register n4") w.silent.add("n4");
  };
  await ends(w, "unfinished", 0);
  assert.deepEqual(w.refusedBy(), ["S24"]);
  assert.deepEqual(w.log, ["n4: stage n4", "n2: register n4"]);
  assert.equal(w.names, "n1 n2 n3 ?*", "resumed by id by a later run");
});

Deno.test("an election between two steps is waited out; one that does not end stops the change", async () => {
  for (const [forMs, outcome] of [[4_000, "converged"], [1e9, "unfinished"]] as const) {
    const w = world("n1 n2 n3 n4");
    let until = 0;
    w.onRun = (command) => {
      if (command === "start n4") [w.electing, until] = [true, w.now + forMs];
    };
    w.onLook = () => {
      if (w.now > until) w.electing = false;
    };
    await ends(w, outcome);
    assert.equal(w.log.includes("n2: promote a4"), outcome === "converged");
  }
});

Deno.test("what passes by itself is waited for: 15 s or twice policy.stabilize, and half a deadline at most", async () => {
  const why = { rule: "S24", evidence: "n2 did not serve yet", unblock: "wait", passes: true } as const;
  const service: Service = { ...fakeService, forbids: () => why };
  const cases = [[5_000, 600_000, 15_000], [20_000, 600_000, 40_000], [20_000, 60_000, 30_000]] as const;
  for (const [stabilizeMs, deadlineMs, waited] of cases) {
    const w = new World(target("n1 n2 n3 n4", hosts, { stabilizeMs, deadlineMs }), "n1 n2 n3", service);
    await ends(w, "refused", 0);
    assert.deepEqual([w.refusedBy(), w.log], [["S24"], []]);
    assert.ok(w.now >= waited && w.now < waited + 1_000, `${w.now} ms`);
  }
});

// ---- failures, tries, undo ------------------------------------------------------------------------------------------

Deno.test("after a change the cluster has to be seen well for policy.stabilize, without a break", async () => {
  const calm = world("n1 n2 n4 n3", "n1 n2 n3", { stabilizeMs: 5_000 });
  let promoted = 0;
  calm.onRun = (command) => {
    if (command === "promote a4") promoted = calm.now;
  };
  await ends(calm, "converged");
  assert.ok(calm.now - promoted >= 5_000 && calm.now - promoted < 7_500, `${calm.now - promoted} ms`);
  const shaken = world("n1 n2 n3 n4", "n1 n2 n3", { stabilizeMs: 5_000 });
  let at = Infinity;
  shaken.onRun = (command) => {
    if (command === "promote a4") at = shaken.now;
  };
  shaken.onLook = () => {
    shaken.electing = shaken.now > at + 3_000 && shaken.now < at + 5_000;
  };
  await ends(shaken, "converged");
  assert.ok(shaken.now - at >= 8_500, `${shaken.now - at} ms`);
});

Deno.test("the memory is written when a quorum was seen, and forbids what it has to (S1)", async () => {
  const w = world("n1 n2 n3");
  await ends(w, "steady");
  assert.notEqual(w.memory.clusterId, undefined);
  for (const n of ["n1", "n2", "n3"]) {
    w.kill(n);
    w.data.delete(n);
  }
  await ends(w, "refused", 0);
  assert.deepEqual([w.log, w.refusedBy()], [[], ["S1"]]);
});

for (const what of ["lock", "memory", "journal"] as const) {
  Deno.test(`a ${what} that cannot be written stops no look and every change, and is told`, async () => {
    const why = `Cannot write ${what}: no room is left on that file system`;
    const w = world("n1 n2 n3 n4");
    w.unwritable.set(what, why);
    await ends(w, "refused", 0);
    assert.ok(w.looks > 0);
    assert.deepEqual(w.log, [], "nothing was run");
    const [refused] = w.told("refused");
    assert.ok(refused?.event === "refused");
    assert.deepEqual(refused.refusals.map((r) => [r.rule, r.evidence]), [["state", why]]);
    w.unwritable.clear();
    await ends(w, "converged", 1);
  });
}

Deno.test("with nothing to do, what cannot be written is told, and the run ends well", async () => {
  for (const what of ["lock", "memory"] as const) {
    const w = world("n1 n2 n3");
    w.unwritable.set(what, "Cannot write it");
    await ends(w, "steady", 0);
    const end = w.told("runEnded")[0];
    assert.ok(end?.event === "runEnded" && end.why === "Cannot write it", what);
  }
});

Deno.test("a memory that cannot be written any more in the middle of a run lets the change end, and no other begin", async () => {
  const w = world("n1 n2 n3 n4 n5");
  w.onRun = (command) => {
    if (command.includes("promote")) w.unwritable.set("journal", "the disk is full");
  };
  await ends(w, "unfinished", 1);
  assert.equal(w.members.length, 4);
  assert.deepEqual(w.refusedBy(), ["state"]);
});
