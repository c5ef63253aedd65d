/**
 * What many schedules came to, added up.
 *
 * @module
 */
import type { Schedule } from "./schedule.ts";

/** How often each thing was counted. */
export type Counts = Readonly<Record<string, number>>;

export interface Tally {
  readonly schedules: number;
  readonly changes: number;
  readonly writes: number;
  /** Kinds of faults, of which so many happened. */
  readonly faults: Counts;
  /** How runs ended. */
  readonly ends: Counts;
  /** Rules that ended runs. */
  readonly rules: Counts;
  /** How the last run of each schedule ended. */
  readonly outcomes: Counts;
}

export const noTally: Tally = {
  schedules: 0,
  changes: 0,
  writes: 0,
  faults: {},
  ends: {},
  rules: {},
  outcomes: {},
};

const sum = (a: Counts, b: Counts): Counts => {
  const all: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) all[key] = (all[key] ?? 0) + count;
  return all;
};

/** Both together. */
export const together = (a: Tally, b: Tally): Tally => ({
  schedules: a.schedules + b.schedules,
  changes: a.changes + b.changes,
  writes: a.writes + b.writes,
  faults: sum(a.faults, b.faults),
  ends: sum(a.ends, b.ends),
  rules: sum(a.rules, b.rules),
  outcomes: sum(a.outcomes, b.outcomes),
});

/** One schedule. */
export const tallyOf = ({ changes, writes, faults, ends, rules, outcome }: Schedule): Tally => ({
  schedules: 1,
  changes,
  writes,
  faults,
  ends,
  rules,
  outcomes: { [outcome]: 1 },
});

/** The whole as rows of a table: headings have no count. */
export function rowsOf(t: Tally): readonly { readonly count?: number; readonly what: string }[] {
  const part = (what: string, counts: Counts) => {
    const rows = Object.entries(counts).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return rows.length === 0 ? [] : [{ what }, ...rows.map(([what, count]) => ({ count, what }))];
  };
  return [
    { count: t.schedules, what: "schedules" },
    { count: t.changes, what: "changes completed" },
    { count: t.writes, what: "acknowledged writes" },
    ...part("what went wrong", t.faults),
    ...part("how runs ended", t.ends),
    ...part("rules that ended them", t.rules),
    ...part("how the last run of each schedule ended, after the faults", t.outcomes),
  ];
}
