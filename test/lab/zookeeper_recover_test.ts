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
  await using site = await Ensemble.up("zr-again", 4);
  const { lab } = site;
  /** A manager that notices soon who is gone. */
  const naming = (...members: string[]): string => {
    const path = site.config(members, { policy: { deadAfter: "0s", stabilize: "0s" } });
    const text = Deno.readTextFileSync(path).replace("connectTimeout: 3s", "connectTimeout: 1s");
    Deno.writeTextFileSync(path, text);
    return path;
  };
  const config = naming("n1", "n2", "n3");
  const there = (host: string) =>
    site.shell([host], "sync /", "ls /").then((said) => /^\[(.*)\]$/m.exec(said)?.[1]);
  await site.apply(config);
  await site.shell(["n1"], 'create /kept "from the start"');
  // A follower is left, so that those who are not cut off need no election before they go on.
  const all = ["n1", "n2", "n3"], leader = await site.leader(all);
  const [left = "", other = ""] = all.filter((h) => h !== leader);
  const gone = [leader, other];

  await t.step("it begins again with what one disk holds, and says what that never received", async () => {
    await site.shell([left], "create /late x");
    // Off, not cut off: what a leader's host still held for it would reach it after all.
    await lab.kill(left);
    assert.match(await site.shell([leader], "create /missed x"), /Created \/missed/);
    await Promise.all(gone.map((host) => lab.kill(host)));
    await lab.boot(left);
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
    await site.apply(naming(left));
    await site.mustBe(left);
    assert.equal(await there(left), "kept, late, quorate, zookeeper");
  });

  await t.step(
    "a former server beside it loses nothing, and is no part of it, until a run fences it",
    async () => {
      await lab.boot(other);
      await until("it looks for a leader", async () => {
        const ask = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181; printf srvr >&3; cat <&3'`;
        return (await lab.on(other, ask)).stdout.includes("not currently serving");
      }, 30_000);
      const before = await heldBy(site, other);
      // The new one looks for a leader, too.
      await lab.must(left, "systemctl restart zookeeper");
      await until("it leads", async () => await site.mode(left) === "leader", 30_000);
      await site.mustBe(left);
      assert.equal(await heldBy(site, other), before);
      assert.equal(await site.mode(other), undefined);
      assert.match(
        (await site.apply(naming(left, other))).err,
        new RegExp(`retire ${other}[^]*add ${other}`),
      );
      await site.mustBe(left, other);
      assert.match(await lab.must(other, `ls -d ${DATA}.quorate-*`), /quorate-/, "its data is set aside");
    },
  );

  // The one that was taken before the other host joined.
  const folder = `${site.state}/snapshots/coordination`;
  const kept = `${folder}/${[...Deno.readDirSync(folder)].map((e) => e.name).sort().at(-1)}`;

  /** The same snapshot with another text about whose it is. */
  const told = async (name: string, edit: string): Promise<string> => {
    const path = `${lab.dir}/${name}.tgz`;
    const repack = `mkdir "$1.d" && tar -xzf "$0" -C "$1.d"
      sed -i -e "$2" "$1.d/quorate-snapshot" && tar -czf "$1" -C "$1.d" .`;
    const { code, stderr } = await lab.exec(["sh", "-ec", repack, kept, path, edit]);
    assert.equal(code, 0, stderr);
    return path;
  };

  await t.step("a snapshot that is cut off or foreign, and a living ensemble are refused", async () => {
    const cut = `${lab.dir}/cut.tgz`;
    await Deno.writeFile(cut, (await Deno.readFile(kept)).subarray(0, -100));
    const foreign = await told("foreign", "s/10\\.90\\.[0-9]*/192.0.2/g");
    for (
      const [args, says] of [
        [["--snapshot", cut], /cut\.tgz is refused: it was cut off/],
        [
          ["--snapshot", foreign],
          /foreign\.tgz is refused: it is of a cluster of \S*192\.0\.2\.\S+.* none of these is a node of coordination; --foreign/,
        ],
        [["--snapshot", kept, "--gone", leader], /S19 {4}the quorum is held/],
      ] as const
    ) {
      const { code, err } = await site.quorate(
        naming(left, other),
        "restore",
        "coordination",
        "--yes-lose-writes",
        ...args,
      );
      assert.equal(code, 3, err);
      assert.match(err, says);
    }
  });

  await t.step("it begins again with a snapshot on a bare host, over what is left on others", async () => {
    await site.shell([left], "create /after x");
    await Promise.all([left, other].map((host) => lab.must(host, "systemctl stop zookeeper")));
    const args = ["coordination", "--yes-lose-writes", "--gone", leader];
    const newer = await told("newer", "s/^zookeeper=.*/zookeeper=3.99.0/");
    const not = await site.quorate(naming("n4"), "restore", ...args, "--snapshot", newer);
    assert.equal(not.code, 3, not.err);
    assert.match(
      not.err,
      /S22 {4}the snapshot was taken of ZooKeeper 3\.99\.0, and n4 has 3\.8\.\d+, which is older/,
    );
    const { code, err } = await site.quorate(naming("n4"), "restore", ...args);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`begins with {2}the snapshot, zxid 0x\\w+, on n4`));
    assert.match(err, /every write since zxid 0x\w+; n\d, n\d may hold some of them/);
    await site.mustBe("n4");
    assert.equal(await there("n4"), "kept, late, quorate, zookeeper");
    for (const host of [left, other]) {
      const { stdout } = await lab.on(host, `systemctl is-active zookeeper; ls -A ${DATA} | wc -l`);
      assert.equal(stdout, "inactive\n0\n", `${host} is fenced, its data set aside`);
    }
  });
});
