/** Two minutes of chaos; `deno task chaos --minutes M --seed S` runs as long, and with any other luck. */
import assert from "node:assert/strict";
import { chaos } from "../chaos/chaos.ts";
import { reportText } from "../chaos/report.ts";

Deno.test("two minutes of chaos lose no write, and end with the cluster that the config names", async () => {
  const told: string[] = [];
  const say = (line: string) => void told.push(line);
  const report = await chaos({ name: "chaos-ci", minutes: 2, seed: 3, etcd: "3.5", say });
  console.log(reportText(report));
  assert.deepEqual(report.wrong, [], told.join("\n"));
  // A storm that was none proves nothing.
  const faults = Object.values(report.faults).reduce((sum, n) => sum + n, 0);
  assert.ok(faults >= 4 && report.writes.acknowledged >= 300, reportText(report));
});
