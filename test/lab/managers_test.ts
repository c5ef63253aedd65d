/**
 * Managers that meet each other, that are stopped, killed, or lose their connections in the middle of a change. What
 * became of it is seen with `etcdctl` and with `flock` on the nodes.
 */
import assert from "node:assert/strict";
import { type Running, until } from "../../lab/mod.ts";
import type { Event } from "../../src/model/event.ts";
import { Crash, eventsOf, type Goal } from "./crash.ts";
import { Site } from "./kit.ts";

const LOCK = "/run/quorate/etcd.service.lock";
const THREE = ["n1", "n2", "n3"];
const FOUR = [...THREE, "n4"];
const policy = { stabilize: "0s" };

const began = (step: string): RegExp => new RegExp(`"event":"stepStarted","step":\\{"id":"${step}".*\n`);
const changes = (events: readonly Event[]): number => events.filter((e) => e.event === "changeDone").length;

/** What a process that was started with `-o json` came to. */
async function ended(running: Running) {
  const { code, stdout, stderr } = await running.exited;
  const events = eventsOf(stdout);
  const end = events.at(-1);
  assert(end?.event === "runEnded", `no end was told: ${code} ${stdout} ${stderr}`);
  return { code, events, outcome: end.outcome, why: end.why ?? "", out: stdout, err: stderr };
}

/** etcd's own words. */
const NOT_YET = `#!/bin/sh
case "$*" in *"member add"*) echo "Error: etcdserver: unhealthy cluster" >&2; exit 1 ;; esac
exec /usr/bin/etcdctl "$@"
`;

Deno.test("managers that meet, stop, die or lose their connections do no harm", async (t) => {
  await using site = await Site.up("managers", { hosts: 4 });
  const { lab } = site;
  const three: Goal = { config: await site.config(THREE, { policy }), hosts: THREE };
  const four: Goal = { config: await site.config(FOUR, { policy }), hosts: FOUR };
  const crash = new Crash(site, 1);
  await crash.converge(three.config);

  const apply = (config: string): Running => site.start(config, "apply", "-o", "json");
  const free = (host: string): Promise<boolean> =>
    lab.on(host, `! [ -e ${LOCK} ] || flock -n ${LOCK} true`).then(({ code }) => code === 0);
  const allFree = (withinMs: number): Promise<void> =>
    until(
      "every node's lock is free",
      async () => (await Promise.all(FOUR.map(free))).every(Boolean),
      withinMs,
    );
  /** How often members were added to this cluster, as a member's log tells. */
  const adds = async (): Promise<number> =>
    Number(
      await lab.must("n1", "journalctl -q -u etcd -o cat | grep -c '\\(added member\\|\"added member\"\\)'"),
    );

  /** Two managers; the second starts with the first, or when the first has said this. */
  const atOnce = async (goal: Goal, said: RegExp | undefined, forget: boolean): Promise<void> => {
    await using first = apply(goal.config);
    if (said !== undefined) await first.says(said, 60_000);
    if (forget) site.forget();
    await using second = apply(goal.config);
    const ends = await Promise.all([ended(first), ended(second)]);
    const told = JSON.stringify(ends.map(({ code, outcome, why }) => ({ code, outcome, why })));
    assert.deepEqual(ends.map(({ code }) => code), [0, 0], told);
    assert.equal(ends.reduce((sum, { events }) => sum + changes(events), 0), 1, `one change in all: ${told}`);
    const idle = ends.find(({ outcome }) => outcome !== "converged");
    assert(
      idle !== undefined && !idle.events.some((e) => "step" in e),
      `one of them begins no step: ${told}`,
    );
    // A second one that is slow to start may find that the first is through.
    assert(idle.outcome === "yielded" || (said !== undefined && idle.outcome === "steady"), told);
    await crash.landed(goal);
  };

  await t.step("two applies at once on two hosts: one acts, the other leaves quietly with 0", async () => {
    await atOnce(four, undefined, true);
    await atOnce(three, /"observed"/, true);
    await atOnce(four, /"changeStarted"/, true);
    await atOnce(three, began("remove:n4"), true);
  });

  await t.step("two applies at once on one host: one acts, the other leaves quietly with 0", async () => {
    await atOnce(four, undefined, false);
    await atOnce(three, /"changeStarted"/, false);
  });

  await t.step("who loses says nothing at all where nobody looks", async () => {
    await using first = apply(four.config);
    await first.says(/"changeStarted"/, 60_000);
    site.forget();
    assert.deepEqual(await site.quorate(four.config, "apply"), { code: 0, out: "", err: "" });
    assert.equal((await ended(first)).outcome, "converged");
    await crash.landed(four);
  });

  await t.step(
    "SIGTERM: the running step is finished, no other begun, exit 5; the next run goes on",
    async () => {
      await using running = apply(three.config);
      await running.says(began("remove:n4"), 60_000);
      running.kill("SIGTERM");
      const { code, outcome, events } = await ended(running);
      assert.deepEqual({ code, outcome }, { code: 5, outcome: "unfinished" });
      const steps = events.flatMap((e) =>
        "step" in e && typeof e.step !== "string" ? [[e.event, e.step.id]] : []
      );
      assert.deepEqual(steps.at(-1), ["stepDone", "remove:n4"]);
      assert.deepEqual((await site.members("n1")).map((m) => m.name).sort(), THREE);
      await allFree(5_000);
      await crash.converge(three.config);
      await crash.landed(three);
    },
  );

  await t.step(
    'SIGTERM while etcd says "not yet": nothing has failed, and the next run goes on at once',
    async () => {
      // Within five seconds of a start etcd refuses new members; here it does so for as long as it takes.
      for (const host of THREE) {
        await lab.must(host, "cat >/usr/local/bin/etcdctl && chmod 755 /usr/local/bin/etcdctl", {
          stdin: NOT_YET,
        });
      }
      await using running = apply(four.config);
      await running.says(/"event":"stepWaiting","step":\{"id":"register-learner:n4"/, 60_000);
      running.kill("SIGTERM");
      for (const host of THREE) await lab.must(host, "rm /usr/local/bin/etcdctl");
      const { code, outcome, why } = await ended(running);
      assert.deepEqual({ code, outcome, why }, { code: 5, outcome: "unfinished", why: "asked to stop" });
      assert.equal(await crash.converge(four.config), 1, "one run");
      await crash.landed(four);
    },
  );

  await t.step("SIGKILL frees the locks within seconds, and blocks nobody", async () => {
    await using running = apply(three.config);
    await running.says(began("hand-over:n4|remove:n4"), 60_000);
    assert(!(await free("n1")), "the lock is held through a change");
    running.kill("SIGKILL");
    await running.exited;
    await allFree(5_000);
    site.forget();
    assert.equal(await crash.converge(three.config), 1, "one run");
    await crash.landed(three);
  });

  await t.step("a manager that sleeps longer than its locks live does no harm when it wakes up", async () => {
    const before = await adds();
    await using sleeper = apply(four.config);
    await sleeper.says(began("register-learner:n4"), 60_000);
    Deno.kill(sleeper.pid, "SIGSTOP");
    // Its connections stay open, and nobody answers: the nodes give its locks up.
    await allFree(120_000);
    site.forget();
    await crash.converge(four.config);
    await site.mustBe(...FOUR);
    Deno.kill(sleeper.pid, "SIGCONT");
    const { code, outcome, why, err } = await ended(sleeper);
    assert([0, 3, 5].includes(code), `${code} ${outcome} ${why} ${err}`);
    await crash.converge(four.config);
    await crash.landed(four);
    assert.equal(await adds(), before + 1, "added once");
  });

  await t.step("a manager whose connections were cut does not undo what another has done since", async () => {
    await using sleeper = apply(three.config);
    await sleeper.says(began("hand-over:n4|remove:n4"), 60_000);
    Deno.kill(sleeper.pid, "SIGSTOP");
    await Promise.all(FOUR.map((host) => lab.must(host, HANG_UP)));
    await allFree(60_000);
    // The other manager's config keeps the fourth member.
    site.forget();
    await crash.converge(four.config);
    Deno.kill(sleeper.pid, "SIGCONT");
    const { code, outcome, why, err } = await ended(sleeper);
    assert([1, 3, 5].includes(code), `${code} ${outcome} ${why} ${err}`);
    await crash.landed(four);
  });

  await t.step(
    "SSH sessions that die in mid-step: the run looks again, and nothing is done twice",
    async () => {
      const before = await adds();
      await crash.converge(three.config);
      for (const step of ["register-learner:n4", "start-existing:n4", "promote:n4"]) {
        await using running = apply(four.config);
        await running.says(began(step), 60_000);
        await Promise.all(FOUR.map((host) => lab.must(host, HANG_UP)));
        const { code, outcome, why, err } = await ended(running);
        assert([0, 3, 5].includes(code), `${code} ${outcome} ${why} ${err}`);
        await crash.converge(four.config);
        await crash.landed(four);
        await crash.converge(three.config);
      }
      assert.equal(await adds(), before + 3, "added once each time");
    },
  );

  await t.step("a network that is silent for three seconds in mid-step: the same run goes on", async () => {
    await using running = apply(four.config);
    await running.says(began("start-existing:n4"), 60_000);
    await lab.cutManagement("n4");
    await new Promise((r) => setTimeout(r, 3_000));
    await lab.heal("n4");
    assert.equal((await ended(running)).outcome, "converged");
    await crash.landed(four);
  });

  await t.step(
    "a node that stays cut off in mid-step: the run says so, and one after it is back goes on",
    async () => {
      await using running = apply(three.config);
      await running.says(began("fence:n4"), 60_000);
      await lab.cutManagement("n4");
      const { code, outcome, why, err } = await ended(running);
      console.log(code, outcome, why, err);
      await lab.heal("n4");
      await until("a later run converges", async () => {
        const { code, err } = await site.quorate(three.config, "apply");
        return code === 0 && err === "";
      }, 90_000);
      await crash.landed(three);
    },
  );
});

/** Every connection to this host ends, as when its sshd or a firewall on the way is restarted. */
const HANG_UP = "pkill -f '^sshd: [a-z]*@notty'";
