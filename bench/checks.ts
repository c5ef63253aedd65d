/**
 * The node checks of a config as files, for peers to send: the very scripts that Quorate sends.
 *
 * @module
 */
import type { Lab } from "../lab/mod.ts";
import { etcd } from "../plugins/etcd/mod.ts";
import { loadConfig } from "../src/config/load.ts";
import { targetsOf } from "../src/config/targets.ts";
import { checkScript } from "../src/node/check.ts";

/** Writes `<lab.dir>/checks/<host>` for each host that a service looks at; gives their names. */
export async function writeChecks(lab: Lab, path: string): Promise<readonly string[]> {
  const { config } = await loadConfig({ env: {}, cwd: "/", path }, [etcd]);
  if (config === undefined) throw new Error(`${path} is no config`);
  const targets = targetsOf(config);
  await Deno.mkdir(`${lab.dir}/checks`, { recursive: true });
  const hosts: string[] = [];
  for (const node of config.nodes) {
    const services = config.services.filter((s) =>
      targets.some((t) => t.service === s.name && t.nodes.some((n) => n.name === node.name))
    );
    if (services.length === 0) continue;
    const bound = services.map(({ name, options }) => etcd.bind({ name, options, nodes: config.nodes }));
    await Deno.writeTextFile(`${lab.dir}/checks/${node.name}`, checkScript(bound, node));
    hosts.push(node.name);
  }
  return hosts;
}

/** Throws unless each host's document came back; a client may quote it, or print it twice. */
export function mustAnswer(said: string, hosts: readonly string[]): void {
  const times = [...said.matchAll(/\{\\*"quorate\\*":1,\\*"time\\*":\\*"([\d.]+)/g)].map((m) => m[1]);
  const answers = new Set(times).size;
  if (answers !== hosts.length) {
    throw new Error(`${answers} of ${hosts.length} hosts answered:\n${said.slice(-2000)}`);
  }
}
