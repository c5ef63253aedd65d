/**
 * `plan -o sh`: the same plan as sections of shell text, for a person who types it.
 *
 * @module
 */
import { subjectOf } from "../model/change.ts";
import type { HostNode } from "../model/node.ts";
import type { PlannedStep, ServicePlan } from "../model/plan.ts";
import { quorumText } from "../model/quorum.ts";

/** Each step belongs on a host of its own, so the file ends at once when it is run as a whole. */
const HEAD = `#!/bin/sh
# A runbook: what \`quorate apply\` would do, one section a step. Run the sections in their order, each as root in a
# POSIX shell on the host that it names. Look at the answer before the next one. No lock is held meanwhile, so stop the
# timer that runs \`quorate apply\`.
echo 'This is a runbook: run its sections one by one, each on the host that it names.' >&2
exit 64
`;

/** Plans as a shell script. `hosts` gives the nodes of a service's config. */
export function runbook(
  plans: readonly ServicePlan[],
  hosts: (service: string) => readonly HostNode[],
): string {
  const placeOf = (plan: ServicePlan) => (on: string): string => {
    const host = hosts(plan.name).find((n) => n.name === on)?.host;
    return on === "management"
      ? "the management node"
      : host === undefined || host === on
      ? on
      : `${on} (${host})`;
  };
  return HEAD + plans.map((plan) => serviceText(plan, placeOf(plan))).join("");
}

function serviceText(plan: ServicePlan, place: (on: string) => string): string {
  const rule = "=".repeat(100);
  const refusals = plan.refusals.flatMap((r) => [
    `# refused by ${r.rule}: ${r.evidence}`,
    `#   to go on: ${r.unblock}`,
  ]);
  const head = [
    "",
    `# ${rule}`,
    `# ${plan.name} (${plan.plugin}): ${plan.case}`,
    `# quorum now: ${plan.seen.state}, ${quorumText(plan.seen.quorum)}`,
    ...refusals,
  ].map(comment);
  const changes = plan.changes.flatMap(({ change, exact, steps, quorumAfter }, i) => [
    "",
    comment(
      `# --- change ${i + 1} of ${plan.changes.length}: ${change.case} ${subjectOf(change)}` +
        (exact ? "" : "; it follows from what is expected, so plan again before you do it"),
    ),
    ...steps.map((step, j) => stepText(step, `${j + 1}/${steps.length}`, place(step.runbookOn ?? step.on))),
    "",
    `# quorum after this change: ${quorumText(quorumAfter)}`,
  ]);
  return [...head, ...changes, ""].join("\n");
}

function stepText(step: PlannedStep, number: string, place: string): string {
  const head = [
    "",
    `# step ${number} ${step.id}, on ${place}: ${step.title}`,
    `#   effect: ${step.effect}${step.guard === undefined ? "" : `; ${step.guard}`}`,
  ];
  const body = step.runbook ?? step.command;
  if (body === undefined) return [...head, "#   nothing to type: look for yourself"].map(comment).join("\n");
  if (!step.skip) return [...head.map(comment), body.trimEnd()].join("\n");
  return [
    ...head,
    "#   done already, so there is nothing to do; it would be:",
    ...body.trimEnd().split("\n").map((l) => `#   ${l}`),
  ].map(comment).join("\n");
}

/** A line break in what a host said must not end a comment: the rest would be run. */
const comment = (text: string): string => text.replaceAll(/[\r\n]+/g, " ");
