import type { Case } from "../model/change.ts";
import { explainCase } from "../plan/explain.ts";
import { blank } from "../report/lines.ts";
import { refusalBlock } from "../report/blocks.ts";
import { changeText } from "../report/plan_text.ts";
import type { ExplainFlags } from "./commands/playbooks.ts";
import { cases } from "./cases.ts";
import { type Cli, EXIT, misused, print } from "./cli.ts";
import { chosen, noSuch, readConfigs } from "./config.ts";
import { printPlans } from "./plans.ts";
import { bind } from "./plugins.ts";

/** `quorate explain CASE`: when a case arises and what its playbook does, on sample facts. */
export default async function explain(
  cli: Cli,
  flags: ExplainFlags,
  kind: Case,
  name?: string,
): Promise<number> {
  const read = await readConfigs(cli, flags, false);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, name === undefined ? [] : [name]);
  if (typeof services === "number") return services;
  const [first] = services;
  if (first === undefined) return misused(cli, flags, `${read.path} has no service`);
  const { config } = first;
  const { service, target } = bind(config, first.service);
  const nodes = target.nodes.map((n) => n.name);
  if (flags.node !== undefined && !nodes.includes(flags.node)) {
    return misused(cli, flags, noSuch("node", flags.node, nodes, config));
  }
  const plan = explainCase(service, target, kind, flags.node);
  if (flags.output !== "text") {
    await printPlans(cli, flags, [plan], services);
    return EXIT.ok;
  }
  print(cli, flags, [
    [["bold", `${kind} `], ["dim", `of ${plan.name} (${plan.plugin}), on sample facts: no host was asked`]],
    [["dim", "  when  "], cases[kind].when],
    [["dim", "  does  "], cases[kind].does],
    ...plan.changes.flatMap((change) => [blank, ...changeText(change)]),
    ...refusalBlock(plan.refusals),
  ]);
  return EXIT.ok;
}
