/**
 * A step is plain data: it can be printed, hashed, compared and tested without a network.
 *
 * @module
 */
import type { RuleName } from "../model/refusal.ts";
import type { Command } from "./command.ts";
import { type Effect, nothing } from "./effect.ts";
import { lacks } from "./flaws.ts";
import type { Probe } from "./probe.ts";
import { management, type Where } from "./where.ts";

/** Steps that act on a node. */
export type Acting =
  | { readonly do: "run"; readonly command: Command }
  /** Brings a file from the node to the management node, its hash verified. `kind` names the backup series. */
  | { readonly do: "fetch"; readonly from: string; readonly kind: string }
  /** Brings a file of the management node to the node, its hash (lower-case hex SHA-256) verified there. */
  | { readonly do: "put"; readonly from: string; readonly to: string; readonly sha256: string };

/** Steps that only look. */
export type Asking =
  | { readonly do: "wait"; readonly until: Probe }
  | { readonly do: "must"; readonly hold: Probe; readonly why: string; readonly unblock: string }
  | { readonly do: "refuse"; readonly rule: RuleName; readonly why: string; readonly unblock: string };

export const run = (command: Command): Acting => ({ do: "run", command });
export const fetch = (from: string, kind: string): Acting => ({ do: "fetch", from, kind });
export const put = (from: string, to: string, sha256: string): Acting => ({ do: "put", from, to, sha256 });
export const wait = (until: Probe): Asking => ({ do: "wait", until });
export const must = (hold: Probe, why: string, unblock: string): Asking => ({
  do: "must",
  hold,
  why,
  unblock,
});
export const refuse = (rule: RuleName, why: string, unblock: string): Asking => ({
  do: "refuse",
  rule,
  why,
  unblock,
});

export const isActing = (a: Acting | Asking): a is Acting =>
  a.do === "run" || a.do === "fetch" || a.do === "put";

/** A transfer in words, where a command would stand. */
export const transferText = (a: Exclude<Acting, { readonly do: "run" }>): string =>
  a.do === "fetch" ? `fetch ${a.from}` : `put ${a.from} as ${a.to}`;

/** Try again: every `everyMs`, for at most `forMs`; only when the output holds `when`, if that is given. */
export interface Retry {
  readonly forMs: number;
  readonly everyMs: number;
  /** A part of the output that says "not yet" (e.g. etcd's 5 s rule); anything else fails at once. */
  readonly when?: string;
}

export interface Common {
  /** One line for a person. */
  readonly title?: string;
  /** Deadline in milliseconds, 60 s unless told. */
  readonly timeoutMs?: number;
}

/** A step that changes something says what it does, and why doing it twice is safe. */
export type Safe =
  & Common
  & {
    readonly on: Where;
    readonly effect: Effect;
    /** Asked of a fresh observation afterwards: the step has failed unless it holds. */
    readonly verify?: Probe;
    /** Run when a later step of the same change fails, if `undoIf` holds then (S13). */
    readonly undo?: { readonly command: Command; readonly if: Probe; readonly effect: Effect };
    readonly retry?: Retry;
  }
  & (
    | { readonly unless: Probe; readonly onlyIf?: never; readonly idempotent?: never }
    | { readonly onlyIf: Probe; readonly unless?: never; readonly idempotent?: never }
    | { readonly idempotent: true; readonly unless?: never; readonly onlyIf?: never }
  );

export interface Step<Id extends string = string> {
  readonly id: Id;
  readonly action: Acting | Asking;
  readonly on: Where;
  readonly effect: Effect;
  readonly timeoutMs: number;
  readonly title?: string;
  readonly unless?: Probe;
  readonly onlyIf?: Probe;
  readonly idempotent?: true;
  readonly verify?: Probe;
  readonly undo?: { readonly command: Command; readonly if: Probe; readonly effect: Effect };
  readonly retry?: Retry;
}

/**
 * Makes a step. Throws TypeError for one that changes something and does not say where, what, or why twice is safe.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { management, nothing, run, sh, step } from "quorate";
 *
 * const tell = step("tell-oncall", run(sh`notify ${"a member joined"}`), {
 *   on: management,
 *   effect: nothing,
 *   idempotent: true,
 * });
 * assert.deepEqual(JSON.parse(JSON.stringify(tell)), tell);
 * ```
 */
export function step<const Id extends string>(id: Id, action: Acting, options: Safe): Step<Id>;
export function step<const Id extends string>(id: Id, action: Asking, options?: Common): Step<Id>;
export function step(id: string, action: Acting | Asking, options: Common = {}): Step {
  const lacking = isActing(action) ? lacks(options) : undefined;
  if (lacking !== undefined) throw new TypeError(`Cannot make step ${id}: ${lacking}`);
  return Object.freeze({ id, action, on: management, effect: nothing, timeoutMs: 60_000, ...options });
}

/** Steps for a value that may be missing: they are built only when it is there. */
export const given = <T, S extends Step>(
  value: T | undefined | false,
  steps: (value: T) => readonly S[],
): readonly S[] => (value === undefined || value === false ? [] : steps(value));

/** What a step's id is without the node that it names: `start:n4` → `start`. */
export const baseId = (id: string): string => id.split(":", 1)[0] ?? id;

/** One line for a person. */
export const titleOf = (step: Step): string => step.title ?? step.id.replaceAll("-", " ").replace(":", " ");
