/**
 * Rules on the order of a playbook's steps, asked before the first of them runs: a customised playbook is held to them
 * as the built-in one is.
 *
 * - S12 stage before registering: what is registered and cannot start counts against the quorum, so the node is made
 *   ready first; and the initial-cluster list is written after the registration, from the live list.
 * - S16 fence before the irreversible: data is set aside only after its process is stopped and cannot come back.
 * - S18 one snapshot for a membership change, fetched before it.
 *
 * @module
 */
import { changesMembership, type Effect } from "../playbook/effect.ts";
import type { Step } from "../playbook/step.ts";
import type { Refusal } from "../model/refusal.ts";

/** The first of these rules that a list of steps breaks. */
export function badOrder(steps: readonly Step[], backup: boolean): Refusal | undefined {
  const seen: Effect[] = [];
  const ids = new Set<string>();
  let fetched = false;
  for (const step of steps) {
    const e = step.effect;
    const earlier = (does: Effect["does"], node: string) =>
      seen.some((x) => x.does === does && "node" in x && x.node === node);
    if (ids.has(step.id)) {
      return broken("playbook", step, "its id stands twice", "give each step an id of its own");
    }
    if (e.does === "registersLearner" && !earlier("unfences", e.node) && !earlier("configures", e.node)) {
      return broken(
        "S12",
        step,
        `nothing on ${e.node} was made ready before`,
        "put a step that stages the node first",
      );
    }
    if ((e.does === "setsAside" || e.does === "succeeds") && !earlier("fences", e.node)) {
      return broken("S16", step, `${e.node} is not fenced before`, "put a step that fences the node first");
    }
    if (changesMembership(e) && backup && !fetched) {
      return broken(
        "S18",
        step,
        "no snapshot is fetched before",
        "put the snapshot first, or set policy.backup: false",
      );
    }
    seen.push(e);
    ids.add(step.id);
    fetched ||= step.action.do === "fetch";
  }
  return undefined;
}

const broken = (rule: Refusal["rule"], step: Step, evidence: string, unblock: string): Refusal => ({
  rule,
  evidence: `step ${step.id} of the playbook: ${evidence}`,
  unblock,
});
