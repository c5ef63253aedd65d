import { Site } from "./kit.ts";
import { addWhileThirdIsSilent } from "./partition.ts";

Deno.test("an add while the third member is silent, on Debian's etcd 3.4", async (t) => {
  await using site = await Site.up("partition34", { hosts: 4, etcd: "3.4" });
  await addWhileThirdIsSilent(site, t, [[0, "cut"], [5, "cut"]]);
});
