import { everyCase } from "./cases.ts";
import { Site } from "./kit.ts";

Deno.test("every case on etcd 3.5, with TLS between clients and peers", async (t) => {
  await using site = await Site.up("cases35", { hosts: 5, etcd: "3.5", tls: true });
  await everyCase(site, t);
});
