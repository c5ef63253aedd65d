/**
 * `quorate recover` for ZooKeeper: the hosts of a majority are gone. It begins again with the most advanced disk, loses no
 * write that this one had received, says what may be lost, and a former server that comes back with its data can neither
 * join the new ensemble nor lead it, even before anybody has fenced it.
 */
import assert from "node:assert/strict";
import { until, ZnodeWrites } from "../../lab/mod.ts";
import { DATA, Ensemble } from "./zookeeper_kit.ts";

const GONE = ["--gone", "n2", "--gone", "n3"];

/** A site whose manager notices soon who is gone. */
async function up(name: string, hosts: number) {
  const site = await Ensemble.up(name, hosts);
  const config = site.config(site.lab.hosts.map((h) => h.name), {
    policy: { deadAfter: "0s", stabilize: "0s" },
  });
  const text = await Deno.readTextFile(config);
  await Deno.writeTextFile(config, text.replace("connectTimeout: 3s", "connectTimeout: 1s"));
  await site.apply(config);
  await site.shell(["n1"], 'create /kept "from the start"');
  return { site, config };
}

/** Starts a recovery and kills it when this step has just been done. */
async function killedAfter(site: Ensemble, config: string, step: string): Promise<void> {
  const args = ["coordination", "--yes-lose-writes", ...GONE, "-o", "json"];
  await using running = site.start(config, "recover", ...args);
  await running.says(new RegExp(`"event":"stepDone","step":{"id":"${step}"`), 60_000);
  running.kill("SIGKILL");
}

/** All that a server that merely looks on must not lose. */
const heldBy = ({ lab }: Ensemble, host: string): Promise<string> =>
  lab.must(
    host,
    `cd ${DATA} && cat myid quorate-ensemble version-2/currentEpoch && ls /etc/zookeeper/quorate`,
  );

Deno.test("two of three hosts are lost, and come back one by one", async (t) => {
  const { site, config } = await up("zr-rc", 3);
  await using _site = site;
  const { lab } = site;
  const all = ["n1", "n2", "n3"].map((h) => site.server(h));
  const recover = (...args: string[]) => site.quorate(config, "recover", "coordination", ...args);
  await using writer = await ZnodeWrites.start(lab, all, all);
  await writer.goesOn("at first");

  await t.step("while a lost host is not accounted for, nothing is touched", async () => {
    await lab.kill("n2");
    await lab.kill("n3");
    const open = await recover("--yes-lose-writes", "--gone", "n2");
    assert.equal(open.code, 3, open.err);
    assert.match(open.err, /S19 {4}n3 cannot be asked/);
    assert.match((await recover("--yes-lose-writes", "--gone", "n1", ...GONE)).err, /S19 {4}n1 is not gone/);
  });

  await t.step("one comes back before it is decided: the old ensemble goes on", async () => {
    await killedAfter(site, config, "ready:n1");
    await lab.boot("n2");
    const refused = await recover("--yes-lose-writes", "--gone", "n3");
    assert.equal(refused.code, 3, refused.err);
    assert.match(refused.err, /2 of 3 voters have their own data \(n1, n2\).*nothing has to be given up/);
    await until("the old ensemble is back", async () => {
      await site.quorate(config, "apply");
      return await site.mode("n1") !== undefined;
    }, 90_000);
    await lab.boot("n3");
    await site.apply(config);
    await site.mustBe("n1", "n2", "n3");
    await writer.goesOn("with all of it back");
  });

  await t.step("it begins again with what one disk holds, and says what that never received", async () => {
    await lab.isolate("n1");
    await writer.goesOn("without n1");
    await site.shell([site.server("n2")], "create /late x");
    await lab.kill("n2");
    await lab.kill("n3");
    await lab.heal("n1");
    const shown = await recover("--dry-run", ...GONE);
    assert.equal(shown.code, 0, shown.err);
    assert.match(
      shown.err,
      /begins with {2}the disk of n1, whose log goes to epoch \d+, zxid 0x[0-9a-f]+; no other disk/,
    );
    assert.match(shown.err, /never received, all after epoch \d+, zxid \w+: what only n2, n3 held/);
    await killedAfter(site, config, "succeed:n1");
  });

  await t.step("one comes back after it is decided: it is fenced, and apply goes on", async () => {
    await lab.boot("n2");
    const { err } = await site.apply(config, 5);
    assert.match(err, /restart n1[\s\S]*retire n2[\s\S]*add n2/);
    await site.mustBe("n1", "n2");
  });

  await t.step("a former server beside the new ensemble finds no majority, and loses nothing", async () => {
    await lab.boot("n3");
    const before = await heldBy(site, "n3");
    await until("it looks for a leader", async () => {
      const { stdout } = await lab.on(
        "n3",
        `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181; printf srvr >&3; cat <&3'`,
      );
      return stdout.includes("not currently serving");
    }, 30_000);
    await site.mustBe("n1", "n2");
    assert.equal(await site.mode("n3"), undefined);
    assert.equal(await heldBy(site, "n3"), before);
  });

  await t.step("it is retired, and joins anew", async () => {
    const { err } = await site.apply(config);
    assert.match(err, /retire n3/);
    await site.mustBe("n1", "n2", "n3");
    assert.deepEqual(await site.quorate(config, "apply"), { code: 0, out: "", err: "" });
    assert.match(await lab.must("n3", `ls -d ${DATA}.quorate-*`), /quorate-/, "its data is set aside");
  });
});
