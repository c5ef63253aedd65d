/**
 * The journal: what runs did, one event a line. It is an audit for people and never read back by the engine. A run
 * that had nothing to do, or left the work to another manager, leaves no line: a timer would bury all others.
 *
 * @module
 */
import { dirname, join } from "node:path";
import type { Event } from "../model/event.ts";

export interface Journal {
  /** Adds one line. Throws what the file system says. */
  append(event: Event): void;
}

export interface Rotation {
  readonly maxBytes: number;
  /** Former files that are kept beside the current one: `journal.jsonl.1` is the newest of them. */
  readonly keep: number;
}
const ROTATION: Rotation = { maxBytes: 10 * 1024 * 1024, keep: 5 };

/** The current file in a state directory. */
export const fileIn = (dir: string): string => join(dir, "journal.jsonl");

/**
 * The journal in a state directory. Each line is one write to a file opened for appending, so lines of processes side
 * by side never mix.
 */
export function fileJournal(dir: string, rotation: Rotation = ROTATION): Journal {
  const path = fileIn(dir);
  return {
    append(event) {
      Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rotate(path, rotation);
      using file = Deno.openSync(path, { read: true, append: true, create: true, mode: 0o600 });
      const line = new TextEncoder().encode(`${endsOpen(file) ? "\n" : ""}${lineOf(event)}\n`);
      const written = file.writeSync(line);
      if (written < line.length) throw new Error(`${path}: only a part of a line could be written`);
    },
  };
}

const lineOf = (event: Event): string =>
  JSON.stringify(event, (_, value) => typeof value === "bigint" ? value.toString() : value);

/** A process that died in the middle of a write left a line without its end: the next one must not be glued to it. */
function endsOpen(file: Deno.FsFile): boolean {
  if (file.statSync().size === 0) return false;
  const last = new Uint8Array(1);
  file.seekSync(-1, Deno.SeekMode.End);
  file.readSync(last);
  return last[0] !== 0x0a;
}

function rotate(path: string, { maxBytes, keep }: Rotation): void {
  if (sizeOf(path) < maxBytes) return;
  using lock = Deno.openSync(`${path}.lock`, { write: true, create: true, mode: 0o600 });
  if (!lock.tryLockSync(true)) return; // another process is at it
  if (sizeOf(path) < maxBytes) return;
  for (let n = keep; n >= 1; n--) {
    const from = n === 1 ? path : `${path}.${n - 1}`;
    if (sizeOf(from) > 0) Deno.renameSync(from, `${path}.${n}`);
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

const uneventful: readonly Event["event"][] = ["runStarted", "leased", "leaseless", "observed", "yielded"];

/** Hands events on to a journal from the moment on that makes a run worth a line; looks that saw no news are left out. */
export function recorder(journal: Journal): (event: Event) => void {
  let held: Event[] | undefined = [];
  let seen = "";
  return (event) => {
    if (event.event === "observed") {
      const news = JSON.stringify([event.case, event.state, event.quorum]);
      if (news === seen) return;
      seen = news;
    }
    const nothing = uneventful.includes(event.event) ||
      (event.event === "runEnded" && (event.outcome === "steady" || event.outcome === "yielded"));
    if (held !== undefined && nothing) {
      held.push(event);
      return;
    }
    const lines = [...held ?? [], event];
    held = undefined;
    lines.forEach((line) => journal.append(line));
  };
}
