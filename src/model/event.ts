/**
 * What a run tells, as it happens. The terminal, plain lines, NDJSON and the journal all render these.
 *
 * @module
 */
import type { Refusal } from "./refusal.ts";
import type { Quorum } from "./quorum.ts";

/** One event; `time` is ISO 8601 in UTC, `run` the same for all events of one run, durations in milliseconds. */
export type Event = {
  readonly time: string;
  readonly run: string;
  readonly service: string;
} & Happening;

export interface StepName {
  readonly id: string;
  readonly title: string;
  /** 1-based. */
  readonly index: number;
  readonly total: number;
}

export type Happening =
  | { readonly event: "runStarted"; readonly config: string; readonly version: string }
  | {
    readonly event: "observed";
    readonly case: string;
    readonly state: string;
    readonly quorum: Quorum;
    readonly ms: number;
  }
  | {
    readonly event: "changeStarted";
    readonly case: string;
    readonly subject: string;
    readonly steps: readonly { readonly id: string; readonly title: string }[];
  }
  | { readonly event: "stepStarted"; readonly step: StepName; readonly on: string; readonly command?: string }
  | { readonly event: "stepSkipped"; readonly step: StepName; readonly why: string }
  | { readonly event: "stepWaiting"; readonly step: StepName; readonly why: string }
  | { readonly event: "stepDone"; readonly step: StepName; readonly ms: number; readonly output?: string }
  | { readonly event: "stepFailed"; readonly step: StepName; readonly ms: number; readonly failure: Failure }
  | { readonly event: "undone"; readonly step: string; readonly ok: boolean; readonly detail: string }
  | { readonly event: "changeDone"; readonly case: string; readonly subject: string; readonly ms: number }
  | { readonly event: "stabilizing"; readonly ms: number }
  | { readonly event: "refused"; readonly refusals: readonly Refusal[] }
  | { readonly event: "quorumLost"; readonly refusal: Refusal }
  /** The service's lease is ours; the token grows with each taking. */
  | { readonly event: "leased"; readonly token: string }
  /** The lock's etcd is this service itself and does not answer: the node locks alone decide. */
  | { readonly event: "leaseless"; readonly why: string }
  /** Another manager is at work: this one leaves quietly. */
  | { readonly event: "yielded"; readonly holder: string }
  | {
    readonly event: "runEnded";
    readonly outcome: Outcome;
    readonly changed: number;
    readonly ms: number;
    readonly why?: string;
  };

/** Why a step failed: what was run where, what it said, what to do now. */
export interface Failure {
  readonly on: string;
  readonly command?: string;
  readonly what: string;
  /** The last lines of output. */
  readonly output?: string;
  readonly next: string;
}

export type Outcome =
  | "steady" // nothing to do
  | "converged" // changed something, and the members are as desired
  | "yielded" // another manager holds the lock
  | "failed" // 1
  | "refused" // 3
  | "quorumLost" // 4
  | "unfinished"; // 5: changed something and has not converged

/** Exit codes of the design, section 7. */
export const exitCodeOf: Readonly<Record<Outcome, number>> = {
  steady: 0,
  converged: 0,
  yielded: 0,
  failed: 1,
  refused: 3,
  quorumLost: 4,
  unfinished: 5,
};
/** Several services: 4 before 3 before 1 before 5 before 0. */
export const worstExit = (codes: readonly number[]): number =>
  [4, 3, 1, 5].find((c) => codes.includes(c)) ?? 0;
