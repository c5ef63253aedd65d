/**
 * Quorum arithmetic. With `n` voters a majority is `needed = ⌊n/2⌋ + 1`; the margin is how many healthy voters may
 * still fail before the service stops (Ongaro, "Consensus: Bridging Theory and Practice", section 4).
 *
 * @module
 */

/** The arithmetic of one moment. All fields count voters; `margin` is negative when the quorum is lost. */
export interface Quorum {
  readonly voters: number;
  readonly healthy: number;
  readonly needed: number;
  readonly margin: number;
}

/**
 * Counts a quorum.
 *
 * @example Five voters of which one is down
 * ```ts
 * import assert from "node:assert/strict";
 * import { quorumOf } from "./quorum.ts";
 *
 * assert.deepEqual(quorumOf(5, 4), { voters: 5, healthy: 4, needed: 3, margin: 1 });
 * ```
 */
export function quorumOf(voters: number, healthy: number): Quorum {
  const needed = Math.floor(voters / 2) + 1;
  return { voters, healthy, needed, margin: healthy - needed };
}

/** "2 of 3 voters healthy, 2 needed, margin 0". */
export const quorumText = (q: Quorum): string =>
  `${q.healthy} of ${q.voters} voters healthy, ${q.needed} needed, margin ${q.margin}`;
