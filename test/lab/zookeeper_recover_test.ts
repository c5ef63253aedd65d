/**
 * `quorate recover` and `quorate restore` for ZooKeeper. The hosts of a majority are gone: it begins again with the disk
 * that is left, loses no write that this one had received, says what may be lost; and a former server that comes back with
 * its data can neither join the new ensemble nor lead it, even before anybody has fenced it.
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { DATA, Ensemble } from "./zookeeper_kit.ts";

/** All that a server that finds no majority must neither lose nor take over from others. */
const heldBy = ({ lab }: Ensemble, host: string): Promise<string> =>
  lab.must(host, `cd ${DATA} && cat myid quorate-ensemble version-2/*Epoch && ls /etc/zookeeper/quorate`);

Deno.test("two of three hosts are lost, and come back one by one; then all is lost but a snapshot", async (t) => {
  await using site = await Ensemble.up("zr-again", 3);
  const { lab } = site;
  const policy = { deadAfter: "0s", stabilize: "0s" };
  const config = site.config(["n1", "n2", "n3"], { policy });
  await Deno.writeTextFile(
    config,
    (await Deno.readTextFile(config)).replace("connectTimeout: 3s", "connectTimeout: 1s"),
  );
  const again = (...args: string[]) => site.quorate(config, args[0] ?? "", "coordination", ...args.slice(1));
  const there = (host: string) =>
    site.shell([host], "sync /", "ls /").then((said) => /^\[(.*)\]$/m.exec(said)?.[1]);
  await site.apply(site.config(["n1", "n2"], { policy }));
  await site.shell(["n1"], 'create /kept "from the start"');
  await site.apply(config);
  const folder = `${site.state}/snapshots/coordination`;
  const kept = `${lab.dir}/kept.tgz`;
  await Deno.copyFile(`${folder}/${[...Deno.readDirSync(folder)].map((e) => e.name).sort().at(-1)}`, kept);
  // A follower is left, so that those who are not cut off need no election before they go on.
  const all = ["n1", "n2", "n3"], leader = await site.leader(all);
  const [left = "", other = ""] = all.filter((h) => h !== leader);
  const gone = [leader, other];

  await t.step("it begins again with what one disk holds, and says what that never received", async () => {
    await site.shell([left], "create /late x");
    await lab.isolate(left);
    assert.match(await site.shell([leader], "create /missed x"), /Created \/missed/);
    await Promise.all(gone.map((host) => lab.kill(host)));
    await lab.heal(left);
    const args = ["--yes-lose-writes", ...gone.flatMap((host) => ["--gone", host])];
    await using running = site.start(config, "recover", "coordination", ...args);
    await running.says(new RegExp(`succeed:${left} on ${left} … done`), 60_000);
    running.kill("SIGKILL");
    await running.exited;
    const said = running.stderr();
    assert.match(
      said,
      new RegExp(`begins with {2}the disk of ${left}, whose log goes to epoch \\d+, zxid 0x\\w+; no other`),
    );
    assert.match(said, /never received, all after epoch \d+, zxid 0x\w+: what only n\d, n\d held/);
  });

  await t.step(
    "a former server that comes back finds no majority; apply goes on, and fences it first",
    async () => {
      await lab.boot(other);
      const { err } = await site.apply(config, 5);
      assert.match(err, new RegExp(`restart ${left}[^]*retire ${other}[^]*add ${other}`));
      await site.mustBe(left, other);
      assert.equal(await there(other), "kept, late, quorate, zookeeper");
    },
  );

  await t.step("beside the new ensemble it loses nothing, and is no part of it", async () => {
    await lab.boot(leader);
    await until("it looks for a leader", async () => {
      const ask = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181; printf srvr >&3; cat <&3'`;
      return (await lab.on(leader, ask)).stdout.includes("not currently serving");
    }, 30_000);
    const before = await heldBy(site, leader);
    // Those of the new one look for a leader, too.
    const two = [left, other];
    await Promise.all(two.map((host) => lab.must(host, "systemctl restart zookeeper")));
    await until(
      "they elect one",
      async () => (await Promise.all(two.map((h) => site.mode(h)))).includes("leader"),
      30_000,
    );
    await site.mustBe(...two);
    assert.equal(await heldBy(site, leader), before);
    assert.equal(await site.mode(leader), undefined);
    assert.match((await site.apply(config)).err, new RegExp(`retire ${leader}[^]*add ${leader}`));
    await site.mustBe(...all);
    assert.deepEqual(await site.quorate(config, "apply"), { code: 0, out: "", err: "" });
    assert.match(await lab.must(leader, `ls -d ${DATA}.quorate-*`), /quorate-/, "its data is set aside");
  });

  await t.step("a snapshot that is cut off, and a living ensemble are refused", async () => {
    const cut = `${lab.dir}/cut.tgz`;
    await Deno.writeFile(cut, (await Deno.readFile(kept)).subarray(0, -100));
    for (
      const [args, says] of [
        [["--snapshot", cut], /cut\.tgz is refused: it was cut off/],
        [["--snapshot", kept], /S19 {4}the quorum is held/],
      ] as const
    ) {
      const { code, err } = await again("restore", "--yes-lose-writes", ...args);
      assert.equal(code, 3, err);
      assert.match(err, says);
    }
  });

  await t.step("it begins again with a snapshot over what is left, and on empty hosts", async () => {
    await Promise.all(["n1", "n2", "n3"].map((host) => lab.must(host, "systemctl stop zookeeper")));
    await Promise.all(["n1", "n2"].map((host) => lab.wipe(host, DATA)));
    const { code, err } = await again("restore", "--yes-lose-writes", "--snapshot", kept);
    assert.equal(code, 0, err);
    assert.match(err, /begins with {2}the snapshot, zxid 0x\w+, on n1/);
    assert.match(err, /every write since zxid 0x\w+; n3 may hold some of them/);
    await site.mustBe("n1", "n2", "n3");
    assert.equal(await there("n3"), "kept, quorate, zookeeper");
  });
});
