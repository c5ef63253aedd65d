/** Runs work, at most so much of it at a time; the rest waits in the order it came. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a limit of `size` pieces of work at a time. */
export function limit(size: number): Limit {
  let free = size;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
