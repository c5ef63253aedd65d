/**
 * Chance by seed (sfc32: Chris Doty-Humphrey, PractRand).
 *
 * @module
 */

export class Random {
  #a: number;
  #b = 0x9e3779b9;
  #c = 0x243f6a88;
  #count = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    for (let i = 0; i < 12; i++) this.#next();
  }

  #next(): number {
    const t = (this.#a + this.#b + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t | 0;
    return t >>> 0;
  }

  /** A whole number from `low` to `high`, both possible. */
  int(low: number, high: number): number {
    return low + this.#next() % (high - low + 1);
  }
  /** True in so many of 100 cases. */
  percent(chance: number): boolean {
    return this.int(0, 9_999) < chance * 100;
  }
  pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.int(0, list.length - 1)];
  }
  /** One of several, each as likely as its weight says. */
  weighted<T>(list: readonly (readonly [weight: number, T])[]): T | undefined {
    let left = this.int(1, Math.max(1, list.reduce((sum, [weight]) => sum + weight, 0)));
    return list.find(([weight]) => (left -= weight) <= 0)?.[1];
  }
  hex(digits: number): string {
    let text = "";
    while (text.length < digits) text += this.#next().toString(16).padStart(8, "0");
    return text.slice(0, digits);
  }
  /** A source of its own: what it gives does not change what this one gives next. */
  fork(): Random {
    return new Random(this.#next());
  }
}

/** 64 bits in lower-case hex from a text, never zero at the front (FNV-1a, twice). */
export function idOf(text: string): string {
  const half = (start: number) => {
    let hash = start;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, "0");
  };
  return `${half(0x811c9dc5)}${half(0x050c5d1f)}`.replace(/^0/, "a");
}
