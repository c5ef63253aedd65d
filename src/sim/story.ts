/**
 * What a run tells, as lines of a trace.
 *
 * @module
 */
import type { Happening } from "../model/event.ts";

/** One line, or none where it is no news. */
export const told = (h: Happening): string | undefined => {
  switch (h.event) {
    case "changeStarted":
      return `${h.case} ${h.subject}`;
    case "stepFailed":
      return `step ${h.step.id} failed: ${h.failure.what} ${h.failure.output ?? ""}`;
    case "stepSkipped":
      return `step ${h.step.id} skipped: ${h.why}`;
    case "undone":
      return `undid ${h.step}: ${h.ok ? "done" : "not done"}, ${h.detail}`;
    case "refused":
      return `refused: ${h.refusals.map((r) => `${r.rule} ${r.evidence}`).join("; ")}`;
    case "quorumLost":
      return `quorum lost: ${h.refusal.evidence}`;
    case "yielded":
      return `yields to ${h.holder}`;
    case "runEnded":
      return `ends ${h.outcome}, ${h.changed} changed${h.why === undefined ? "" : `: ${h.why}`}`;
    default:
      return undefined;
  }
};
