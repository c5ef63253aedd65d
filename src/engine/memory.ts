/**
 * What a manager remembers between runs. It may forbid and delay, never permit (S4).
 *
 * @module
 */
import { type Change, subjectOf } from "../model/change.ts";
import {
  formerClusters,
  memberOn,
  type Memory,
  neverStarted,
  type Observation,
} from "../model/observation.ts";

type Attempts = Memory["attempts"];

/** The key of a change's tries. Adding the new half of a replacement counts as adding. */
export const tryKey = (c: Change): string =>
  c.case === "replace" ? `add:${c.node.name}` : `${c.case}:${subjectOf(c)}`;
const joinKey = (id: string): string => `join:${id}`;

/** Brings the memory up to what was seen: the same object when nothing changed. */
export function remember(memory: Memory, seen: Observation, wallMs: number): Memory {
  if (seen.state !== "held" || seen.clusterId === undefined) return memory;
  if (memory.former?.includes(seen.clusterId)) return memory;
  const joining = seen.members.filter((m) => m.role === "learner" || neverStarted(m)).map((m) =>
    joinKey(m.id)
  );
  const kept = Object.entries(memory.attempts).filter(([key]) =>
    key.startsWith("join:") ? joining.includes(key) : !isWell(seen, key)
  );
  const former = [...new Set([...(memory.former ?? []), ...formerClusters(seen.nodes)])];
  const fresh = joining.filter((key) => memory.attempts[key] === undefined);
  if (
    memory.clusterId === seen.clusterId && fresh.length === 0 && kept.length === count(memory.attempts) &&
    former.length === (memory.former ?? []).length
  ) return memory;
  const attempts: Attempts = {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(fresh.map((key) => [key, { count: 0, lastMs: wallMs }])),
  };
  return { clusterId: seen.clusterId, ...(former.length === 0 ? {} : { former }), attempts };
}
const count = (a: Attempts): number => Object.keys(a).length;

/** Nothing differs: what failed before has come right. */
export const atRest = (memory: Memory): Memory =>
  count(memory.attempts) === 0 ? memory : { ...memory, attempts: {} };

/** A voter that is well has no failed tries to its name; of its configuration and what lies aside that says nothing. */
function isWell(seen: Observation, key: string): boolean {
  const [kind, node = ""] = key.split(/:(.*)/s, 2);
  if (kind === "repairConfig" || kind === "prune") return false;
  const m = memberOn(seen, node);
  return m?.role === "voter" && m.health === "healthy";
}

/** One more try in vain. */
export const failedOnce = (memory: Memory, change: Change, wallMs: number): Memory => ({
  ...memory,
  attempts: {
    ...memory.attempts,
    [tryKey(change)]: { count: (memory.attempts[tryKey(change)]?.count ?? 0) + 1, lastMs: wallMs },
  },
});

/** What is left of the grace of a join on a node (S8): it counts from when the learner was first seen. */
export function joinTimeLeft(
  memory: Memory,
  seen: Observation,
  node: string,
  graceMs: number,
  wallMs: number,
): number {
  const m = memberOn(seen, node);
  const since = m === undefined ? undefined : memory.attempts[joinKey(m.id)]?.lastMs;
  // A clock that jumped back gives the whole grace again, one that jumped ahead a second to be promoted in.
  return since === undefined || since > wallMs ? graceMs : Math.max(1_000, graceMs - (wallMs - since));
}
