/**
 * The valid name that somebody most likely meant.
 *
 * @module
 */

/** The one candidate within a third of the name's length (2 edits at most, 1 for short ones), or undefined. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const reach = name.length < 6 ? 1 : 2;
  let best = reach + 1;
  let found: string | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > reach) continue;
    const away = distance(name.toLowerCase(), candidate.toLowerCase());
    if (away > best || away > reach) continue;
    // Two that are equally near (n1 and n2 for n9) would be a guess.
    found = away < best ? candidate : undefined;
    best = away;
  }
  return found;
}

/** Edits between two words: insert, delete, replace, swap two neighbours. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Infinity,
      );
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}
const at = (row: readonly number[], j: number): number => row[j] ?? Infinity;
