/**
 * A static ensemble on real hosts, while a client writes: its list of servers stands in the files, and each change of it
 * goes from server to server. Each step ends with every server working with exactly the desired list, as the package's
 * own shell says; in the end a second `apply` changes nothing.
 */
import assert from "node:assert/strict";
import { ZnodeWrites } from "../../lab/mod.ts";
import { DATA, Ensemble } from "./zookeeper_kit.ts";

Deno.test("a static ensemble is kept by its files, and loses no write (ZooKeeper 3.9)", async (t) => {
  await using site = await Ensemble.up("zk-static", 5, "static", "3.9");
  const { lab } = site;
  const config = "/etc/zookeeper/quorate/zoo.cfg";
  const become = async (...hosts: readonly string[]): Promise<void> => {
    await site.apply(site.config(hosts));
    await site.mustBe(...hosts);
  };

  await t.step("bootstrap: the list is in zoo.cfg, and nowhere else", async () => {
    await become("n1", "n2", "n3");
    assert.match(await site.version("n1"), /^3\.9\./);
    await site.shell(["n1"], 'create /kept "from the start"');
    const { stdout } = await lab.on("n1", `grep -c '^server[.]' ${config}; ls ${config}.dynamic* 2>&1; true`);
    assert.match(stdout, /^3\n.*No such file/);
  });

  const servers = lab.hosts.map((h) => site.server(h.name));
  await using writer = await ZnodeWrites.start(lab, servers.slice(0, 3), servers);
  await writer.goesOn("at first");

  await t.step("three become four; what an operator wrote into zoo.cfg stays", async () => {
    await lab.must("n2", `sed -i 's/^server.1=/# the first\\n&/; s/3888$/&:participant/' ${config}`);
    await become("n1", "n2", "n3", "n4");
    const { stdout } = await lab.on("n2", `cat ${config}`);
    assert.match(stdout, /^# the first\nserver\.1=\S+:2888:3888:participant$/m);
    assert.match(stdout, /^server\.4=\S+:2888:3888$/m);
    await writer.goesOn("with four");
  });

  await t.step("a wiped server gets its id back, and all of its data", async () => {
    await lab.on("n4", "systemctl stop zookeeper");
    await lab.wipe("n4", DATA);
    await become("n1", "n2", "n3", "n4");
  });

  await t.step("the leader leaves: it gives way before nobody follows it any more", async () => {
    const leader = await site.leader(["n1", "n2", "n3", "n4"]);
    await become(...["n1", "n2", "n3", "n4"].filter((h) => h !== leader));
    const { stdout } = await lab.on(leader, `systemctl is-active zookeeper; ls -A ${DATA} | wc -l`);
    assert.equal(stdout, "inactive\n0\n");
    await writer.goesOn("with three");
  });

  await t.step("one of three is dead: another host takes its id over, for none could be spared", async () => {
    const members = ["n1", "n2", "n3", "n4"];
    const modes = await Promise.all(members.map((h) => site.mode(h)));
    const dead = members[modes.indexOf("follower")] ?? "";
    const id = (await lab.must(dead, `cat ${DATA}/myid`)).trim();
    await lab.must(dead, "systemctl kill -s KILL zookeeper; systemctl stop zookeeper");
    await site.becomes(...members.filter((h, i) => h !== dead && modes[i] !== undefined), "n5");
    assert.equal((await lab.must("n5", `cat ${DATA}/myid`)).trim(), id);
    await writer.goesOn("with another");
  });

  await t.step("no acknowledged write was lost", async () => {
    const { acknowledged, lost, stallMs } = await writer.judge(site.server("n5"));
    assert.ok(acknowledged > 50, `only ${acknowledged} writes`);
    assert.deepEqual(lost, [], "acknowledged writes that were lost");
    console.log(`${acknowledged} writes acknowledged, none lost, longest stall ${stallMs} ms`);
  });
});
