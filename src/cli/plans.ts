/**
 * Plans as a command prints them, and the exit code that they come to.
 *
 * @module
 */
import { worstExit } from "../model/event.ts";
import type { ServicePlan } from "../model/plan.ts";
import { jsonText, yamlText } from "../report/json.ts";
import { blank } from "../report/lines.ts";
import { planDocument } from "../report/plan_json.ts";
import { planText } from "../report/plan_text.ts";
import { runbook } from "../report/runbook.ts";
import type { Chosen } from "./config.ts";
import type { PrintedPlan } from "./commands/keep.ts";
import { type Cli, EXIT, print } from "./cli.ts";

const PENDING = 2;

/** Plans in the format that was asked for. */
export async function printPlans(
  cli: Cli,
  flags: PrintedPlan,
  plans: readonly ServicePlan[],
  services: readonly Chosen[],
): Promise<void> {
  switch (flags.output) {
    case "text":
      return print(cli, flags, plans.flatMap((p, i) => i === 0 ? planText(p) : [blank, ...planText(p)]));
    case "json":
      return cli.out.write(jsonText(planDocument(plans)));
    case "yaml":
      return cli.out.write(await yamlText(planDocument(plans)));
    case "sh":
      return cli.out.write(runbook(
        plans,
        (name) => services.find(({ service }) => service.name === name)?.config.nodes ?? [],
      ));
  }
}

/** 4 and 3 say that the plan is a lost quorum or a refusal; pending changes are 2 only for who asked for it. */
export function exitCode(plans: readonly ServicePlan[], detailed: boolean): number {
  const worst = worstExit(
    plans.map((p) =>
      p.case === "quorumLost" ? 4 : p.changes.length === 0 && p.refusals.length > 0 ? EXIT.refused : EXIT.ok
    ),
  );
  return worst === 0 && detailed && plans.some((p) => p.changes.length > 0) ? PENDING : worst;
}
