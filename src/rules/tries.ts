/**
 * Bounded tries with backoff over runs: what fails again and again is reported, not repeated for ever. The memory of
 * tries only delays and forbids (S4); when the clock jumped back, there is no wait rather than one without end.
 *
 * @module
 */
import type { Memory } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

/** 0, 10 s, 20 s, 40 s … at most 10 minutes between tries of the same change. */
export const backoffMs = (tries: number): number =>
  tries === 0 ? 0 : Math.min(10_000 * 2 ** (tries - 1), 600_000);

/** Refuses a change that has been tried too often, or too short a time ago. */
export function triedEnough(memory: Memory, key: string, limit: number, wallMs: number): Refusal | undefined {
  const tried = memory.attempts[key];
  if (tried === undefined) return undefined;
  if (tried.count >= limit) {
    return {
      rule: "S8",
      evidence: `${key} was tried ${tried.count} times in vain`,
      unblock:
        `see why (quorate journal, and the service's log on the node); it is tried again once the member has ` +
        "been well, or when its entry is removed from the state directory",
    };
  }
  const since = wallMs - tried.lastMs;
  const left = backoffMs(tried.count) - since;
  if (since < 0 || left <= 0) return undefined;
  return {
    rule: "S8",
    evidence:
      `${key} failed ${tried.count === 1 ? "once" : `${tried.count} times`}; the next try is due in ` +
      `${Math.ceil(left / 1000)} s`,
    unblock: "nothing to do: a later run tries again",
  };
}
