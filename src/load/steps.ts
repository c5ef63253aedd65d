/**
 * Steps that an author's case gave: their form, and the rules on their order, each fault with its place in the file.
 *
 * @module
 */
import type { Problem } from "../config/config.ts";
import type { Refusal } from "../model/refusal.ts";
import { flawOf } from "../playbook/flaws.ts";
import { baseId, type Step } from "../playbook/step.ts";
import { badOrder } from "../rules/order.ts";
import { placeOfStep } from "./located.ts";
import type { Modules } from "./modules.ts";
import { spotOf } from "./spots.ts";

export interface Wrong {
  readonly problem: Problem;
  /** The rule of the design that it breaks, where it is one. */
  readonly rule?: Refusal["rule"];
}

/** The first fault. `backup`: a snapshot has to come before a change of members. */
export function judgeSteps(
  steps: unknown,
  backup: boolean,
  modules: Modules,
  path: string,
): Wrong | undefined {
  if (!Array.isArray(steps)) {
    return { problem: modules.problem(path, undefined, { message: "it gives no list of steps" }) };
  }
  for (const one of steps) {
    const flaw = flawOf(one);
    if (flaw !== undefined) {
      const message = `step ${nameOf(one)}: ${flaw}`;
      return { problem: placed(one, modules, path, { message }) };
    }
  }
  const list: readonly Step[] = steps;
  const bad = badOrder(list, backup);
  if (bad === undefined) return undefined;
  const of = list.findLast((one) => bad.evidence.startsWith(`step ${one.id} `));
  const said = { message: bad.evidence.replace(" of the playbook", ""), hint: bad.unblock };
  return { rule: bad.rule, problem: placed(of, modules, path, said) };
}

const nameOf = (one: unknown): string =>
  typeof one === "object" && one !== null && "id" in one ? String(one.id) : String(one);

/** Where the step was made, or else where its id is written. */
function placed(
  one: unknown,
  modules: Modules,
  path: string,
  said: { readonly message: string; readonly hint?: string },
): Problem {
  const made = typeof one === "object" && one !== null ? placeOfStep(one) : undefined;
  const at = made === undefined ? undefined : modules.problemOf(made, path);
  if (at !== undefined && at.line > 0) return { ...at, ...said };
  const id = baseId(nameOf(one)).replaceAll(/[^\w-]/g, "");
  const spot = id === ""
    ? undefined
    : spotOf(modules.textOf(path), new RegExp(`(?<![\\w$.-])(${id})(?=["'\`:]|\\s*\\()`));
  return modules.problem(path, spot, said);
}
