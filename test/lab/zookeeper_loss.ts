/**
 * Three of five ZooKeeper hosts are lost, again and again: `recover` is killed after each of its steps, and right then a
 * lost host comes back with its data, the others later: `deno task loss`, or some steps only: `deno task loss ready`. In the end there is one ensemble of five each
 * time, and it holds every write that the chosen survivor had received. What it costs more than is done in CI: some
 * minutes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { DATA, Ensemble } from "./zookeeper_kit.ts";

const ALL = ["n1", "n2", "n3", "n4", "n5"];
const STEPS = ["fence", "ready", "succeed", "start", "wait-quorum"];

async function main(steps: readonly string[]): Promise<void> {
  await using site = await Ensemble.up("zr-loss", ALL.length);
  const { lab } = site;
  const config = site.config(ALL, { policy: { deadAfter: "0s", stabilize: "0s" } });
  await site.apply(config);
  await site.shell(["n1"], 'create /kept "from the start"');
  let written: readonly string[] = ["kept"];
  for (const step of steps) {
    const leader = await site.leader(ALL);
    // One that lags, one that is left with it, and three that go, the leader among them.
    const [behind = "", ahead = "", ...rest] = ALL.filter((h) => h !== leader);
    const lost = [leader, ...rest];
    await lab.isolate(behind);
    const key = `before-${step}`;
    assert.match(await site.shell([ahead], `create /${key} x`), /Created/);
    written = [...written, key];
    await Promise.all(lost.map((host) => lab.kill(host)));
    await lab.heal(behind);

    const args = ["coordination", "--yes-lose-writes", ...lost.flatMap((host) => ["--gone", host])];
    await using running = site.start(config, "recover", ...args, "-o", "json");
    const id = step === "wait-quorum" ? step : `${step}:${ahead}`;
    await running.says(new RegExp(`"event":"stepDone","step":{"id":"${id}"`), 120_000);
    running.kill("SIGKILL");
    await running.exited;
    const [first = "", ...others] = lost;
    await lab.boot(first);
    // Before it is decided on, enough have their data again; from then on the new ensemble is the one that goes on.
    await until(`one ensemble serves after ${step}`, async () => {
      await site.quorate(config, "apply");
      const modes = await Promise.all([ahead, behind, first].map((host) => site.mode(host)));
      return modes.includes("leader");
    }, 180_000);
    const is = await site.shell([ahead, behind, first], "sync /", "get /quorate");
    await Promise.all(others.map((host) => lab.boot(host)));
    await until(
      `all are members again after ${step}`,
      async () => (await site.quorate(config, "apply")).code === 0,
      300_000,
    );
    await site.mustBe(...ALL);
    assert.deepEqual(await site.quorate(config, "apply"), { code: 0, out: "", err: "" });
    const name = (said: string) => /^([0-9a-f]{32}) \d+$/m.exec(said)?.[1];
    assert.equal(name(await site.shell(["n1"], "get /quorate")), name(is), "the ensemble that went on");
    const listed = /^\[(.*)\]$/m.exec(await site.shell(["n1"], "sync /", "ls /"))?.[1]?.split(", ") ?? [];
    assert.deepEqual(written.filter((one) => !listed.includes(one)), [], "writes that the survivor held");
    const ids = await Promise.all(ALL.map((host) => lab.must(host, `cat ${DATA}/myid`)));
    console.log(`killed after ${step}: servers ${ids.join(", ")}, nothing lost`);
  }
}

if (import.meta.main) await main(Deno.args.length === 0 ? STEPS : Deno.args);
