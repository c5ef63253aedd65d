import { everyCase } from "./cases.ts";
import { Site } from "./kit.ts";

Deno.test("every case on Debian's etcd 3.4", async (t) => {
  await using site = await Site.up("cases34", { hosts: 5, etcd: "3.4" });
  await everyCase(site, t);
});
