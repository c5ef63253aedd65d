/**
 * Numbers as a person reads them.
 *
 * @module
 */

/** Milliseconds as "0.2 s", "12.3 s", "2 min 5 s" or "1 h 3 min". */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}

/** "1 change", "3 changes". */
export const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;

/** Bytes as "512 MiB". */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(n, 1)) / 10), units.length - 1);
  const value = n / 1024 ** power;
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** " on n1"; nothing for a wait, which looks at all nodes and does nothing on any. */
export const placeText = (on = ""): string => (on === "" || on === "everywhere" ? "" : ` on ${on}`);
