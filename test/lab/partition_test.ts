/**
 * Members that cannot be reached, by the manager or by each other, beside members that lost their data: what is healthy
 * is left alone, what can be repaired within the quorum's arithmetic is, and nothing is done at the quorum's cost.
 */
import assert from "node:assert/strict";
import { DATA, Site } from "./kit.ts";
import { healed } from "./partition.ts";
import { Writer } from "./writer_kit.ts";

Deno.test("cut off members and lost data never cost the quorum (etcd 3.5)", async (t) => {
  await using site = await Site.up("partition", { hosts: 5, etcd: "3.5" });
  const { lab } = site;
  const three = await site.config(["n1", "n2", "n3"]);
  const four = await site.config(["n1", "n2", "n3", "n4"]);
  const five = await site.config(["n1", "n2", "n3", "n4", "n5"]);
  await site.apply(three);
  await using writer = new Writer(site);

  const status = async (config: string) => {
    const { code, out, err } = await site.quorate(config, "status", "-o", "json");
    assert.equal(code, 0, err);
    return JSON.parse(out).services[0];
  };
  /** Node n2 cannot be reached from here; all else is well, and its member is, too. */
  const leavesAlone = async (config: string, ...members: string[]): Promise<void> => {
    const seen = await status(config);
    assert.equal(seen.quorum, "held");
    assert.equal(seen.nodes.find((n: { name: string }) => n.name === "n2").reachable, false);
    assert.equal(seen.members.find((m: { node: string }) => m.node === "n2").health, "healthy");
    await site.mustBeSteady(config);
    await site.mustBe(...members);
    await writer.goesOn("with n2 out of the manager's reach");
  };

  await t.step("a member out of the manager's reach is left alone", async () => {
    await lab.cutManagement("n2");
    await leavesAlone(three, "n1", "n2", "n3");
  });

  await t.step("the same when it leads", async () => {
    const id = (await site.members("n1")).find((m) => m.name === "n2")?.id;
    const leader = await site.leader(["n1", "n2", "n3"]);
    if (leader !== "n2") await site.etcdctl(leader, `move-leader ${id}`);
    assert.equal(await site.leader(["n2"]), "n2");
    await leavesAlone(three, "n1", "n2", "n3");
  });

  await t.step("a fourth member is added elsewhere meanwhile", async () => {
    await site.apply(four);
    await leavesAlone(four, "n1", "n2", "n3", "n4");
    await lab.heal();
    await site.applied(four);
    await site.mustBeSteady(four);
  });

  /** n2 has lost its data and its process. */
  const wipe = async (): Promise<void> => {
    await lab.must("n2", "systemctl stop etcd");
    await lab.wipe("n2", DATA);
  };
  const idOf = async (host: string) => (await site.members("n1")).find((m) => m.name === host)?.id;

  await t.step("five members, one wiped and one cut off: the wiped one is repaired", async () => {
    await site.apply(five);
    const before = await idOf("n2");
    await wipe();
    await lab.cut("n3");
    await site.apply(five, 5);
    await writer.goesOn("with n3 cut off");
    assert.equal((await site.members("n1")).length, 5);
    assert.notEqual(await idOf("n2"), before, "n2 joined under a new id");
    await site.serving("n2");
    await healed(site, "n3");
    await site.applied(five);
    await site.mustBe("n1", "n2", "n3", "n4", "n5");
  });

  for (const [config, ...hosts] of [[four, "n1", "n2", "n3", "n4"], [three, "n1", "n2", "n3"]] as const) {
    await t.step(
      `${hosts.length} members, one wiped and one cut off: the quorum is lost, nothing is done`,
      async () => {
        await site.applied(config);
        await site.mustBe(...hosts);
        const before = await idOf("n2");
        await wipe();
        await lab.cut("n3");
        await site.refuses(config, "S19", /n2: its data is gone/, 4);
        assert.equal((await status(config)).quorum, "lost");
        // With n3 back the quorum is, and n2 can be repaired.
        await healed(site, "n3");
        await site.applied(config);
        await site.mustBe(...hosts);
        assert.notEqual(await idOf("n2"), before, "n2 joined under a new id");
        await writer.goesOn("with the quorum back");
      },
    );
  }

  await writer.judged("n1");
});
