/**
 * Durations as people write them.
 *
 * @module
 */

export const DURATION = /^[0-9]{1,9}(?:ms|s|m|h)$/;
/** What a timer can wait: 2^31 − 1 ms. */
export const LONGEST_MS = 2_147_483_647;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "500ms", "5s", "10m" or "1h" in milliseconds; undefined for anything else. */
export const millis = (written: string): number | undefined =>
  DURATION.test(written)
    ? Number.parseInt(written, 10) * (UNITS[written.replace(/^[0-9]+/, "")] ?? NaN)
    : undefined;
