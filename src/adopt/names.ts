/**
 * Names for hosts that have none in a config yet.
 *
 * @module
 */

/** What a host could be called, the best first. */
export type Candidates = readonly (string | undefined)[];

/** What the config takes for a name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** A name for each, all different: the first candidate of its own that no other host could have as well, or a number. */
export function namesFor(hosts: readonly Candidates[]): readonly string[] {
  const able = hosts.map((
    candidates,
  ) => [...new Set(candidates.filter((c) => c !== undefined && NAME.test(c)))]);
  const taken = new Set<string>();
  return able.map((own, i) => {
    const free = own.filter((c) => c !== undefined && !taken.has(c));
    const name = free.find((c) => able.every((other, k) => k === i || !other.includes(c))) ??
      numbered(i, able, taken);
    taken.add(name);
    return name;
  });
}

function numbered(
  i: number,
  able: readonly (readonly (string | undefined)[])[],
  taken: ReadonlySet<string>,
): string {
  for (let n = i + 1;; n++) {
    const name = `node${n}`;
    if (!taken.has(name) && !able.some((own) => own.includes(name))) return name;
  }
}

/** A host's own name without its domain. */
export const shortName = (name: string | undefined): string | undefined => name?.trim().split(".")[0];
