/**
 * Three-valued truth (rule S24): a time-out, an unreachable node or an unreadable answer is `unknown`, and unknown is
 * never taken for false. The values are words, so that no `if (fact)` can swallow one by accident.
 *
 * @module
 */

/** A fact: proven true, proven false, or not known. */
export type Tri = "yes" | "no" | "unknown";

/** Lifts a boolean that is known. */
export const known = (value: boolean): Tri => (value ? "yes" : "no");

/** The opposite; unknown stays unknown. */
export const notTri = (value: Tri): Tri => (value === "yes" ? "no" : value === "no" ? "yes" : "unknown");

/** Kleene's "and": one proven no decides, otherwise one unknown does. */
export function allTri(values: readonly Tri[]): Tri {
  if (values.includes("no")) return "no";
  return values.includes("unknown") ? "unknown" : "yes";
}

/** Kleene's "or": one proven yes decides, otherwise one unknown does. */
export function anyTri(values: readonly Tri[]): Tri {
  if (values.includes("yes")) return "yes";
  return values.includes("unknown") ? "unknown" : "no";
}
