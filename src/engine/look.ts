/**
 * One observation: every node's own view, and a second round that asks healthy members about those whose own nodes
 * could not be asked (S4).
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Member, Observation, Target } from "../model/observation.ts";
import { allTri, notTri, type Tri } from "../model/tri.ts";
import { askScript } from "../node/check.ts";
import { readAsks } from "../node/parse.ts";
import { observe, toAskPeers } from "../observe/observe.ts";
import type { Service } from "../playbook/plugin.ts";
import type { Outside } from "./outside.ts";

/** One service of a config, and the world that it is kept in. */
export interface ServiceRun {
  readonly service: Service;
  readonly target: Target;
  readonly outside: Outside;
}

const PEERS_TIMEOUT_MS = 12_000;

/** Looks at all nodes at once. */
export async function look(run: ServiceRun): Promise<Observation> {
  const { service, target, outside } = run;
  const checked = await Promise.all(target.nodes.map((n) => outside.checks.check(service, n)));
  const facts = Object.fromEntries(checked.map((f) => [f.node, f]));
  const seen = { facts, peers: {}, at: outside.clock.now() };
  const first = observe(service, target.nodes, seen);
  const doubtful = toAskPeers(first);
  if (doubtful.length === 0) return first;
  return observe(service, target.nodes, { ...seen, peers: await askPeers(run, first, doubtful) });
}

/** What one healthy member says is enough for "it answers"; that it does not, all of them have to say. */
async function askPeers(
  { service, target, outside }: ServiceRun,
  seen: Observation,
  doubtful: readonly Member[],
): Promise<Readonly<Record<string, Tri>>> {
  const from = target.nodes.filter((n) =>
    seen.members.some((m) => m.node === n.name && m.role === "voter" && m.health === "healthy")
  );
  const said = await Promise.all(from.map(async (n: HostNode) => {
    const script = askScript(service, service.askPeers(doubtful, n));
    const reply = await outside.fleet.run(n.name, script, { timeoutMs: PEERS_TIMEOUT_MS });
    const asks = reply.kind === "exited" ? readAsks(reply.stdout, service) : undefined;
    return asks === undefined ? {} : service.readPeers(asks, doubtful);
  }));
  return Object.fromEntries(doubtful.map((m) => [m.id, together(said.map((s) => s[m.id] ?? "unknown"))]));
}
const together = (words: readonly Tri[]): Tri =>
  words.length === 0
    ? "unknown"
    : words.includes("yes")
    ? "yes"
    : allTri(words.map(notTri)) === "yes"
    ? "no"
    : "unknown";
