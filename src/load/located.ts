/**
 * What an author's file imports as `"quorate"`: the running module, whose `step` and `extend` also remember where they
 * were called, so that a mistake in what they made can be shown at its line.
 *
 * @module
 */
/** `extend` was called: what was amended by id, and on what. */
export interface Extension {
  readonly base: unknown;
  /** The ids that an amendment of each case names. */
  readonly ids: readonly { readonly case: string; readonly id: string }[];
  /** What each case is amended by: `before`, `after` and `replace`, unless it was misspelt. */
  readonly places: readonly { readonly case: string; readonly place: string }[];
  readonly at: Error;
}

const madeAt = new WeakMap<object, Error>();
const extensions: Extension[] = [];

/** Where a step was made: an error with the stack of that moment. */
export const placeOfStep = (step: object): Error | undefined => madeAt.get(step);
/** Every call of `extend` so far in an author's file. */
export const extended = (): readonly Extension[] => extensions;

type Call = (...args: readonly unknown[]) => unknown;

/** The module with those two functions watched. */
export function located(module: object): object {
  const exported: Readonly<Record<string, unknown>> = { ...module };
  const { step, extend } = exported;
  if (!isCall(step) || !isCall(extend)) throw new TypeError("Cannot watch a module without step and extend");
  return {
    ...exported,
    step: (...args: readonly unknown[]) => {
      const made = step(...args);
      if (typeof made === "object" && made !== null) madeAt.set(made, new Error("made here"));
      return made;
    },
    extend: (...args: readonly unknown[]) => {
      const [base, amend] = args;
      const made = extend(...args);
      extensions.push({ base, ids: idsOf(amend), places: placesOf(amend), at: new Error("extended here") });
      return made;
    },
  };
}

const isCall = (value: unknown): value is Call => typeof value === "function";

function idsOf(amend: unknown): Extension["ids"] {
  return entries(amend).flatMap(([kind, amendment]) =>
    entries(amendment).flatMap(([, steps]) => entries(steps).map(([id]) => ({ case: kind, id })))
  );
}
const placesOf = (amend: unknown): Extension["places"] =>
  entries(amend).flatMap(([kind, amendment]) => entries(amendment).map(([place]) => ({ case: kind, place })));
const entries = (value: unknown): readonly (readonly [string, unknown])[] =>
  typeof value === "object" && value !== null ? Object.entries(value) : [];
