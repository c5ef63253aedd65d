/** Steps that fail, replies that are lost, runs that are stopped: what is tried again, taken back, or left to the next run. */
import assert from "node:assert/strict";
import { fakeService } from "../fake_service.ts";
import { target } from "../core_samples.ts";
import { ends, hosts, World, world } from "./world.ts";

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
