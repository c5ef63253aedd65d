/** Kills and wipes, the same ones for each service: matrix.ts has the table. */
import { Site } from "./kit.ts";
import { killAndWipe } from "./matrix.ts";
import { Ensemble } from "./zookeeper_kit.ts";

Deno.test("whatever is killed or wiped is repaired, or refused by name: etcd and ZooKeeper", async () => {
  await using etcd = await Site.up("matrix-etcd", { hosts: 3 });
  await using zookeeper = await Ensemble.up("matrix-zk", 3);
  const ends = await Promise.allSettled([killAndWipe(etcd), killAndWipe(zookeeper)]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});
