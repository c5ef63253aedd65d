/**
 * `quorate recover`: the hosts of a majority are gone. It begins again with the most advanced disk, loses no write that
 * this one had received, says what may be lost, and leaves one cluster, whenever the lost hosts come back.
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { shellOf } from "../docs.ts";
import { DATA, Site } from "./kit.ts";
import { Writer } from "./writer_kit.ts";

/** What docs/recovery.md has a person type, without the program and the command. */
const page = shellOf(await Deno.readTextFile(new URL("../../docs/recovery.md", import.meta.url)));
const [SHOWN = [], DONE = [], ...others] =
  page.find((s) => s.heading === "Recover")?.text.trim().split("\n").map((line) =>
    line.replace(/^quorate recover /, "").split(" ")
  ) ?? [];
assert.deepEqual(others, [], "every line of the page is typed here");
const [, ...GONE] = DONE;

/** A site whose manager notices soon who is gone. */
async function up(name: string, hosts: number, etcd: "3.4" | "3.5") {
  const site = await Site.up(name, { hosts, etcd });
  const members = site.lab.hosts.map((h) => h.name);
  const config = await site.config(members, { policy: { deadAfter: "0s", stabilize: "0s" } });
  const text = await Deno.readTextFile(config);
  await Deno.writeTextFile(config, text.replace("connectTimeout: 3s", "connectTimeout: 1s"));
  await site.apply(config);
  return { site, config };
}

/** Starts a recovery and kills it when this step has just been done. */
async function killedAfter(site: Site, config: string, step: string, gone: readonly string[]): Promise<void> {
  await using running = site.start(config, "recover", "metadata", "--yes-lose-writes", ...gone, "-o", "json");
  await running.says(new RegExp(`"event":"stepDone","step":{"id":"${step}"`), 60_000);
  running.kill("SIGKILL");
}

/** Recovers; the exit code is that of the loop that follows, and hosts that are gone keep that from its end. */
async function recovered(site: Site, config: string, ...args: readonly string[]): Promise<string> {
  const ran = await site.quorate(config, "recover", "metadata", "--yes-lose-writes", ...args);
  assert.equal(ran.code, 5, `recover ended with ${ran.code}:\n${ran.err}`);
  return ran.err;
}

/** Ends the writer; what is missing of its writes, by number, and how many are there from the first one on. */
async function missing(site: Site, writer: Writer, host: string) {
  await writer[Symbol.asyncDispose]();
  const { out } = await site.etcdctl(host, "get --prefix writer/");
  const lost = writer.judge(out).lost.map((key) => Number(key.slice("writer/".length)));
  const there = new Set(
    out.split("\n").filter((l) => l.startsWith("writer/")).map((l) => Number(l.slice(7))),
  );
  let first = 0;
  while (there.has(first + 1)) first++;
  return { lost, first };
}

Deno.test("two of three hosts are lost, and come back one by one (etcd 3.4)", async (t) => {
  const { site, config } = await up("rc34", 3, "3.4");
  await using _site = site;
  const { lab } = site;
  await using writer = new Writer(site);
  await writer.goesOn("at first");

  await t.step(
    "while a lost host is not accounted for, nothing is touched",
    async () => {
      await lab.kill("n2");
      await lab.kill("n3");
      const open = await site.quorate(config, "recover", "metadata", "--yes-lose-writes", "--gone", "n2");
      assert.equal(open.code, 3);
      assert.match(open.err, /S19 {4}n3 cannot be asked/);
      const wrong = await site.quorate(
        config,
        "recover",
        "metadata",
        "--yes-lose-writes",
        "--gone",
        "n1",
        ...GONE,
      );
      assert.match(wrong.err, /S19 {4}n1 is not gone/);
      assert.equal(await lab.must("n1", "systemctl is-active etcd || true"), "active");
    },
  );

  await t.step(
    "one comes back before it is decided: the old cluster goes on, and nothing is lost",
    async () => {
      await killedAfter(site, config, "ready:n1", GONE);
      await lab.boot("n2");
      let said = "";
      // Until all of n2 answers it is another refusal.
      await until("n2 is seen to have its data", async () => {
        const refused = await site.quorate(
          config,
          "recover",
          "metadata",
          "--yes-lose-writes",
          "--gone",
          "n3",
        );
        said = refused.err;
        assert.equal(refused.code, 3, said);
        return /2 of 3 voters have their own data \(n1, n2\).*nothing has to be given up/.test(said);
      }, 30_000).catch((error: Error) => {
        throw new Error(`${error.message}; the last one said ${said}`);
      });
      await until("the old cluster is back", async () => {
        await site.quorate(config, "apply");
        return (await site.etcdctl("n1", "get witness")).code === 0;
      }, 90_000);
      await lab.boot("n3");
      await site.applied(config);
      await site.mustBe("n1", "n2", "n3");
      await writer.goesOn("with all of it back");
      assert.equal(
        (await lab.must("n1", `ls -d ${DATA}.quorate-* || true`)).includes("-next"),
        true,
        "unused",
      );
    },
  );

  let received = 0, acknowledged = 0;
  await t.step("it begins again with what one disk holds, and says what that never received", async () => {
    received = writer.count;
    await until("n1 has them", async () => (await site.etcdctl("n1", "get any")).code === 0);
    // Off, not cut off: what a leader's host still held for it would reach it after all.
    await lab.kill("n1");
    await writer.goesOn("without n1");
    await lab.kill("n2");
    await lab.kill("n3");
    acknowledged = writer.count;
    await lab.boot("n1");
    const shown = await site.quorate(config, "recover", ...SHOWN);
    assert.equal(shown.code, 0, shown.err);
    assert.match(
      shown.err,
      /begins with {2}the disk of n1, whose log goes to term \d+, index \d+; no other disk/,
    );
    assert.match(
      shown.err,
      /may be lost {2}writes that were acknowledged and that n1 never received.* only n2, n3 held/,
    );
    assert.match(
      shown.out,
      /quorate_fence [\s\S]*etcd_ready_disk [\s\S]*quorate_succeed [\s\S]*quorate_start /,
    );
    await killedAfter(site, config, "succeed:n1", GONE);
  });

  await t.step("one comes back after it is decided: it is fenced, and apply goes on", async () => {
    await lab.boot("n2");
    const { err } = await site.apply(config, 5);
    assert.match(err, /restart n1[\s\S]*retire n2[\s\S]*add n2/);
    await site.mustBe("n1", "n2");
    await writer.goesOn("in the new cluster");
  });

  await t.step("the other one comes back when all is well: it is retired and joins anew", async () => {
    await lab.boot("n3");
    const { err } = await site.apply(config);
    assert.match(err, /retire n3/);
    await site.mustBe("n1", "n2", "n3");
    await site.mustBeSteady(config);
    const aside = await lab.must("n3", `ls -d ${DATA}.quorate-*`);
    assert.notEqual(aside, "", "its data is set aside");
  });

  const { lost, first } = await missing(site, writer, "n1");
  assert.ok(first >= received, `${received} writes were acknowledged with n1, ${first} are there`);
  assert.ok(lost.every((n) => n > first && n <= acknowledged), `lost: ${lost}; ${first} of ${acknowledged}`);
  assert.deepEqual(lost.length, acknowledged - first, "all that n1 never received, and nothing else");
  assert.ok(lost.length > 0, "something was lost, or this shows nothing");
});

Deno.test("three of five hosts are lost, and come back all at once (etcd 3.5)", async (t) => {
  const { site, config } = await up("rc35", 5, "3.5");
  await using _site = site;
  const { lab } = site;
  await using writer = new Writer(site, 5);
  await writer.goesOn("at first");
  const lostHosts = ["n3", "n4", "n5"];
  const two = await site.config(["n1", "n2"], { nodes: ["n1", "n2"] });
  let acknowledged = 0;

  await t.step("of two disks the one that goes further is taken, with all that is in its log", async () => {
    await lab.kill("n1");
    await writer.goesOn("without n1");
    // Three others are a majority without it; a read through it comes back when it has what they acknowledged.
    await until("n2 has it, too", async () => (await site.etcdctl("n2", "get any")).code === 0);
    await Promise.all(lostHosts.map((host) => lab.kill(host)));
    await lab.kill("n2");
    acknowledged = writer.count;
    await lab.boot("n2");
    await lab.boot("n1");
    const said = await recovered(site, config, ...lostHosts.flatMap((host) => ["--gone", host]));
    assert.match(said, /begins with {2}the disk of n2, .*; of the others n1 to term/);
    assert.match(said, /fenced {7}n1/);
    assert.match(
      said,
      /S20 {4}the lock on n\d could not be taken/,
      "two of five nodes are no majority to grow with",
    );
    await site.apply(two);
    await site.mustBe("n1", "n2");
    await writer.goesOn("in the new cluster");
  });

  await t.step(
    "a majority of the old cluster comes back: one run fences it and takes it in anew",
    async () => {
      await Promise.all(lostHosts.map((host) => lab.boot(host)));
      await site.serving("n3");
      await site.applied(config);
      await site.mustBe("n1", "n2", "n3", "n4", "n5");
      await site.mustBeSteady(config);
    },
  );

  const { lost, first } = await missing(site, writer, "n1");
  // What n2 had received is there; of the last moments it may not have received what the three others acknowledged.
  assert.ok(lost.every((n) => n > first && n <= acknowledged), `lost: ${lost}; ${first} of ${acknowledged}`);
  assert.ok(lost.length <= 3, `lost: ${lost}`);
});
