/**
 * What each service of a config wants: its desired members, and the hosts on which a trace of it is looked for.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import type { Config, ServiceConfig } from "./config.ts";
import { sharedOnNodes } from "./conflicts.ts";

/**
 * One target a service, in config order. S1 looks at every host under `nodes:`, but for those that belong to another
 * service of the same config which uses the same unit, ports or directories: what is found there is that service's.
 */
export function targetsOf(config: Config): readonly Target[] {
  const kinds = new Map<string, ServiceConfig[]>();
  for (const s of config.services) {
    const kind = JSON.stringify([s.plugin.name, s.options]);
    kinds.set(kind, [...kinds.get(kind) ?? [], s]);
  }
  return [...kinds.values()].flatMap((alike) => {
    const [one] = alike;
    if (one === undefined) return [];
    const rivals = [...kinds.values()].filter(([other]) => other !== undefined && clash(one, other, config));
    const theirs = new Set(rivals.flat().flatMap((s) => s.members.map((m) => m.name)));
    return alike.map((s): Target => {
      const own = new Set(s.members.map((m) => m.name));
      const nodes: readonly HostNode[] = config.nodes.filter((n) => own.has(n.name) || !theirs.has(n.name));
      return { service: s.name, desired: s.members, nodes, policy: s.policy };
    });
  }).sort((a, b) => order(config, a) - order(config, b));
}

const order = (config: Config, t: Target): number => config.services.findIndex((s) => s.name === t.service);

/** Whether two services could not live on one node: they are put on one, and looked at for what they share. */
function clash(a: ServiceConfig, b: ServiceConfig, config: Config): boolean {
  const members = config.nodes.slice(0, 1);
  return sharedOnNodes([{ ...a, name: "a", members }, { ...b, name: "b", members }]).length > 0;
}
