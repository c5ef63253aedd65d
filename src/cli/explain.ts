import type { Case } from "../model/change.ts";
import { explainCase } from "../plan/explain.ts";
import type { ExplainFlags } from "./app.ts";
import { cases } from "./cases.ts";
import { type Cli, EXIT, misused, print } from "./cli.ts";
import { chosen, noSuch, readConfig } from "./config.ts";
import { printPlans } from "./plan.ts";
import { bound } from "./plugins.ts";

/** `quorate explain CASE`: when a case arises and what its playbook does, on sample facts. */
export default async function explain(
  cli: Cli,
  flags: ExplainFlags,
  kind: Case,
  name?: string,
): Promise<number> {
  const config = await readConfig(cli, flags, false);
  if (config === undefined) return EXIT.config;
  const services = chosen(cli, flags, config, name === undefined ? [] : [name]);
  if (typeof services === "number") return services;
  const nodes = config.nodes.map((n) => n.name);
  if (flags.node !== undefined && !nodes.includes(flags.node)) {
    return misused(cli, flags, noSuch("node", flags.node, nodes, config));
  }
  const [first] = services;
  if (first === undefined) return misused(cli, flags, `${config.path} has no service`);
  const { service, target } = bound(config, first);
  if (flags.output === "text") {
    print(cli, flags, [
      [["bold", kind]],
      [["dim", "  when  "], cases[kind].when],
      [["dim", "  does  "], cases[kind].does],
      [["dim", "  what follows is worked out on sample facts; no host was asked"]],
      [],
    ]);
  }
  await printPlans(cli, flags, [explainCase(service, target, kind, flags.node)], config.nodes);
  return EXIT.ok;
}
