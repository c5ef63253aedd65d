/**
 * ZooKeeper on real hosts: its cases one after the other on one lab, while a client writes. Each ends with exactly the
 * desired voters, as the package's own shell says, and a second `apply` changes nothing, prints nothing and exits 0.
 */
import assert from "node:assert/strict";
import { ZnodeWrites } from "../../lab/mod.ts";
import { policy } from "./managed.ts";
import { DATA, Ensemble } from "./zookeeper_kit.ts";

const idOn = async ({ lab }: Ensemble, host: string): Promise<string> =>
  (await lab.must(host, `cat ${DATA}/myid`)).trim();

Deno.test("an ensemble is kept as the config says, from its bootstrap on, and loses no write", async (t) => {
  await using site = await Ensemble.up("zk-cases", 5);
  const { lab } = site;
  const all = lab.hosts.map((h) => h.name);
  let members: readonly string[] = ["n1", "n2", "n3"];
  const become = async (...hosts: string[]): Promise<void> => {
    await site.becomes(...hosts);
    members = hosts;
  };
  /** A follower, so that what happens to it is not also an election. */
  const follower = async (): Promise<string> => {
    const leader = await site.leader(members);
    return members.find((m) => m !== leader) ?? "";
  };
  /** These members without one of them, and with those who are none. */
  const without = (gone: string): string[] => members.filter((m) => m !== gone);
  const spare = (): string => all.find((h) => !members.includes(h)) ?? "";

  await t.step("bootstrap: three bare hosts become an ensemble", async () => {
    const { err } = await site.apply(site.config(members));
    assert.doesNotMatch(err, /super:/, "no credentials in what is told");
    await site.shell(members, 'create /kept "from the start"');
    await become(...members);
  });

  const servers = (hosts: readonly string[]) => hosts.map((h) => site.server(h));
  await using writer = await ZnodeWrites.start(lab, servers(members), servers(all));
  await writer.goesOn("at first");

  await t.step("grow to five: observers first, then voters", () => become(...all));

  await t.step("shrink to three: the leader is among those that leave", async () => {
    const leader = await site.leader(members);
    const leaving = [leader, ...without(leader).slice(-1)];
    await become(...members.filter((m) => !leaving.includes(m)));
    for (const host of leaving) {
      const { stdout } = await lab.on(
        host,
        `systemctl is-active zookeeper; ls -A ${DATA} | wc -l; ls -d ${DATA}.quorate-*; systemctl start zookeeper 2>&1; true`,
      );
      assert.match(stdout, /^inactive\n0\n\S+\.quorate-\S+\n.*[Aa]ssert/s, "fenced, its data set aside");
    }
    await writer.goesOn("with other members");
  });

  await t.step("repairCrashed: a killed server is started again on its own data", async () => {
    const victim = await follower();
    await lab.must(victim, "systemctl kill -s KILL zookeeper; systemctl stop zookeeper");
    await become(...members);
  });

  await t.step("repairWiped: a server that lost its disk gets its id back, and all of its data", async () => {
    const victim = await follower();
    const before = await idOn(site, victim);
    await lab.on(victim, "systemctl stop zookeeper");
    await lab.wipe(victim, DATA);
    await become(...members);
    assert.equal(await idOn(site, victim), before);
  });

  await t.step("replace: a dead host gives way to another, and is retired when it is back", async () => {
    const dead = await follower();
    await lab.kill(dead);
    const next = [...without(dead), spare()];
    await site.apply(site.config(next));
    await lab.boot(dead);
    await become(...next);
    const { stdout } = await lab.on(dead, `systemctl is-active zookeeper; ls -A ${DATA} | wc -l`);
    assert.equal(stdout, "inactive\n0\n");
    await writer.goesOn("with other members");
  });

  await t.step("replace: a healthy member gives way to another under a new id", async () => {
    const ids = await Promise.all(members.map((m) => idOn(site, m)));
    const joins = spare();
    await become(...without(await follower()), joins);
    assert.ok(Number(await idOn(site, joins)) > Math.max(...ids.map(Number)), "an id that nobody ever had");
  });

  await t.step("no acknowledged write was lost", async () => {
    const { acknowledged, lost, stallMs } = await writer.judge(site.server(members[0] ?? ""));
    assert.ok(acknowledged > 50, `only ${acknowledged} writes`);
    assert.deepEqual(lost, [], "acknowledged writes that were lost");
    console.log(`${acknowledged} writes acknowledged, none lost, longest stall ${stallMs} ms`);
  });

  await t.step("restart: a stopped ensemble is started with its znodes, not bootstrapped anew", async () => {
    const name = async () => /^[0-9a-f]{32} \d+$/m.exec(await site.shell(members, "get /quorate"))?.[0];
    const before = await name();
    assert.ok(before);
    for (const host of members) await lab.on(host, "systemctl stop zookeeper");
    await become(...members);
    assert.equal(await name(), before, "the same ensemble");
  });

  await t.step("a deleted /quorate is no lost quorum: it is told, and made again by hand", async () => {
    const [, text = ""] = /^([0-9a-f]{32} \d+)$/m.exec(await site.shell(members, "get /quorate")) ?? [];
    await site.shell(members, "delete /quorate");
    const { err } = await site.apply(site.config(members), 3);
    assert.match(err, /S24.* the quorum is held/);
    assert.match(err, /it was deleted, and no data may be moved/);
    await site.shell(members, `create /quorate "${text}" world:anyone:r`);
    await become(...members);
  });
});

Deno.test("one server becomes three, and one again, beside an etcd on the same nodes (ZooKeeper 3.9)", async (t) => {
  await using site = await Ensemble.up("zk-one", 3, "dynamic", "3.9");
  const { lab } = site;
  const metadata = { plugin: "etcd", members: ["n1", "n2"], policy };

  await t.step("what one service is refused stops no other", async () => {
    await lab.must("n2", "mkdir -p /var/lib/etcd/default && touch /var/lib/etcd/default/mine");
    const { err } = await site.apply(site.config(["n1"], { others: { metadata } }), 3);
    assert.match(err, /holds what is not etcd's: mine/);
    await site.shell(["n1"], 'create /kept "from the start"');
    await site.mustBe("n1");
    assert.match(await site.version("n1"), /^3\.9\./);
    await lab.must("n2", "rm -r /var/lib/etcd/default");
    const both = site.config(["n1"], { others: { metadata } });
    await site.apply(both);
    await lab.must("n1", "ETCDCTL_API=3 etcdctl put a b");
    assert.deepEqual(await site.quorate(both, "apply"), { code: 0, out: "", err: "" });
  });

  await t.step(
    "one becomes two: its leader counts no observer, so who joins follows without a vote first",
    () => site.becomes("n1", "n2"),
  );

  await t.step("two become three", () => site.becomes("n1", "n2", "n3"));

  await t.step("three become one in two runs, and the leader goes", async () => {
    const leader = await site.leader(["n1", "n2", "n3"]);
    const last = leader === "n1" ? "n2" : "n1";
    const { err, out } = await site.apply(site.config([last]), 5);
    assert.match(err + out, /S9/, "a run removes a minority at most");
    await site.becomes(last);
  });
});
