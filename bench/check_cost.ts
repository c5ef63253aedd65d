/**
 * What the node check costs a host with one healthy etcd member: CPU of all the host's processes, etcd's included, while
 * checks come in, without what they use when none comes.
 *
 * @module
 */
import { type Lab, labUp } from "../lab/mod.ts";
import { placeOf } from "../lab/place.ts";
import { writeChecks } from "./checks.ts";
import { cpuOf } from "./client.ts";
import { apply, configure } from "./manager.ts";
import type { Row } from "./rows.ts";

const CHECKS = 10;

export async function checkCost(rounds = 5): Promise<readonly Row[]> {
  await using lab = await labUp({ name: "bench-check", hosts: 3 });
  const config = await configure(lab, { metadata: ["n1", "n2", "n3"] });
  await apply(lab, config, "state");
  await writeChecks(lab, config);
  const kept: number[] = [], fresh: number[] = [];
  for (let round = 0; round < rounds; round++) {
    kept.push(
      await costOf(lab, `-o ControlPath=${lab.dir}/master -o ControlMaster=auto -o ControlPersist=60`),
    );
    fresh.push(await costOf(lab, ""));
  }
  return [
    { what: "node check, its host's CPU", unit: "ms", ours: kept, budget: { most: 150 } },
    { what: "the same with a login each", unit: "ms", ours: fresh },
  ];
}

/** Of one check, in milliseconds of CPU. */
async function costOf(lab: Lab, options: string): Promise<number> {
  const ssh =
    `ssh -F none -i ${lab.dir}/id_ed25519 -o UserKnownHostsFile=${lab.dir}/known_hosts ${options} n1`;
  const cgroup = `${placeOf(lab.name).cgroup}/n1`;
  const during = async (script: string) => {
    const cpu = cpuOf(cgroup), began = performance.now();
    const { code, stderr } = await lab.exec(["sh", "-ec", script]);
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return { cpu: cpuOf(cgroup) - cpu, ms: performance.now() - began };
  };
  if (options !== "") await lab.exec(["sh", "-ec", `${ssh} -fN </dev/null >/dev/null 2>&1`]);
  const idle = await during("sleep 2");
  const busy = await during(
    `for i in $(seq ${CHECKS}); do ${ssh} sh <${lab.dir}/checks/n1 | grep -q '"quorate":1'; done`,
  );
  return (busy.cpu - idle.cpu * busy.ms / idle.ms) / CHECKS;
}
