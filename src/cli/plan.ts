import { lookAt, type ServiceRun } from "../engine/mod.ts";
import { StateError } from "../engine/store.ts";
import { worstExit } from "../model/event.ts";
import type { ServicePlan } from "../model/plan.ts";
import { planService } from "../plan/plan.ts";
import type { PlanFlags } from "./commands/keep.ts";
import { type Cli, EXIT, say, stateDir } from "./cli.ts";
import { compose } from "./compose.ts";
import { chosen, readConfigs, withBroken } from "./config.ts";
import { exitCode, printPlans } from "./plans.ts";

/** `quorate plan`: looks, and shows all changes that would follow. */
export default async function plan(cli: Cli, flags: PlanFlags, ...names: string[]): Promise<number> {
  const read = await readConfigs(cli, flags);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, names);
  if (typeof services === "number") return services;
  const composed = compose(services, stateDir(cli, flags));
  try {
    const found = await Promise.all(composed.runs.map(planOf));
    const plans = found.filter((one): one is ServicePlan => "changes" in one);
    const failed = found.flatMap((one) => "failed" in one ? [one] : []);
    await printPlans(cli, flags, plans, services);
    say(cli, flags, failed.map((one) => [["red", "quorate: "], `${one.service}: ${one.failed}`]));
    const code = exitCode(plans, flags.detailedExitcode && failed.length === 0);
    return withBroken(read, failed.length > 0 ? worstExit([code, EXIT.failed]) : code);
  } finally {
    await composed.close();
  }
}

/** A memory that cannot be read is told for its service, and hides no other's plan. */
async function planOf(
  run: ServiceRun,
): Promise<ServicePlan | { readonly service: string; readonly failed: string }> {
  try {
    return planService(run.service, run.target, await lookAt(run));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { service: run.service.name, failed: error.message };
  }
}
