/**
 * What a run of chaos comes to: figures, and the judgement on what the clients saw. Pure.
 *
 * @module
 */
import type { Event } from "../../src/model/event.ts";
import type { Line } from "./client.ts";
import { judge, type Operation, writtenBy } from "./linear.ts";

export interface Writes {
  readonly acknowledged: number;
  /** Certain to have had no effect. */
  readonly failed: number;
  readonly unknown: number;
  /** Acknowledged, and ruled out by the last read of the key. */
  readonly lost: number;
  readonly reads: number;
  readonly keys: number;
  /** The longest time in which no write was acknowledged. */
  readonly longestStallMs: number;
}

export const isWrite = (line: Operation): boolean => writtenBy(line) !== null;

/** Counts; the history ends with a read of each key. */
export function writesOf(history: readonly Line[]): Writes {
  const writes = history.filter(isWrite);
  const answered = writes.flatMap(({ end }) => end === null ? [] : [end]).toSorted((a, b) => a - b);
  const byKey = Map.groupBy(history, (line) => line.key);
  return {
    acknowledged: answered.length,
    failed: writes.filter((w) => w.failed).length,
    unknown: writes.filter((w) => w.end === null && !w.failed).length,
    lost: [...byKey.values()].reduce((sum, lines) => sum + lostOf(lines).length, 0),
    reads: history.length - writes.length,
    keys: byKey.size,
    longestStallMs: Math.round(Math.max(0, ...answered.map((at, i) => at - (answered[i - 1] ?? at)))),
  };
}

/**
 * Writes to one key that were acknowledged although what is read at the end was written and acknowledged before they
 * began. It is not all that can go wrong, but what users fear, and it can be seen without a search.
 */
function lostOf(lines: readonly Line[]): readonly Line[] {
  const last = lines.findLast((line) => "get" in line.does);
  if (last === undefined || !("get" in last.does)) return [];
  const kept = last.does.get;
  const by = kept === null ? undefined : lines.find((line) => writtenBy(line) === kept);
  const done = by === undefined ? -Infinity : by.end ?? Infinity;
  return lines.filter((w) => isWrite(w) && w.end !== null && w.end < last.start && w.start > done);
}

/** Keys whose history no register could have given, as short stories; and those that could not be judged. */
export function judged(history: readonly Line[]): readonly string[] {
  const byKey = Map.groupBy(history.filter((line) => !line.failed), (line) => line.key);
  return [...byKey].flatMap(([key, lines]) => {
    const judgement = judge(lines);
    if (judgement.is === "linearizable") return [];
    if (judgement.is === "undecided") return [`${key}: its history is too wide to be judged`];
    const from = Math.min(...judgement.stuck.map((op) => op.start));
    const near = lines.toSorted((a, b) => a.start - b.start).filter((op) =>
      (op.end === null || op.end > from - 5_000) && op.start < from + 5_000
    );
    const mark = (op: Line) => judgement.stuck.some((s) => s.start === op.start) ? "→" : " ";
    return [`${key} is not linearizable:\n${near.map((op) => `${mark(op)} ${text(op)}`).join("\n")}`];
  });
}
const text = ({ start, end, does }: Operation): string => {
  const what = "put" in does
    ? `put ${does.put}`
    : "get" in does
    ? `get: ${does.get}`
    : `swap ${does.cas} for ${does.to}: ${
      does.found === undefined ? "?" : does.found === does.cas ? "done" : `it was ${does.found}`
    }`;
  return `${start.toFixed(1).padStart(11)} ms … ${
    (end === null ? "?" : end.toFixed(1)).padStart(11)
  }  ${what}`;
};

export interface Report {
  readonly seed: number;
  readonly etcd: string;
  readonly minutes: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly edits: Readonly<Record<string, number>>;
  /** How runs of `apply` ended; `killed` by chance. */
  readonly runs: Readonly<Record<string, number>>;
  /** Changes that were begun, and completed, by case. */
  readonly begun: Readonly<Record<string, number>>;
  readonly completed: Readonly<Record<string, number>>;
  readonly convergedAfterMs: number;
  readonly members: readonly string[];
  readonly writes: Writes;
  /** What must not be. */
  readonly wrong: readonly string[];
}

/** Counts what runs of `apply` told. */
export function count(
  events: readonly Event[],
  what: "changeStarted" | "changeDone",
): Readonly<Record<string, number>> {
  return tally(events.flatMap((e) => e.event === what ? [e.case] : []));
}
/** How often each stands in a list, the most frequent first. */
export function tally(words: readonly string[]): Readonly<Record<string, number>> {
  const counted = [...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length] as const);
  return Object.fromEntries(counted.toSorted(([, a], [, b]) => b - a));
}

const sum = (counted: Readonly<Record<string, number>>): number =>
  Object.values(counted).reduce((all, n) => all + n, 0);
const listed = (counted: Readonly<Record<string, number>>): string =>
  Object.entries(counted).map(([word, n]) => `${word} ${n}`).join(", ") || "none";

/** For a person. */
export function reportText(r: Report): string {
  const w = r.writes;
  return [
    `${r.minutes} minutes of chaos, seed ${r.seed}, etcd ${r.etcd}`,
    `faults        ${sum(r.faults)}: ${listed(r.faults)}`,
    `config edits  ${sum(r.edits)}: ${listed(r.edits)}`,
    `runs of apply ${sum(r.runs)}: ${listed(r.runs)}`,
    `repairs       ${sum(r.completed)} completed: ${listed(r.completed)}`,
    `              ${sum(r.begun)} begun: ${listed(r.begun)}`,
    `writes        ${w.acknowledged} acknowledged, ${w.failed} failed, ${w.unknown} unknown; ${w.reads} reads; ${w.keys} keys`,
    `longest stall ${(w.longestStallMs / 1000).toFixed(1)} s without an acknowledged write`,
    `lost writes   ${w.lost}`,
    `at the end    ${r.members.join(", ")} after ${(r.convergedAfterMs / 1000).toFixed(1)} s`,
    ...(r.wrong.length === 0
      ? ["The history is linearizable, and the cluster is as the config says."]
      : r.wrong.map((line) => `WRONG: ${line}`)),
  ].join("\n");
}
