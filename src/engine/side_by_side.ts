/**
 * Many services in one run: a few at a time, none held up by another.
 *
 * @module
 */
import type { Clock } from "./outside.ts";

/**
 * Who is at work for longer does so beside the ones that are counted: what waits so long waits for a node or a member,
 * costs this host next to nothing, and must not keep the others from their turn.
 */
const SLOW_MS = 60_000;

/** Runs `work` on all items, `atATime` of them at a time but for the slow ones. What one throws ends no other. */
export async function sideBySide<T, R>(
  items: readonly T[],
  atATime: number,
  clock: Clock,
  work: (item: T) => Promise<R>,
): Promise<readonly PromiseSettledResult<R>[]> {
  const results: Promise<PromiseSettledResult<R>>[] = [];
  let next = 0;
  const slot = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const one = settled(work(items[at] as T));
      results[at] = one;
      const enough = new AbortController();
      await Promise.race([one, clock.sleep(SLOW_MS, enough.signal)]);
      enough.abort();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, slot));
  return await Promise.all(results);
}

const settled = <R>(work: Promise<R>): Promise<PromiseSettledResult<R>> =>
  work.then(
    (value) => ({ status: "fulfilled", value }),
    (reason) => ({ status: "rejected", reason }),
  );

/**
 * Another order each time. Where not all can begin at once, or several managers share them, a fixed one would always
 * leave the same services for last.
 */
export function shuffled<T>(items: readonly T[], random: () => number = Math.random): readonly T[] {
  const left = [...items];
  return Array.from(items, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}
