/** A service begins again: after a person's yes, under the locks of all that can be reached, and never beside one that serves. */
import assert from "node:assert/strict";
import { effect, fenced, node, run, type Service, sh, step } from "../../../mod.ts";
import { type Again, beginAgain, type Proposal, proposeAgain, recoverBy } from "../../../src/engine/again.ts";
import type { ServiceRun } from "../../../src/engine/outside.ts";
import { judgeRecovery } from "../../../src/rules/s19_recover.ts";
import { clusterId, target } from "../core_samples.ts";
import { fakeService } from "../fake_service.ts";
import { World } from "./world.ts";

const service: Service = {
  ...fakeService,
  steps: (change, context) => {
    if (change.case !== "recover") return fakeService.steps(change, context);
    return [
      ...[...change.others, change.node].map((n) =>
        step(`fence:${n.name}`, run(sh`fence ${n.name}`), {
          on: node(n),
          effect: effect("fences", n),
          unless: fenced(n),
        })
      ),
      step("succeed", run(sh`succeed ${change.node.name} ${change.former.join(",")}`), {
        on: node(change.node),
        effect: { does: "succeeds", node: change.node.name, former: change.former },
        idempotent: true,
      }),
    ];
  },
};
const yes = () => Promise.resolve(true);

/** Three of five hosts are gone, and of n1 and n2 the second one's log goes further. */
function lost(confirm: (p: Proposal) => Promise<boolean> = yes, desired = "n1 n2 n3 n4 n5") {
  const all = target(desired, "n1 n2 n3 n4 n5", { deadAfterMs: 5_000 });
  const world = new World(all, "n1 n2 n3 n4 n5", service);
  for (const name of ["n3", "n4", "n5"]) {
    world.kill(name);
    world.silent.add(name);
  }
  const given: ServiceRun = {
    ...world.run,
    outside: {
      ...world.run.outside,
      checks: {
        ...world.run.outside.checks,
        survey: (_, { name }) =>
          Promise.resolve({ log: { term: 2n, index: name === "n2" ? 9n : 8n }, answering: [] }),
      },
    },
  };
  const watched: number[] = [];
  const how: Again = {
    judge: (seen, surveyed) => judgeRecovery(all, seen, surveyed, { gone: ["n3", "n4", "n5"] }),
    change: (b, token) => {
      if (b.kind === "snapshot") throw new TypeError("no snapshot here");
      return recoverBy(b, token);
    },
    watching: (ms) => watched.push(ms),
    confirm,
  };
  const go = () => beginAgain(given, how, (h) => world.events.push(h), world.stop.signal);
  return { world, given, how, go, watched };
}
const deeds = (world: World): readonly string[] => world.log.filter((l) => !l.endsWith(": true"));

Deno.test("all that can be reached are fenced, the most advanced last, and then it is decided on", async () => {
  let locked = -1;
  const { world, go, watched } = lost((p) => {
    locked = world.open.size;
    assert.deepEqual(p.planned.steps.map((s) => s.id), ["fence:n1", "fence:n2", "succeed"]);
    return yes();
  });
  const { changed } = await go();
  assert.equal(locked, 0, "no lock while a person thinks");
  assert.deepEqual(deeds(world).slice(0, 3), [`n1: fence n1`, `n2: fence n2`, `n2: succeed n2 ${clusterId}`]);
  assert.equal(changed, 1);
  assert.deepEqual([watched, world.now >= 5_000], [[5_000], true]);
  for (const name of ["n1", "n2"]) assert.ok(world.open.has(name), `the lock of ${name}`);
  for (const session of world.open.values()) assert.equal(session.held, false);
});

Deno.test("it is shown without a lock and without a deed", async () => {
  const { world, given, how } = lost();
  const found = await proposeAgain(given, how);
  assert.ok("begins" in found);
  assert.deepEqual([found.begins.kind, found.begins.node.name, world.open.size, world.log], [
    "disk",
    "n2",
    0,
    [],
  ]);
});

Deno.test("a person who says no, another manager, and a state directory that is full: nothing is touched", async () => {
  const no = lost(() => Promise.resolve(false));
  assert.equal((await no.go()).outcome, "failed");
  const busy = lost();
  busy.world.busy.set("n1", "manager:2");
  assert.equal((await busy.go()).outcome, "failed");
  const local = lost();
  local.world.localLock = false;
  assert.equal((await local.go()).outcome, "yielded");
  const full = lost();
  full.world.unwritable.set("journal", "the disk is full");
  assert.equal((await full.go()).outcome, "refused");
  for (const { world } of [no, busy, local, full]) assert.deepEqual(deeds(world), []);
});

Deno.test("a quorum that comes back while it is watched for, or while a person thinks, ends it", async () => {
  const back = ({ world }: ReturnType<typeof lost>) => {
    for (const name of ["n3", "n4", "n5"]) {
      world.silent.delete(name);
      world.running.add(name);
    }
  };
  const soon = lost();
  soon.world.onLook = () => {
    if (soon.world.now > 3_000) back(soon);
  };
  assert.equal((await soon.go()).outcome, "refused");
  const late: ReturnType<typeof lost> = lost(() => {
    back(late);
    return yes();
  });
  assert.equal((await late.go()).outcome, "refused");
  for (const { world } of [soon, late]) {
    assert.deepEqual([deeds(world), world.refusedBy()], [[], ["S19"]]);
  }
});

Deno.test("a host that comes back after the fences, and before it is decided, ends it: it may serve with others", async () => {
  // Also one that the config does not want for a member, where nobody tells that it was one.
  for (const desired of ["n1 n2 n3 n4 n5", "n1 n2"]) {
    const { world, go } = lost(yes, desired);
    if (desired === "n1 n2") ["n1", "n2"].forEach((name) => world.kill(name));
    world.onRun = (command) => {
      if (command === "fence n2") world.silent.delete("n3");
    };
    assert.equal((await go()).outcome, "unfinished", desired);
    assert.deepEqual([deeds(world), world.refusedBy()], [["n1: fence n1", "n2: fence n2"], ["S19"]]);
  }
});
