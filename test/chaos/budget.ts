/**
 * How much may be broken at once: never more than a quorum survives, so that a lost write is the fault of Quorate or of
 * etcd, and of nobody else. Pure.
 *
 * @module
 */

export interface Standing {
  /** Hosts of the voters and of the learners, as the service's own record names them; undefined while nobody can tell. */
  readonly voters: readonly string[] | undefined;
  readonly learners: readonly string[];
  readonly desired: readonly string[];
  /** Hosts through which a linearizable read went a moment ago. */
  readonly serve: readonly string[];
  /** Hosts that were disturbed and have not been seen well since; true where data was lost. */
  readonly hurt: ReadonlyMap<string, boolean>;
}

/** As many of `n` voters may be missing. */
const spare = (n: number): number => Math.floor((n - 1) / 2);

/** All that have to do with the service now, or soon. */
export const concerned = (s: Standing): readonly string[] => [
  ...new Set([...s.voters ?? [], ...s.learners, ...s.desired]),
];

/**
 * Whether a host may be disturbed now. `loses`: its data goes; then everybody else has to be whole and to stay so until
 * it has joined again, because who has lost what it promised is worse than who is silent.
 */
export function mayDisturb(s: Standing, host: string, loses: boolean): boolean {
  const all = concerned(s);
  if (s.hurt.has(host) || s.voters === undefined) return false;
  const hurt = [...s.hurt.keys()].filter((h) => all.includes(h));
  if (hurt.some((h) => s.hurt.get(h) === true)) return false;
  if (loses && !(hurt.length === 0 && isWhole(s))) return false;
  return holds(s.voters, [...hurt, host]) && holds(s.desired, [...hurt, host]);
}

/** Whether the config may name these members next. */
export function mayDesire(s: Standing, next: readonly string[]): boolean {
  if (s.voters === undefined || next.length < 3) return false;
  const kept = next.filter((h) => s.voters?.includes(h) === true);
  // What is to come takes the place of what is there one by one, so two of three stay at least.
  return kept.length > spare(next.length) && holds(next, [...s.hurt.keys()]);
}

/** The record is as desired, and everybody serves. */
export const isWhole = (s: Standing): boolean =>
  s.learners.length === 0 && s.voters !== undefined &&
  [...s.voters].sort().join() === [...s.desired].sort().join() &&
  s.desired.every((h) => s.serve.includes(h));

const holds = (group: readonly string[], hurt: readonly string[]): boolean =>
  group.filter((h) => hurt.includes(h)).length <= spare(group.length);
