/**
 * Peak memory of a steady run over 200 real hosts. Three of them are the members of an etcd service; on the others etcd is
 * installed and does not run, and each is looked at, as S1 asks: 200 members would not fit on one machine.
 *
 * @module
 */
import { labUp } from "../lab/mod.ts";
import { cost } from "./client.ts";
import { apply, configure, quorate, steadyRun } from "./manager.ts";
import type { Row } from "./rows.ts";

const HOSTS = 200;

export async function memory(rounds = 3): Promise<readonly Row[]> {
  await using lab = await labUp({ name: "bench-memory", hosts: HOSTS });
  const services = { metadata: ["n1", "n2", "n3"] };
  const ssh = { connectTimeout: "60s" };
  // A bootstrap has to know of every host under nodes: (S1), and 200 of them on two cores may not all answer in time.
  await apply(lab, await configure(lab, services, ssh, lab.hosts.slice(0, 3)), "state");
  const config = await configure(lab, services, ssh);
  const costs = [];
  for (let round = 0; round < rounds; round++) costs.push(await steadyRun(lab, config, "state"));
  const { stdout } = await cost(lab, quorate("status", "-c", config, "-o", "json"));
  const reached = stdout.split('"reachable": true').length - 1;
  console.log(
    `${HOSTS} real hosts, 3 of them members, the others looked at; a status afterwards reached ${reached} of them`,
  );
  return [
    {
      what: `steady, ${HOSTS} hosts: peak memory`,
      unit: "MB",
      ours: costs.map((c) => c.peakMb),
      budget: { most: 120 },
    },
    { what: `steady, ${HOSTS} hosts: CPU`, unit: "ms", ours: costs.map((c) => c.cpuMs) },
    { what: `steady, ${HOSTS} hosts: wall`, unit: "ms", ours: costs.map((c) => c.ms) },
  ];
}
