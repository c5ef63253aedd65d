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
});
