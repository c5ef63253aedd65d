/**
 * What a person has to read: why a step failed, why a change is refused, and what to do now.
 *
 * @module
 */
import type { Failure } from "../model/event.ts";
import type { Refusal } from "../model/refusal.ts";
import { hang, type Line } from "./lines.ts";

/** What was run where, what it said, what to do now. */
export const failureBlock = (failure: Failure): readonly Line[] => [
  ...hang("  where  ", failure.on),
  ...(failure.command === undefined ? [] : hang("  ran    ", failure.command)),
  ...hang("  what   ", failure.what, "red"),
  ...(failure.output?.trim() ? hang("  said   ", failure.output) : []),
  ...hang("  now    ", failure.next, "bold"),
];

/** The rule, what was seen, what unblocks it. */
export const refusalBlock = (refusals: readonly Refusal[]): readonly Line[] =>
  refusals.flatMap((r) => [
    ...hang(`  ${r.rule.padEnd(6)} `, r.evidence, "yellow"),
    ...hang("  now    ", r.unblock, "bold"),
  ]);
