/**
 * Whether what clients saw of one register could have come from a register that does one thing at a time: Wing and
 * Gong's search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was tried ("Testing for
 * linearizability", 2017), as porcupine does it. One register at a time is enough: linearizability is local (Herlihy
 * and Wing, 1990). Pure.
 *
 * @module
 */

/** What a register holds; null before the first write. */
export type Value = string | null;

/** What a client asked, and what it was told; `cas` without `found` was told nothing. */
export type Does =
  | { readonly put: string }
  | { readonly get: Value }
  | { readonly cas: Value; readonly to: string; readonly found?: Value };

export interface Operation {
  readonly does: Does;
  /** When it was asked, by the clock of all clients. */
  readonly start: number;
  /** When the answer came; null when none did: it may take effect at any time after `start`, or never. */
  readonly end: number | null;
}

export type Judgement =
  | { readonly is: "linearizable" }
  /** `stuck`: what could not be put anywhere after the longest order that was found. */
  | { readonly is: "not linearizable"; readonly stuck: readonly Operation[] }
  /** More was to be tried than `limit`. */
  | { readonly is: "undecided" };

/** Judges the history of one register that begins empty. */
export function judge(history: readonly Operation[], limit = 2_000_000): Judgement {
  const ops = seenOrAnswered(history).toSorted((a, b) => a.start - b.start);
  const answered = ops.filter((op) => op.end !== null).length;
  const tried = new Set<string>();
  /** One frame for each operation that has its place: what else could have stood there. */
  const frames: Frame[] = [{ done: 0n, state: null, answered: 0, next: candidates(ops, 0n) }];
  let best: Frame | undefined = frames[0];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (frame.answered === answered) return { is: "linearizable" };
    if (frame.answered > (best?.answered ?? 0)) best = frame;
    const at = frame.next.shift();
    const op = at === undefined ? undefined : ops[at];
    if (at === undefined || op === undefined) {
      frames.pop();
      continue;
    }
    const state = step(frame.state, op);
    if (state === undefined) continue;
    const done = frame.done | (1n << BigInt(at));
    // Lowe: the same operations done and the same state reached in another order lead to the same end.
    const key = `${done.toString(36)} ${state}`;
    if (tried.has(key)) continue;
    if (tried.add(key).size > limit) return { is: "undecided" };
    const count = frame.answered + (op.end === null ? 0 : 1);
    frames.push({ done, state, answered: count, next: candidates(ops, done) });
  }
  return { is: "not linearizable", stuck: candidates(ops, best?.done ?? 0n).flatMap((at) => ops[at] ?? []) };
}

interface Frame {
  /** One bit an operation. */
  readonly done: bigint;
  readonly state: Value;
  readonly answered: number;
  readonly next: number[];
}

/** What may come next: all that began before the first of the others was answered; those without an answer last. */
function candidates(ops: readonly Operation[], done: bigint): number[] {
  const open: number[] = [];
  const silent: number[] = [];
  let first = Infinity;
  for (const [at, op] of ops.entries()) {
    if (op.start > first) break;
    if ((done >> BigInt(at)) & 1n) continue;
    (op.end === null ? silent : open).push(at);
    first = Math.min(first, op.end ?? Infinity);
  }
  return [...open, ...silent];
}

/** The state after an operation, or undefined where it could not have been answered so. */
function step(state: Value, { does, end }: Operation): Value | undefined {
  if ("put" in does) return does.put;
  if ("get" in does) return state === does.get ? state : undefined;
  if (does.found === undefined) return state === does.cas ? does.to : undefined;
  const swapped = does.found === does.cas;
  return state !== does.found || end === null ? undefined : swapped ? does.to : state;
}

/**
 * Leaves out what was not answered and whose value nobody saw. Whoever looks at the register says what it saw, also a
 * swap that failed; so between such a write and the next one stands nothing, and without it the order is as good.
 */
function seenOrAnswered(history: readonly Operation[]): readonly Operation[] {
  let kept = history.filter((op) => op.end !== null);
  for (;;) {
    const seen = new Set(
      kept.flatMap(({ does }) => "get" in does ? does.get : "cas" in does ? sawOf(does) : []),
    );
    const more = history.filter((op) => !kept.includes(op) && seen.has(writtenBy(op)));
    if (more.length === 0) return kept;
    kept = [...kept, ...more];
  }
}
const sawOf = (does: { readonly cas: Value; readonly found?: Value }): Value =>
  does.found === undefined ? does.cas : does.found;

/** The value that an operation leaves behind if it takes effect; undefined where it writes nothing. */
export function writtenBy({ does }: Operation): Value {
  if ("put" in does) return does.put;
  return "cas" in does && (does.found === undefined || does.found === does.cas) ? does.to : null;
}
