/**
 * Playbooks: for each case a pure function from facts to steps; and `extend`, which changes single steps of single
 * cases and whose ids the compiler checks.
 *
 * @module
 */
import { type Case, caseNames, type Change, type Changes } from "../model/change.ts";
import type { StepContext } from "./plugin.ts";
import { baseId, type Step } from "./step.ts";

/** What a case may look at: its change, the observation, the config. Nothing else: no clock, no disk, no network. */
export type Facts<K extends Case, O> = Changes[K] & Surroundings<O>;

/** What every case may look at, whatever its change. */
export interface Surroundings<O> extends StepContext {
  readonly service: string;
  readonly options: O;
}

export type CaseSteps<K extends Case, O, Id extends string = string> = (
  facts: Facts<K, O>,
) => readonly Step<Id>[];
export type Cases<O> = { readonly [K in Case]: CaseSteps<K, O> };

/** Whether a value has a function for every case; what these take and give is for the compiler to see. */
export const isCases = (value: unknown): value is Cases<unknown> =>
  typeof value === "object" && value !== null &&
  caseNames.every((name) => typeof new Map<string, unknown>(Object.entries(value)).get(name) === "function");

/** Checks the cases against the options, and keeps each case's own step ids for {@linkcode extend}. */
export const playbook = <O>() => <const C extends Cases<O>>(cases: C): C => Object.freeze(cases);

/** `start:n4` is addressed by `start`: an amendment applies to that step on every node. */
type Base<Id extends string> = Id extends `${infer B}:${string}` ? B : Id;
type IdOf<C> = C extends (...a: never[]) => readonly Step<infer I>[] ? Base<I> : never;
type OptionsOf<C> = C extends Cases<infer O> ? O : never;

/** What an amendment adds: before, after, or in place of one step. */
export interface Amendment<K extends Case, O, Id extends string, New extends string> {
  readonly before?: { readonly [I in Id]?: (facts: Facts<K, O>) => readonly Step<New>[] };
  readonly after?: { readonly [I in Id]?: (facts: Facts<K, O>) => readonly Step<New>[] };
  readonly replace?: { readonly [I in Id]?: (own: Step, facts: Facts<K, O>) => readonly Step<New>[] };
}

/**
 * Changes single steps of single cases. An id that the case does not have is a compile error, also in a second
 * `extend` over the result of the first.
 */
export function extend<
  const C extends Cases<never>,
  const New extends { readonly [K in Case]?: string } = Record<never, string>,
>(
  base: C,
  amend: {
    readonly [K in Case]?: Amendment<
      K,
      OptionsOf<C>,
      IdOf<C[K]>,
      K extends keyof New ? New[K] & string : string
    >;
  },
): {
  readonly [K in Case]: CaseSteps<
    K,
    OptionsOf<C>,
    IdOf<C[K]> | (K extends keyof New ? New[K] & string : never)
  >;
};
export function extend(
  base: Cases<unknown>,
  amend: { readonly [K in Case]?: Amendment<K, unknown, string, string> },
): Cases<unknown> {
  const amended = <K extends Case>(kind: K, steps: CaseSteps<K, unknown>): CaseSteps<K, unknown> => {
    const a: Amendment<K, unknown, string, string> | undefined = amend[kind];
    if (a === undefined) return steps;
    return (facts) =>
      steps(facts).flatMap((own) => [
        ...(a.before?.[baseId(own.id)]?.(facts) ?? []),
        ...(a.replace?.[baseId(own.id)]?.(own, facts) ?? [own]),
        ...(a.after?.[baseId(own.id)]?.(facts) ?? []),
      ]);
  };
  return Object.freeze({
    bootstrap: amended("bootstrap", base.bootstrap),
    restart: amended("restart", base.restart),
    add: amended("add", base.add),
    remove: amended("remove", base.remove),
    replace: amended("replace", base.replace),
    retire: amended("retire", base.retire),
    repairCrashed: amended("repairCrashed", base.repairCrashed),
    repairWiped: amended("repairWiped", base.repairWiped),
    repairConfig: amended("repairConfig", base.repairConfig),
    prune: amended("prune", base.prune),
    recover: amended("recover", base.recover),
    restore: amended("restore", base.restore),
    quorumLost: amended("quorumLost", base.quorumLost),
  });
}

/** The steps of one change. */
export function stepsOf<O>(
  cases: Cases<O>,
  change: Change,
  rest: Surroundings<O>,
): readonly Step[] {
  const of = <K extends Case>(kind: K, about: Changes[K]): readonly Step[] =>
    cases[kind]({ ...about, ...rest });
  switch (change.case) {
    case "bootstrap":
      return of("bootstrap", change);
    case "restart":
      return of("restart", change);
    case "add":
      return of("add", change);
    case "remove":
      return of("remove", change);
    case "replace":
      return of("replace", change);
    case "retire":
      return of("retire", change);
    case "repairCrashed":
      return of("repairCrashed", change);
    case "repairWiped":
      return of("repairWiped", change);
    case "repairConfig":
      return of("repairConfig", change);
    case "prune":
      return of("prune", change);
    case "recover":
      return of("recover", change);
    case "restore":
      return of("restore", change);
    case "quorumLost":
      return of("quorumLost", change);
  }
}
