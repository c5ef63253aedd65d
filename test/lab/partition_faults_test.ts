/**
 * Hosts that neither work nor are gone: frozen, full, read-only. `status` shows it, `apply` does nothing that makes it
 * worse, and after the cure all are healthy.
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { DATA, Site } from "./kit.ts";
import { Writer } from "./writer_kit.ts";

Deno.test("frozen hosts, full and read-only disks, and alarms (etcd 3.5)", async (t) => {
  await using site = await Site.up("faults", { hosts: 4, etcd: "3.5" });
  const { lab } = site;
  const all = ["n1", "n2", "n3"];
  const three = await site.config(all);
  const four = await site.config([...all, "n4"]);
  await site.apply(three);
  await using writer = new Writer(site);
  const cured = async (): Promise<void> => {
    await site.applied(three);
    await site.mustBe(...all);
    await site.mustBeSteady(three);
    await writer.goesOn("after the cure");
  };
  /** When etcd was last started there. */
  const runs = (hosts: readonly string[]) =>
    Promise.all(hosts.map((h) => lab.must(h, "systemctl show -p ExecMainStartTimestampMonotonic etcd")));
  const statusSays = async (said: RegExp): Promise<void> => {
    const { code, out, err } = await site.quorate(three, "status");
    assert.equal(code, 0, err);
    assert.match(out, said);
  };

  await t.step("the leader is frozen: nothing is done to it or to the others", async () => {
    const leader = await site.leader(all);
    const others = all.filter((h) => h !== leader);
    const before = await runs(others);
    const ids = (await site.members(leader)).map((m) => m.id);
    await lab.freeze(leader);
    await writer.goesOn("with a frozen leader");
    const { err } = await site.apply(three, 3);
    assert.match(err, new RegExp(`S4 +${leader} cannot be reached`));
    await statusSays(new RegExp(`${leader} +unreachable`));
    await statusSays(new RegExp(`${leader} +${leader} .* unhealthy`));
    assert.deepEqual((await site.members(others[0] ?? "")).map((m) => m.id), ids, "the same members");
    assert.deepEqual(await runs(others), before, "nothing was restarted");
    await lab.thaw(leader);
    await cured();
  });

  await t.step(
    "a disk is full: etcd gives up there, is not started in vain, and comes back with room",
    async () => {
      const id = (await site.members("n1")).find((m) => m.name === "n3")?.id;
      await lab.fillDisk("n3", DATA);
      await until("etcd on n3 gives up", async () => {
        return (await lab.on("n3", "systemctl is-active etcd")).stdout === "failed\n";
      }, 60_000);
      // Its end has made room for what it had set apart.
      await lab.fillDisk("n3", DATA);
      await statusSays(/n3: only 0.0 GiB \(0 %\) are free/);
      await site.refuses(three, "node", /n3 is full/);
      await writer.goesOn("with a full disk");
      await lab.freeDisk("n3", DATA);
      await cured();
      assert.equal((await site.members("n1")).find((m) => m.name === "n3")?.id, id, "with its data");
    },
  );

  await t.step("a node with a full disk does not join, and leaves nothing behind", async () => {
    await lab.fillDisk("n4");
    await site.refuses(four, "node", /n4 is full/);
    await site.mustBe(...all);
    await lab.freeDisk("n4");
    await cured();
  });

  await t.step("a disk is read-only: a stopped member there is not started", async () => {
    await lab.must("n3", "systemctl stop etcd");
    await lab.readOnly("n3", DATA);
    await statusSays(/n3: the disk of the data directory is read-only/);
    await site.refuses(three, "node", /n3 is read-only/);
    await writer.goesOn("with a read-only disk");
    await lab.writable("n3", DATA);
    await cured();
  });

  await t.step("a NOSPACE alarm: it is shown, and nothing is changed", async () => {
    const { code, stdout } = await lab.exec([
      Deno.execPath(),
      "eval",
      `const answer = await fetch("${site.url("n1")}/v3/maintenance/alarm", {
        method: "POST", body: JSON.stringify({ action: "ACTIVATE", alarm: "NOSPACE" })
      });
      console.log(await answer.text());`,
    ]);
    assert.equal(code, 0, stdout);
    assert.equal((await site.etcdctl("n1", "put full yes")).code, 1, "no write passes");
    await statusSays(/NOSPACE/);
    await site.mustBeSteady(three);
    await site.etcdctl("n1", "alarm disarm");
    await cured();
  });

  await writer.judged("n1");
});
