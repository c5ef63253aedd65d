/**
 * `apply` is killed with SIGKILL at every step of every case, and run again; crash_cases.ts has the cases. For ZooKeeper
 * some of the steps of one case; `deno task crash --service zookeeper` does it at all of them.
 */
import { etcd, everyDeath, formationAndRepairs, zookeeper } from "./crash_cases.ts";

Deno.test("apply that is killed at any step of any case is finished by the next run, etcd 3.4", () =>
  everyDeath(etcd("3.4"), { name: "zx-etcd" }));

Deno.test("apply that is killed in the middle of a repair is finished by the next run, ZooKeeper", () =>
  formationAndRepairs(zookeeper, { name: "zx-crash-zk", each: 4, only: ["repairWiped"] }));
