/**
 * What a case's playbook does, on sample facts and this config's own nodes. Nobody is asked.
 *
 * @module
 */
import type { Case } from "../model/change.ts";
import type { Target } from "../model/observation.ts";
import type { ServicePlan } from "../model/plan.ts";
import type { Service } from "../playbook/plugin.ts";
import { sampleCase } from "./sample.ts";
import { planChange } from "./steps.ts";

/** Plans one case for one node: the last desired one unless told. */
export function explainCase(service: Service, target: Target, kind: Case, nodeName?: string): ServicePlan {
  const { seen, change } = sampleCase(target, kind, nodeName);
  const { planned } = planChange(service, target, seen, change, false);
  return { name: service.name, plugin: service.plugin, case: kind, seen, changes: [planned], refusals: [] };
}
