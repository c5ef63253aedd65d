/**
 * A steady run over 48 hosts, 16 services of three members each, against other clients that send the same node checks to
 * the same hosts. The hosts' own work is on the same cores, so the wall says less than the client's CPU.
 *
 * @module
 */
import { type Lab, labUp } from "../lab/mod.ts";
import { provide } from "../lab/setup.ts";
import { type Cost, cost } from "./client.ts";
import { mustAnswer, writeChecks } from "./checks.ts";
import { apply, configure, deno, steadyRun } from "./manager.ts";
import type { Row } from "./rows.ts";

const SERVICES = 16;
const PEERS = {
  "pdsh": "a peer of the benchmark: parallel OpenSSH clients",
  "ansible-core": "a peer of the benchmark: ansible-playbook",
};

export async function steady(rounds = 5): Promise<readonly Row[]> {
  await provide(PEERS);
  await using lab = await labUp({ name: "bench-steady", hosts: 3 * SERVICES });
  const services = Object.fromEntries(
    Array.from({ length: SERVICES }, (_, i) => [`s${i}`, [1, 2, 3].map((n) => `n${3 * i + n}`)]),
  );
  const config = await configure(lab, services);
  console.log(
    `${lab.hosts.length} hosts are up; ${SERVICES} etcd services are bootstrapped, one after the other`,
  );
  for (const service of Object.keys(services)) {
    console.log(`${service}: ${Math.round((await apply(lab, config, "state", service)).ms)} ms`);
  }

  const hosts = await writeChecks(lab, config);
  const clients = await peersOf(lab, hosts);
  const costs = new Map<string, Cost[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of [["quorate", () => steadyRun(lab, config, "state")] as const, ...clients]) {
      const ran = await run();
      if (name !== "quorate") mustAnswer(ran.stdout, hosts);
      // The first of each fills caches.
      if (round > 0) costs.set(name, [...costs.get(name) ?? [], ran]);
    }
  }
  const of = (name: string, what: "ms" | "cpuMs" | "peakMb") => (costs.get(name) ?? []).map((c) => c[what]);
  const against = (name: string, what: "ms" | "cpuMs", times?: number): Row => ({
    what: `steady, ${hosts.length} hosts: ${what === "ms" ? "wall" : "CPU"}`,
    unit: "ms",
    ours: of("quorate", what),
    peer: { name, values: of(name, what) },
    ...(times === undefined ? {} : { budget: { times } }),
  });
  return [
    against("ansible script", "cpuMs", 1 / 20),
    against("ansible raw", "cpuMs"),
    against("ssh", "cpuMs", 1 / 8),
    against("pdsh", "cpuMs"),
    against("bare ssh2 program", "cpuMs"),
    against("bare ssh2 program", "ms", 1.15),
    against("ansible script", "ms"),
    against("ansible raw", "ms"),
    against("ssh", "ms"),
    against("pdsh", "ms"),
    { what: `steady, ${hosts.length} hosts: peak memory`, unit: "MB", ours: of("quorate", "peakMb") },
  ];
}

/** All of them connect anew, verify host keys (the bare one apart), and print what each host's check says. */
async function peersOf(lab: Lab, hosts: readonly string[]) {
  const { dir } = lab;
  const write = (name: string, text: string) => Deno.writeTextFile(`${dir}/${name}`, text);
  await write(
    "ssh_config",
    `Host *
  User root
  IdentityFile ${dir}/id_ed25519
  UserKnownHostsFile ${dir}/known_hosts
  BatchMode yes
`,
  );
  await write("hosts.ini", hosts.join("\n"));
  // `script` is how ansible runs a script on a host; `raw` is the least that it can do: it copies no file.
  const play = (task: string) => `- hosts: all\n  gather_facts: false\n  tasks:\n    - ${task}\n`;
  await write(
    "script.yml",
    play(`script: { cmd: "${dir}/checks/{{ inventory_hostname }}", executable: sh }`),
  );
  await write("raw.yml", play(`raw: "{{ lookup('file', '${dir}/checks/' + inventory_hostname) }}"`));
  const ssh = `ssh -F ${dir}/ssh_config`;
  const parallel = `for host; do ${ssh} $host sh <${dir}/checks/$host & done; wait`;
  // pdsh hands no input on; its `exec` module runs what it is told for each host.
  const pdsh = ["pdsh", "-N", "-R", "exec", "-f", "50", "-w", hosts.join(",")];
  const env = {
    HOME: dir,
    ANSIBLE_STDOUT_CALLBACK: "minimal",
    ANSIBLE_SSH_ARGS: `-F ${dir}/ssh_config -o ControlMaster=auto -o ControlPersist=60s`,
    ANSIBLE_SSH_CONTROL_PATH: `${dir}/cp-%%h`,
    LC_ALL: "C.UTF-8",
  };
  const ansible = (play: string) =>
    cost(lab, ["ansible-playbook", "-v", "-f", "50", "-i", `${dir}/hosts.ini`, `${dir}/${play}.yml`], {
      env,
    });
  return [
    ["bare ssh2 program", () => cost(lab, deno("bare.ts", dir, ...hosts))],
    ["ssh", () => cost(lab, ["sh", "-c", parallel, "sh", ...hosts])],
    ["pdsh", () => cost(lab, [...pdsh, "sh", "-c", `exec ${ssh} %h sh <${dir}/checks/%h`])],
    ["ansible script", () => ansible("script")],
    ["ansible raw", () => ansible("raw")],
  ] as const;
}
