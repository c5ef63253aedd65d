/**
 * A cluster that was formed is started on its own data, never bootstrapped anew; a lost quorum is never forced; and
 * what a person decided about a unit or a service stands.
 */
import assert from "node:assert/strict";
import { Site } from "./kit.ts";

const HOSTS = ["n1", "n2", "n3"];

Deno.test("a formed cluster keeps its members and its keys, and persons keep their word", async (t) => {
  await using site = await Site.up("quorum", { hosts: 3 });
  const { lab } = site;
  const three = await site.config(HOSTS);
  await site.apply(three);
  await site.put("n1", "kept", "yes");
  const ids = await idsOn("n1");

  async function idsOn(host: string): Promise<readonly string[]> {
    return (await site.members(host)).map((m) => m.id).sort();
  }
  const everywhere = (script: string, hosts = HOSTS) => Promise.all(hosts.map((h) => lab.must(h, script)));
  const lands = async () => {
    await site.mustBe(...HOSTS);
    assert.deepEqual(await idsOn("n1"), ids, "the same members");
    assert.equal(await site.get("n3", "kept"), "yes");
    await site.mustBeSteady(three);
  };
  const status = async () => JSON.parse((await site.quorate(three, "status", "-o", "json")).out).services[0];

  await t.step("stopped, and unknown to the manager: it is started", async () => {
    await everywhere("systemctl stop etcd");
    site.forget();
    await site.apply(three);
    await lands();
  });

  await t.step("stopped, unknown to the manager, and its latches are lost: its data is enough", async () => {
    await everywhere("systemctl stop etcd && rm -rf /var/lib/quorate");
    site.forget();
    await site.apply(three);
    await lands();
    await everywhere("test -s /var/lib/quorate/metadata/latch && test ! -e /var/lib/quorate/metadata/intent");
  });

  await t.step("two of three processes are stopped: they are started", async () => {
    await everywhere("systemctl stop etcd", ["n1", "n2"]);
    await site.apply(three);
    await lands();
  });

  await t.step("all processes are killed, and nothing restarts them: they are started", async () => {
    await everywhere(`mkdir -p /run/systemd/system/etcd.service.d
      printf '[Service]\\nRestart=no\\n' >/run/systemd/system/etcd.service.d/stay.conf
      systemctl daemon-reload && systemctl kill -s KILL etcd
      until systemctl is-failed -q etcd; do sleep 0.05; done`);
    await site.apply(three);
    await lands();
    await everywhere("rm -r /run/systemd/system/etcd.service.d && systemctl daemon-reload");
  });

  await t.step("two of three hosts are gone: nothing is changed, and status says so", async () => {
    for (const host of ["n2", "n3"]) await lab.kill(host);
    await site.refuses(three, "S19", /n2.*n3/, 4);
    assert.equal((await status()).quorum, "lost");
    await Promise.all(["n2", "n3"].map((h) => lab.boot(h)));
    await site.apply(three);
    await lands();
  });

  await t.step("a service that is paused is looked at, and left alone", async () => {
    await lab.must("n3", "systemctl stop etcd");
    const paused = await site.config(HOSTS, { policy: { paused: true } });
    await site.refuses(paused, "S23", /paused/);
    const { code, out } = await site.quorate(paused, "status", "-o", "json");
    assert.deepEqual([code, JSON.parse(out).services[0].quorum], [0, "held"]);
    await site.apply(three);
    await lands();
    assert.equal((await site.quorate(paused, "apply")).code, 0, "paused and steady");
  });

  for (const [verb, undo, is] of [["mask", "unmask", "masked"], ["disable", "enable", "disabled"]] as const) {
    await t.step(`a member whose unit a person stopped and ${is} stays down`, async () => {
      const n3 = new RegExp(`n3 is .*${is}`);
      await lab.must("n3", `systemctl stop etcd && systemctl ${verb} etcd`);
      await site.refuses(three, "masked", n3);

      // The others are enough for a quorum.
      await everywhere("systemctl stop etcd", ["n1", "n2"]);
      assert.match((await site.apply(three, 5)).err, n3);
      await site.serving("n1");
      await site.refuses(three, "masked", n3);

      await everywhere("systemctl stop etcd", ["n1", "n2"]);
      await lab.must("n2", `systemctl ${verb} etcd`);
      await site.refuses(three, "S19", new RegExp(`n2 is .*${is}.*n3 is .*${is}`), 4);

      await everywhere(`systemctl ${undo} etcd`, ["n2", "n3"]);
      await site.apply(three);
      await lands();
    });
  }
});
