/**
 * Nodes that come back after their member was removed, and nodes that vanish while they join: none of them ever joins
 * by itself, serves a cluster of its own, or is left behind as a voter that never started.
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { DATA, Site } from "./kit.ts";
import { Writer } from "./writer_kit.ts";

Deno.test("nodes that were removed stay away, and a join that broke off ends (etcd 3.5)", async (t) => {
  await using site = await Site.up("comeback", { hosts: 4, etcd: "3.5" });
  const { lab } = site;
  const three = await site.config(["n1", "n2", "n3"]);
  const four = await site.config(["n1", "n2", "n3", "n4"]);
  await site.apply(three);
  await using writer = new Writer(site);

  /** For some seconds: n4 serves nobody a read that a majority has confirmed, and no member is it. */
  const mustStayAway = async (when: string): Promise<void> => {
    const ids = (await site.members("n1")).map((m) => m.id);
    const { stdout } = await lab.on(
      "n4",
      `for try in 1 2 3 4 5 6; do
        ETCDCTL_API=3 etcdctl --endpoints=${
        site.url("n4")
      } --command-timeout=500ms get writer/1 >/dev/null 2>&1 && echo served
        sleep 0.3
      done`,
    );
    assert.equal(stdout, "", `n4 serves nothing, ${when}`);
    assert.deepEqual((await site.members("n1")).map((m) => m.id), ids, `the same members, ${when}`);
    await site.mustBe("n1", "n2", "n3");
  };
  /** n4 is put away for good: nothing runs and nothing starts, and its data is beside where it was. */
  const mustBeRetired = async (): Promise<void> => {
    for (const when of ["retired", "rebooted"]) {
      if (when === "rebooted") await lab.reboot("n4");
      await mustStayAway(when);
      const { stdout } = await lab.on(
        "n4",
        `systemctl is-active etcd; systemctl is-enabled etcd; pidof etcd; ls -A ${DATA}
        systemctl start etcd; systemctl is-active etcd`,
      );
      assert.equal(stdout, "inactive\ndisabled\ninactive\n", `n4, ${when}`);
    }
    assert.notEqual((await lab.on("n4", `ls -d ${DATA}.quorate-*`)).stdout, "", "its data is set aside");
    await site.mustBeSteady(three);
  };
  /**
   * Starts a run, and is there when this step has just been done; `then` is done before it is killed. A run that yields
   * to what an earlier killed run left behind is started again, as a timer does.
   */
  const killedAfter = async (config: string, step: string, then = () => Promise.resolve()): Promise<void> => {
    await until(`a run that does ${step}`, async () => {
      await using running = site.start(config, "apply", "-o", "json");
      const done = new RegExp(`"event":"stepDone","step":{"id":"${step}"|"outcome":"yielded"`);
      await running.says(done, 60_000);
      if (running.stdout().includes('"outcome":"yielded"')) return false;
      running.kill("SIGKILL");
      await then();
      return true;
    }, 90_000);
  };

  await t.step("killed between a removal and its fencing: the next run retires the node", async () => {
    await site.apply(four);
    await killedAfter(three, "remove:n4");
    assert.equal((await site.members("n1")).length, 3, "the removal is done");
    assert.notEqual((await lab.on("n4", `ls -A ${DATA}`)).stdout, "", "its data is still there");
    await writer.goesOn("after the kill");
    const { err } = await site.apply(three);
    assert.match(err, /retire n4/);
    await mustBeRetired();
  });

  await t.step("cut off while it was removed: it does not come back by itself, and is retired", async () => {
    await site.apply(four);
    await lab.cut("n4");
    await site.apply(three);
    await mustStayAway("cut off");
    await lab.heal();
    await mustStayAway("healed");
    await lab.reboot("n4");
    await mustStayAway("rebooted, before anybody looked");
    const { err } = await site.apply(three);
    assert.match(err, /retire n4/);
    await mustBeRetired();
    await writer.goesOn("with n4 retired");
  });

  /** The learner that a broken join left: recorded, never started. */
  const learnerLeft = async (): Promise<string> => {
    const odd = (await site.members("n1")).filter((m) => m.learner || !m.started);
    assert.deepEqual(odd.map((m) => [m.learner, m.started]), [[true, false]], "one learner, no voter");
    await writer.goesOn("with a learner that never started");
    return odd[0]?.id ?? "";
  };

  await t.step(
    "cut off when it was registered: a later run finishes the join, under the same id",
    async () => {
      await using running = site.start(four, "apply", "-o", "json");
      await running.says(/"event":"stepDone","step":{"id":"register-learner:n4"/, 60_000);
      await lab.cut("n4");
      assert.equal((await running.exited).code, 5, running.stdout());
      const id = await learnerLeft();
      await site.apply(four, 3);
      assert.equal(await learnerLeft(), id, "it waits for its node");
      await lab.heal();
      await site.applied(four);
      await site.mustBe("n1", "n2", "n3", "n4");
      assert.equal((await site.members("n1")).find((m) => m.name === "n4")?.id, id);
    },
  );

  await t.step("killed and cut off, and no longer desired: the learner is evicted by id", async () => {
    await site.apply(three);
    await killedAfter(four, "register-learner:n4", () => lab.cut("n4"));
    await learnerLeft();
    await site.apply(three);
    await site.mustBe("n1", "n2", "n3");
    await lab.heal();
    await site.mustBeSteady(three);
  });

  await t.step("killed and cut off for longer than its grace: the learner is evicted by id", async () => {
    const impatient = await site.config(["n1", "n2", "n3", "n4"], { policy: { joinTimeout: "1s" } });
    await killedAfter(four, "register-learner:n4", () => lab.cut("n4"));
    await learnerLeft();
    // The first run sees the learner for the first time, and its grace begins.
    await site.apply(impatient, 3);
    await site.apply(impatient, 5);
    await site.mustBe("n1", "n2", "n3");
    await lab.heal();
    await site.applied(four);
    await site.mustBe("n1", "n2", "n3", "n4");
  });

  await writer.judged("n1");
});
