/**
 * A plan for a person: each change, its steps, where each runs, the exact command, and the quorum afterwards.
 *
 * @module
 */
import { subjectOf } from "../model/change.ts";
import type { PlannedChange, PlannedStep, ServicePlan } from "../model/plan.ts";
import { quorumText } from "../model/quorum.ts";
import { refusalBlock } from "./blocks.ts";
import { blank, hang, type Line, type Span } from "./lines.ts";
import { count } from "./words.ts";

/** One service's plan. */
export const planText = (plan: ServicePlan): readonly Line[] => [
  [["bold", `${plan.name} (${plan.plugin}): `], headline(plan)],
  [["dim", "  quorum now    "], `${plan.seen.state}, ${quorumText(plan.seen.quorum)}`],
  ...plan.changes.flatMap((change, i) => [blank, ...changeText(change, i + 1)]),
  ...(plan.refusals.length === 0 ? [] : [blank, ...refusalBlock(plan.refusals)]),
];

function headline(plan: ServicePlan): Span {
  switch (plan.case) {
    case "steady":
      return ["green", "steady, nothing to do"];
    case "refused":
      return ["yellow", "refused by a safety rule"];
    case "quorumLost":
      return ["red", "the quorum is lost"];
    case "waiting":
      return ["yellow", "cannot be judged yet"];
    default:
      return ["cyan", `${count(plan.changes.length, "change")} pending`];
  }
}

/** One change; `n` is its place in a plan. */
export const changeText = (
  { change, exact, steps, quorumAfter }: PlannedChange,
  n?: number,
): readonly Line[] => [
  [
    ["bold", `  ${n === undefined ? "" : `${n}. `}${change.case} ${subjectOf(change)}`],
    ["dim", n === undefined ? "" : exact ? "  exactly what runs now" : "  follows from what is expected"],
  ],
  ...steps.flatMap((step, i) => stepText(step, `     ${`${i + 1}.`.padEnd(3)} `)),
  [["dim", "     quorum after  "], quorumText(quorumAfter)],
];

function stepText(step: PlannedStep, first: string): readonly Line[] {
  const indent = " ".repeat(first.length);
  const guard = step.guard === undefined ? "" : `  ${step.guard}`;
  const lines: readonly Line[] = [
    [first, ["bold", step.id], ` on ${step.on}`, ["dim", `  ${step.effect}${guard}`]],
    [indent, step.title],
    ...(step.command === undefined ? [] : hang(`${indent}$ `, step.command, "cyan")),
  ];
  if (!step.skip) return lines;
  const [head, ...rest] = lines.map((line): Line => [["dim", line.map(bare).join("")]]);
  return head === undefined ? [] : [[...head, ["dim", "  done already: skipped"]], ...rest];
}

const bare = (span: Span): string => typeof span === "string" ? span : span[1];
