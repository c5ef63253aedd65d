/**
 * What a benchmark gives: rows of numbers, each beside a peer's from the same run, and the budget that they have.
 *
 * @module
 */

export interface Row {
  readonly what: string;
  readonly unit: "ms" | "MB";
  readonly ours: readonly number[];
  /** Whom it is measured against, and what that one took. */
  readonly peer?: { readonly name: string; readonly values: readonly number[] };
  /** Of medians: at most this much, this many times the peer's, or this much more than the peer's. */
  readonly budget?: { readonly most: number } | { readonly times: number } | { readonly plus: number };
}

/** Of an even count, the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (i: number) => sorted[i] ?? NaN;
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
}

/** Whether the median is within its budget; undefined where it has none. */
export function within({ ours, peer, budget }: Row): boolean | undefined {
  if (budget === undefined) return undefined;
  const mine = median(ours), theirs = median(peer?.values ?? []);
  if ("most" in budget) return mine <= budget.most;
  return "times" in budget ? mine <= budget.times * theirs : mine <= theirs + budget.plus;
}

/** A table for people. */
export function table(rows: readonly Row[]): string {
  const head = ["what", "unit", "n", "median", "min–max", "peer", "its median", "ratio", "budget", ""];
  const lines = [head, ...rows.map(cells)];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const left = new Set([0, 1, 5, 8, 9]);
  return lines.map((line) =>
    line.map((cell, i) => left.has(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join(
      "  ",
    )
      .trimEnd()
  ).join("\n");
}

function cells(row: Row): readonly string[] {
  const { what, unit, ours, peer } = row;
  const ok = within(row);
  return [
    what,
    unit,
    `${ours.length}`,
    number(median(ours)),
    `${number(Math.min(...ours))}–${number(Math.max(...ours))}`,
    peer?.name ?? "",
    peer === undefined ? "" : number(median(peer.values)),
    peer === undefined ? "" : (median(ours) / median(peer.values)).toFixed(3),
    budgetText(row),
    ok === undefined ? "" : ok ? "within" : "OVER",
  ];
}

function budgetText({ budget, unit }: Row): string {
  if (budget === undefined) return "";
  if ("most" in budget) return `≤ ${budget.most} ${unit}`;
  return "times" in budget ? `≤ ${+budget.times.toFixed(3)} × peer` : `≤ peer + ${budget.plus} ${unit}`;
}

const number = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
