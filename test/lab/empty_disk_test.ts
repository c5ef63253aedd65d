/**
 * A member that lost its disk never starts by itself: under its former id, with its vote and without what it voted for, it
 * would elect whoever asks, and what only it and one other had would be lost. Where its file names all members, etcd does
 * just that.
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { DATA, Site } from "./kit.ts";

Deno.test("no vote of an empty disk loses a write: the one that has it is started, and the empty one joins anew", async () => {
  await using site = await Site.up("empty-disk", { hosts: 3 });
  const { lab } = site;
  const config = await site.config(["n1", "n2", "n3"]);
  const kill = "systemctl kill -s KILL etcd; systemctl stop etcd";
  await site.apply(config);

  await lab.must("n1", kill);
  await until("n2 and n3 take a write", async () => (await site.etcdctl("n2", "put acked yes")).code === 0);
  await Promise.all(["n2", "n3"].map((host) => lab.must(host, kill)));
  await lab.wipe("n3", DATA);
  // n2, which has the write, stays down.
  await lab.must("n1", "systemctl start --no-block etcd");
  await until(
    "n1 looks for others",
    async () => (await lab.on("n1", "ss -Hlnt 'sport = 2380' | grep -q .")).code === 0,
  );
  const { code } = await lab.on("n3", "systemctl start etcd");
  assert.notEqual(code, 0, "etcd finds nobody to ask, and ends");
  assert.notEqual((await site.etcdctl("n1", "get acked")).code, 0, "nobody serves");

  const { err } = await site.apply(config);
  assert.match(err, /restart n2[^]*repairWiped n3/);
  await site.mustBe("n1", "n2", "n3");
  for (const host of ["n1", "n2", "n3"]) {
    assert.match((await site.etcdctl(host, "get acked")).out, /^acked\nyes\n/);
  }
});
