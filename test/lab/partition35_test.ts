import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { Site } from "./kit.ts";
import { addWhileThirdIsSilent } from "./partition.ts";

Deno.test("an add while the third member is silent, on etcd 3.5", async (t) => {
  await using site = await Site.up("partition35", { hosts: 4, etcd: "3.5" });
  await addWhileThirdIsSilent(site, t, [
    [0, "cut"],
    [2, "cut"],
    [5, "cut"],
    [8, "isolate"],
    [12, "cut"],
    [30, "cut"],
  ]);

  await t.step("the control: etcd itself accepts the add that costs the quorum", async () => {
    await site.applied(await site.config(["n1", "n2", "n3"]));
    await site.lab.cut("n3");
    // Within about five seconds of a connection etcd refuses every change, so it is asked again like by any operator.
    await until("etcd accepts the add", async () => {
      const added = await site.etcdctl("n1", "member add n4 --peer-urls=http://n4:2380");
      assert.ok(added.code === 0 || added.err.includes("unhealthy cluster"), added.err);
      return added.code === 0;
    }, 20_000);
    assert.notEqual((await site.etcdctl("n1", "put control lost")).code, 0, "no write passes any more");
  });
});
