/** The loop, on a fleet that exists only in memory: what runs, what does not, and how a run ends. */
import assert from "node:assert/strict";
import { exitCodeOf } from "../../../src/model/event.ts";
import type { Policy } from "../../../src/model/observation.ts";
import { fakeService } from "../fake_service.ts";
import { target } from "../core_samples.ts";
import { World } from "./world.ts";

const hosts = "n1 n2 n3 n4 n5";
const world = (desired: string, members = "n1 n2 n3", policy: Partial<Policy> = {}): World =>
  new World(target(desired, hosts, policy), members);
const ends = async (w: World, outcome: keyof typeof exitCodeOf, changed?: number): Promise<void> => {
  const end = await w.apply();
  assert.equal(end.outcome, outcome, JSON.stringify(w.events.slice(-3)));
  if (changed !== undefined) assert.equal(end.changed, changed);
  const last = w.events.at(-1);
  assert.equal(last?.event, "runEnded");
  for (const session of w.open.values()) assert.equal(session.held, false, "every lock is let go");
};

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

// ---- failures, tries, undo ------------------------------------------------------------------------------------------

Deno.test("S13: a failed join takes its learner out again, and counts as a try that delays the next", async () => {
  const w = world("n1 n2 n3 n4");
  w.luck = (command) => (command === "start n4" ? { says: "no disk" } : undefined);
  await ends(w, "failed", 0);
  assert.deepEqual([w.names, w.log.at(-1)], ["n1 n2 n3", "n2: remove a4"]);
  assert.equal(w.memory.attempts["add:n4"]?.count, 1);
  const failed = w.told("stepFailed")[0];
  assert.ok(failed?.event === "stepFailed" && failed.failure.output === "no disk");
  await ends(w, "refused", 0);
  assert.deepEqual([w.log, w.refusedBy()], [[], ["S8"]]);
  w.luck = () => undefined;
  w.now += 60_000;
  await ends(w, "converged", 1);
  assert.deepEqual(w.memory.attempts, {}, "a member that is well has no failed tries");
});

Deno.test("a learner that is not in sync when its grace is over is evicted", async () => {
  const w = world("n1 n2 n3 n4", "n1 n2 n3", { joinTimeoutMs: 20_000 });
  w.onRun = (command) => {
    if (command === "start n4") w.kill("n4");
  };
  await ends(w, "failed");
  assert.equal(w.names, "n1 n2 n3");
});

Deno.test("S13: what was promoted meanwhile is not taken out by an undo", async () => {
  const w = world("n1 n2 n3 n4");
  w.luck = (command) => (command === "promote a4" ? "timed out after" : undefined);
  await ends(w, "converged");
  assert.deepEqual(w.log.filter((l) => l.includes("promote")), ["n2: promote a4"], "seen to be done");
  const v = world("n1 n2 n3 n4");
  v.onRun = (command) => {
    if (command === "promote a4") v.kill("n3"); // so that the last wait fails
  };
  await ends(v, "failed");
  assert.equal(v.names, "n1 n2 n3 n4");
});

Deno.test("S13: a lost reply is unknown: observe, then decide", async () => {
  const done = world("n1 n2 n3 n4");
  done.luck = (command, times) => (command === "register n4" && times === 1 ? "lost after" : undefined);
  await ends(done, "converged");
  assert.equal(done.log.filter((l) => l.includes("register")).length, 1, "it was done, so not again");
  const not = world("n1 n2 n3 n4");
  not.luck = (command, times) => (command === "register n4" && times === 1 ? "lost" : undefined);
  await ends(not, "converged");
  assert.equal(not.log.filter((l) => l.includes("register")).length, 2, "it was not done, so again");
});

Deno.test("a reply that is lost three times, or a time-out twice, is a failure", async () => {
  for (const [luck, times] of [["lost", 3], ["timed out", 2]] as const) {
    const w = world("n1 n2 n3 n4");
    w.luck = (command) => (command === "register n4" ? luck : undefined);
    await ends(w, "failed");
    assert.equal(w.log.filter((l) => l.includes("register")).length, times, luck);
  }
});

Deno.test("a step tries again for the words that it knows, and for no others", async () => {
  const w = world("n1 n2 n3 n4");
  w.luck = (
    command,
    times,
  ) => (command === "register n4" && times < 4 ? { says: "not yet, please" } : undefined);
  await ends(w, "converged");
  assert.equal(w.told("stepWaiting").length, 3);
  const v = world("n1 n2 n3 n4");
  v.luck = (command) => (command === "register n4" ? { says: "never" } : undefined);
  await ends(v, "failed");
  assert.equal(v.log.filter((l) => l.includes("register")).length, 1);
});

Deno.test("a command that ends well without its effect is a failure", async () => {
  const w = world("n1 n2");
  const members = w.members;
  w.onRun = (command) => {
    if (command.startsWith("remove")) w.members = members;
  };
  await ends(w, "failed");
  assert.match(JSON.stringify(w.told("stepFailed")), /this does not hold afterwards/);
});

Deno.test("a change that is completed again and again and yet is due is told, and counts as a try", async () => {
  const drift = { drift: () => ({ settings: { A: "b" } }) };
  const w = new World(target("n1 n2 n3", hosts, { stabilizeMs: 0 }), "n1 n2 n3", {
    ...fakeService,
    ...drift,
  });
  w.leader = "a1";
  await ends(w, "failed", 3);
  assert.deepEqual(w.log, ["n2: restart n2", "n2: restart n2", "n2: restart n2"]);
  assert.equal(w.memory.attempts["repairConfig:n2"]?.count, 1);
  await ends(w, "failed");
  assert.ok(!w.log.includes("n2: restart n2"), "it waits before it tries that one again");
});

// ---- stop, deadline, stabilization ----------------------------------------------------------------------------------

Deno.test("SIGTERM: the running step is finished, no other is begun, nothing is undone", async () => {
  const w = world("n1 n2 n3 n4");
  w.onRun = (command) => {
    if (command === "register n4") w.stop.abort();
  };
  await ends(w, "unfinished");
  assert.deepEqual([w.log.at(-1), w.names], ["n2: register n4", "n1 n2 n3 ?*"]);
  assert.deepEqual(w.memory.attempts["add:n4"], undefined, "no try in vain");
});

Deno.test("SIGTERM while a step would be tried again leaves it to the next run", async () => {
  const w = world("n1 n2 n3 n4");
  w.luck = (command) => (command.startsWith("promote") ? { says: "not in sync" } : undefined);
  w.onRun = (command) => {
    if (command.startsWith("promote")) w.stop.abort();
  };
  await ends(w, "unfinished");
  assert.equal(w.names, "n1 n2 n3 n4*");
});

Deno.test("a join that outlives the deadline is resumed by the next run", async () => {
  const w = world("n1 n2 n3 n4", "n1 n2 n3", { deadlineMs: 30_000 });
  w.onRun = (command) => {
    if (command === "start n4") w.silent.add("n4");
  };
  await ends(w, "unfinished");
  assert.equal(w.names, "n1 n2 n3 n4*");
  w.silent.delete("n4");
  await ends(w, "converged");
  assert.deepEqual(w.log.map((l) => l.split(": ")[1]), ["promote a4"]);
});

Deno.test("who was started to join and has ended by itself is not waited for, and taken out again", async () => {
  const w = world("n1 n2 n3 n4");
  w.onRun = (command) => {
    if (command === "start n4") w.kill("n4");
  };
  await ends(w, "failed");
  assert.deepEqual([w.log.at(-1), w.names], ["n2: remove a4", "n1 n2 n3"]);
  assert.ok(w.now < 10_000, `${w.now} ms`);
});

Deno.test("another member that ends while a change is waited for is left to the next run at once", async () => {
  const w = world("n1 n2 n3 n4");
  w.onRun = (command) => {
    if (command === "promote a4") w.kill("n2");
  };
  await ends(w, "failed", 0);
  const [failed] = w.told("stepFailed");
  assert.ok(failed?.event === "stepFailed");
  assert.deepEqual([failed.step.id, failed.failure.on], ["wait", "n2"]);
  assert.ok(failed.ms < 10_000, `${failed.ms} ms`);
  assert.equal(w.names, "n1 n2 n3 n4", "who has joined stays");
  await ends(w, "converged");
  assert.equal(w.log[0], "n2: start n2");
});

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
