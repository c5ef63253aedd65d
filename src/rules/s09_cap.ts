/**
 * S9 cap: at most max(1, ⌊(n−1)/2⌋) removals a run, n being the voters at its start; those whose replacement has
 * joined are not counted. A mistake in a config, or in what is seen, then costs at most a minority before a person can
 * notice. The config is the floor: what is seen never lowers it.
 *
 * Source: consul#5922, rancher#11093.
 *
 * @module
 */
import type { Refusal } from "../model/refusal.ts";

export const removalCap = (votersAtStart: number): number => Math.max(1, Math.floor((votersAtStart - 1) / 2));

/** Refuses one more removal when the run has made as many as it may. */
export function capped(
  removals: { readonly done: number; readonly votersAtStart: number },
  who: string,
): Refusal | undefined {
  const cap = removalCap(removals.votersAtStart);
  if (removals.done < cap) return undefined;
  return {
    rule: "S9",
    evidence:
      `${removals.done} of ${removals.votersAtStart} voters were removed in this run, the most that one run ` +
      `may; ${who} has to wait`,
    unblock: "nothing to do: the next run goes on",
  };
}
