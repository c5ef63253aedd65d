import { lookAt, type ServiceRun } from "../engine/mod.ts";
import type { ServicePlan } from "../model/plan.ts";
import { planService } from "../plan/plan.ts";
import type { PlanFlags } from "./commands/keep.ts";
import { type Cli, EXIT, stateDir } from "./cli.ts";
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
    const plans = await Promise.all(composed.runs.map(planOf));
    await printPlans(cli, flags, plans, services);
    return withBroken(read, exitCode(plans, flags.detailedExitcode));
  } finally {
    await composed.close();
  }
}

const planOf = async (run: ServiceRun): Promise<ServicePlan> =>
  planService(run.service, run.target, await lookAt(run));
