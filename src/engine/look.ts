/**
 * One observation: every node's own view, and a second round that asks healthy members about those whose own nodes
 * could not be asked (S4).
 *
 * @module
 */
import type { Observation, Target } from "../model/observation.ts";
import { observe, toAskPeers } from "../observe/observe.ts";
import type { Service } from "../playbook/plugin.ts";
import type { Outside } from "./outside.ts";

/** One service of a config, and the world that it is kept in. */
export interface ServiceRun {
  readonly service: Service;
  readonly target: Target;
  readonly outside: Outside;
}

/** A look in mid-change: hosts that have no part in it are as they were seen before. */
export interface Again {
  readonly before: Observation;
  readonly part: ReadonlySet<string>;
}

/** Looks at all nodes at once. `again`: what peers said of a silent member a moment ago is not asked again, either. */
export async function look(run: ServiceRun, again?: Again): Promise<Observation> {
  const { service, target, outside } = run;
  const at = outside.clock.now(); // as old as its oldest part: a slow node must not make the others' facts look new
  const checked = await Promise.all(target.nodes.map((n) => {
    const known = again?.part.has(n.name) === false ? again.before.nodes[n.name] : undefined;
    return known ?? outside.checks.check(service, n);
  }));
  const facts = Object.fromEntries(checked.map((f) => [f.node, f]));
  const seen = { facts, peers: {}, at };
  const first = observe(service, target.nodes, seen);
  const doubtful = toAskPeers(first);
  if (doubtful.length === 0) return first;
  const from = target.nodes.filter((n) =>
    first.members.some((m) => m.node === n.name && m.role === "voter" && m.health === "healthy")
  );
  const peers = await outside.checks.peers(service, doubtful, from, again !== undefined);
  return observe(service, target.nodes, { ...seen, peers });
}
