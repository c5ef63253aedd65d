/**
 * What classify looks at, and how it speaks of what it found.
 *
 * @module
 */
import type { Change } from "../model/change.ts";
import type { HostNode, NodeFacts } from "../model/node.ts";
import type { Member, Memory, Observation, Target } from "../model/observation.ts";
import type { Objection, Refusal } from "../model/refusal.ts";
import type { Drift } from "../playbook/plugin.ts";

/** What of a plugin's service classifying needs. */
export interface Judge {
  drift(facts: NodeFacts, node: HostNode, member: Member, seen: Observation): Drift;
  outdated?(facts: NodeFacts): boolean;
  forbids(change: Change, seen: Observation): Objection | undefined;
}

export interface Input {
  readonly target: Target;
  readonly seen: Observation;
  readonly memory: Memory;
  readonly judge: Judge;
  /** Wall clock, milliseconds since 1970: only for the backoff between tries, which only ever delays. */
  readonly wallMs: number;
  /** A fresh one-time token for a bootstrap. */
  readonly token: string;
  /** Removals of this run that no replacement has made up for, and the voters at its start (S9). */
  readonly removals: { readonly done: number; readonly votersAtStart: number };
  /** False once waiting was in vain: what was worth a wait becomes a refusal. */
  readonly patient: boolean;
}

/** Something that is not as desired: a change to make, a reason not to make it, or a reason to look again. */
export type Finding =
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "refusal"; readonly refusal: Refusal }
  | { readonly kind: "wait"; readonly why: string; readonly refusal: Refusal };

export const change = (c: Change): Finding => ({ kind: "change", change: c });
export const refusal = (r: Refusal): Finding => ({ kind: "refusal", refusal: r });
export const wait = (why: string, r: Refusal): Finding => ({ kind: "wait", why, refusal: r });

export const isDesired = (i: Input, node: string | undefined): boolean =>
  node !== undefined && i.target.desired.some((n) => n.name === node);
export const hostNode = (i: Input, name: string | undefined): HostNode | undefined =>
  name === undefined ? undefined : i.target.nodes.find((n) => n.name === name);
