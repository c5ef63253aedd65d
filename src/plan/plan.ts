/**
 * A plan: the change that `apply` would make now, exactly, and those that are expected to follow.
 *
 * @module
 */
import { classify } from "../classify/classify.ts";
import type { Verdict } from "../model/change.ts";
import { memberById, type Target, voters } from "../model/observation.ts";
import type { Looked, PlannedChange, ServicePlan } from "../model/plan.ts";
import type { Service } from "../playbook/plugin.ts";
import type { Step } from "../playbook/step.ts";
import { badOrder } from "../rules/order.ts";
import { isFuture } from "../rules/project.ts";
import type { Refusal } from "../model/refusal.ts";
import { planChange } from "./steps.ts";

/** A plan goes no further than this: what comes so late will be planned anew many times. */
const MOST_CHANGES = 32;

/** Plans one service. Pure. */
export function planService(service: Service, target: Target, looked: Looked): ServicePlan {
  const changes: PlannedChange[] = [];
  const repaired = new Set<string>();
  const votersAtStart = voters(looked.seen).length || target.desired.length;
  let removed = 0;
  let { seen, verdict } = looked;
  while (verdict.kind === "change" && changes.length < MOST_CHANGES) {
    const { change } = verdict;
    const { planned, after } = planChange(service, target, seen, change, changes.length === 0);
    const steps = service.steps(change, {
      seen,
      desired: target.desired,
      backup: hasBackup(target),
      joinTimeoutMs: 0,
    });
    const bad = refusedAtOnce(steps) ?? badOrder(steps, hasBackup(target) && seen.state === "held");
    if (bad !== undefined) {
      verdict = { kind: "refused", refusals: [bad] };
      break;
    }
    changes.push(planned);
    if (change.case === "repairConfig") repaired.add(change.node.name);
    if (change.case === "remove" && memberById(seen, change.member.id)?.role === "voter") removed++;
    // What a stopped cluster will say of its members is not known before it runs.
    if (change.case === "restart") break;
    seen = after;
    verdict = classify({
      target,
      seen,
      memory: looked.memory,
      judge: {
        // A member of the future has no settings yet that could differ, one that was repaired has none any more.
        drift: (facts, node, m, o) =>
          isFuture(m) || repaired.has(node.name) ? { settings: {} } : service.drift(facts, node, m, o),
        forbids: (c, o) => service.forbids(c, o),
      },
      wallMs: looked.wallMs,
      token: "<token>",
      removals: { done: removed, votersAtStart },
      patient: false,
    });
  }
  return {
    name: service.name,
    plugin: service.plugin,
    case: changes[0]?.change.case ?? (verdict.kind === "wait" ? "waiting" : verdict.kind),
    seen: looked.seen,
    changes,
    refusals: refusalsOf(verdict),
  };
}

/** A playbook whose first step says no. */
function refusedAtOnce([first]: readonly Step[]): Refusal | undefined {
  if (first?.action.do !== "refuse") return undefined;
  const { rule, why, unblock } = first.action;
  return { rule, evidence: why, unblock };
}

const hasBackup = (target: Target): boolean => target.policy.backup !== false;
const refusalsOf = (v: Verdict): readonly Refusal[] =>
  v.kind === "refused" || v.kind === "wait" ? v.refusals : v.kind === "quorumLost" ? [v.refusal] : [];
