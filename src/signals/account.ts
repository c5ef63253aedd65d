/**
 * What one run of one service came to, as far as metrics and people are told of it: its events, added up.
 *
 * @module
 */
import type { Event, Failure, Outcome } from "../model/event.ts";
import type { Quorum } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";

export interface Account {
  readonly service: string;
  readonly run: string;
  /** ISO 8601 in UTC: of the newest event. */
  readonly time: string;
  /** What was begun to be changed, in its order. */
  readonly changes: readonly { readonly case: string; readonly subject: string }[];
  /** Of the end of the run; a lost quorum's is among them. */
  readonly refusals: readonly Refusal[];
  readonly failure?: Failure & { readonly step: string };
  readonly seen?: { readonly state: string; readonly quorum: Quorum };
  /** There once it has ended. */
  readonly end?: {
    readonly outcome: Outcome;
    readonly changed: number;
    readonly ms: number;
    readonly why?: string;
  };
}

/** The account with one more event. */
export function add(before: Account | undefined, event: Event): Account {
  const { service, run, time } = event;
  const now: Account = { changes: [], refusals: [], ...before, service, run, time };
  switch (event.event) {
    case "observed":
      return { ...now, seen: { state: event.state, quorum: event.quorum } };
    case "changeStarted":
      return { ...now, changes: [...now.changes, { case: event.case, subject: event.subject }] };
    case "stepFailed":
      return { ...now, failure: { ...event.failure, step: event.step.id } };
    case "refused":
      return { ...now, refusals: event.refusals };
    case "quorumLost":
      return { ...now, refusals: [event.refusal] };
    case "runEnded": {
      const { outcome, changed, ms, why } = event;
      return { ...now, end: { outcome, changed, ms, ...(why === undefined ? {} : { why }) } };
    }
    default:
      return now;
  }
}
