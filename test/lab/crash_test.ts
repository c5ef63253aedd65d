/**
 * `apply` is killed with SIGKILL at every step of every case, and run again; crash_cases.ts has the cases. For ZooKeeper
 * `deno task crash --service zookeeper` does it.
 */
import { etcd, everyDeath } from "./crash_cases.ts";

Deno.test("apply that is killed at any step of any case is finished by the next run, etcd 3.4", () =>
  everyDeath(etcd("3.4"), { name: "crash-etcd" }));
