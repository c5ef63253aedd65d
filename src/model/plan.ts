/**
 * A plan as data: what `apply` would do, rendered by `plan` as text, JSON, YAML or a shell runbook.
 *
 * @module
 */
import type { Change, Verdict } from "./change.ts";
import type { Memory, Observation } from "./observation.ts";
import type { Quorum } from "./quorum.ts";
import type { Refusal } from "./refusal.ts";

/** What a look gave. */
export interface Looked {
  readonly seen: Observation;
  readonly verdict: Verdict;
  readonly memory: Memory;
  /** The wall clock of the look, milliseconds since 1970. */
  readonly wallMs: number;
}

export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  /** The node that it runs on as far as can be told now, or "management". */
  readonly on: string;
  /** One word for what it does ("registersLearner", "nothing", "waits", …). */
  readonly effect: string;
  /** The exact command; a value that does not exist yet stands as `<id of n4>`. */
  readonly command?: string;
  /** The same for a shell on that node, late values as shell expressions, functions that it calls included. */
  readonly runbook?: string;
  /** Where a person types that, if it is elsewhere: `apply` itself looks at all nodes. */
  readonly runbookOn?: string;
  /** Why doing it twice is safe: "unless n4 is recorded", "idempotent". */
  readonly guard?: string;
  /** The guard says that it is already done. */
  readonly skip: boolean;
}

export interface PlannedChange {
  readonly change: Change;
  /** True for the first change: it is what runs now. Later ones follow from what is expected. */
  readonly exact: boolean;
  readonly steps: readonly PlannedStep[];
  readonly quorumAfter: Quorum;
}

export interface ServicePlan {
  readonly name: string;
  readonly plugin: string;
  /** The case of the first change, "steady", "refused", "quorumLost" or "waiting". */
  readonly case: string;
  readonly seen: Observation;
  readonly changes: readonly PlannedChange[];
  readonly refusals: readonly Refusal[];
}
