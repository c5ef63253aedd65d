/**
 * One case of a playbook as a plan, for a test to look at.
 *
 * @module
 */
import type { Case } from "../model/change.ts";
import type { PlannedStep } from "../model/plan.ts";
import type { Quorum } from "../model/quorum.ts";
import { samplesOf } from "../plan/sample.ts";
import { planChange } from "../plan/steps.ts";
import { flawOf } from "../playbook/flaws.ts";
import { badOrder } from "../rules/order.ts";
import { bound, type Subject } from "./subject.ts";

export interface PlannedCase {
  /** With exact commands; a value that does not exist yet stands as `<id of n4>`. */
  readonly steps: readonly PlannedStep[];
  /** Ids without the node that they name, in order: `stage`, `register-learner`, … */
  readonly ids: readonly string[];
  readonly quorumAfter: Quorum;
}

export interface WhichCase {
  /** The node that the change is about; the last desired one unless told. */
  readonly node?: string;
  /** One of the forms in which the case is found, such as "of a dead one". */
  readonly form?: string;
}

/**
 * Plans one case on sample facts: every other member is healthy. Throws RangeError where the case has no such form,
 * TypeError for steps that the engine would not run: one without a guard, an order that a safety rule forbids.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { etcd } from "quorate/plugins/etcd";
 * import { planCase } from "quorate/testing";
 *
 * const { ids } = planCase({ plugin: etcd }, "add", { node: "n4" });
 * assert.ok(ids.indexOf("register-learner") < ids.indexOf("promote"));
 * ```
 */
export function planCase(of: Subject, kind: Case, which: WhichCase = {}): PlannedCase {
  const { service, target } = bound(of);
  const samples = samplesOf(target, kind, which.node);
  const sample = samples.find(({ about }) => about === (which.form ?? ""));
  if (sample === undefined) {
    const forms = samples.map(({ about }) => about).filter((about) => about !== "");
    throw new RangeError(`Cannot plan ${kind} ${which.form}: its forms are ${forms.join(", ") || "none"}`);
  }
  const { seen, change } = sample;
  const backup = target.policy.backup !== false;
  const { desired, policy: { joinTimeoutMs } } = target;
  const steps = service.steps(change, { seen, desired, backup, joinTimeoutMs });
  for (const step of steps) {
    const flaw = flawOf(step);
    if (flaw !== undefined) throw new TypeError(`Cannot plan ${kind}: step ${step.id}: ${flaw}`);
  }
  const bad = badOrder(steps, backup && seen.state === "held");
  if (bad !== undefined) {
    throw new TypeError(`Cannot plan ${kind}: ${bad.evidence} (${bad.rule}): ${bad.unblock}`);
  }
  const { planned } = planChange(service, target, seen, change, true);
  return {
    steps: planned.steps,
    ids: planned.steps.map(({ id }) => id.split(":", 1)[0] ?? id),
    quorumAfter: planned.quorumAfter,
  };
}
