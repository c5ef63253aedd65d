/**
 * Reading the journal: former runs, and what is written now. Rotated files are part of it, whoever rotated them.
 *
 * @module
 */
import type { Event } from "../model/event.ts";
import { fileIn } from "./journal.ts";
import { reasonOf, StateError } from "./state_error.ts";

/** All events of one service in one run, in their order; without a `runEnded` it is at work, or was ended from outside. */
export interface JournalRun {
  readonly run: string;
  readonly service: string;
  readonly events: readonly Event[];
}

export interface JournalFilter {
  readonly service?: string;
  /** How the id of the run begins. */
  readonly run?: string;
  /** The newest so many runs. */
  readonly runs: number;
}

/** A line that holds no event; the first line of a file is 1. */
export interface Damaged {
  readonly path: string;
  readonly line: number;
}

/**
 * Reads the newest runs, the oldest of them first. Lines that are damaged are skipped and named. Throws a StateError where
 * the files cannot be read.
 */
export async function readJournal(
  dir: string,
  filter: JournalFilter,
): Promise<{ readonly runs: readonly JournalRun[]; readonly damaged: readonly Damaged[] }> {
  let runs = new Map<string, { run: string; service: string; events: Event[] }>();
  const damaged: Damaged[] = [];
  // From the newest file back, until there are enough: the run at a file's start may have begun in the one before.
  for (const path of await filesIn(dir)) {
    const older: typeof runs = new Map();
    for (const [at, line] of (await readText(path)).split("\n").entries()) {
      if (line === "") continue;
      const event = eventOf(line);
      if (event === undefined) damaged.push({ path, line: at + 1 });
      if (event === undefined || !isAsked(event, filter)) continue;
      const key = `${event.run} ${event.service}`;
      const run = older.get(key) ?? { run: event.run, service: event.service, events: [] };
      run.events.push(event);
      older.set(key, run);
    }
    for (const [key, run] of runs) {
      const begun = older.get(key);
      if (begun === undefined) older.set(key, run);
      else begun.events.push(...run.events);
    }
    runs = older;
    if (runs.size > filter.runs) break;
  }
  return { runs: [...runs.values()].slice(-filter.runs), damaged };
}

const isAsked = (event: Event, { service, run }: Omit<JournalFilter, "runs">): boolean =>
  (service === undefined || event.service === service) && (run === undefined || event.run.startsWith(run));

/**
 * What is written from now on, as it is written, until `stop` aborts. A file that is rotated away is read to its end, and
 * so are those that came and went between two looks; `tick` waits until the next look.
 */
export async function* followJournal(
  dir: string,
  filter: Omit<JournalFilter, "runs">,
  stop: AbortSignal,
  tick: () => Promise<void>,
): AsyncGenerator<Event | Damaged> {
  let open = await openLast(dir);
  if (open !== undefined) await open.file.seek(0, Deno.SeekMode.End);
  try {
    while (!stop.aborted) {
      // Named before it is read: what comes into it later is read at the next look.
      const files = await filesIn(dir);
      if (open !== undefined) yield* news(open, filter);
      const next = await following(files, open);
      if (next === undefined) await tick();
      else {
        // Whoever had it open while it was renamed may have written one more line.
        if (open !== undefined) yield* news(open, filter);
        open?.file.close();
        open = next;
      }
    }
  } finally {
    open?.file.close();
  }
}

/** A file of the journal that is being read. */
interface Open {
  readonly file: Deno.FsFile;
  readonly path: string;
  readonly inode: number | null;
  /** Lines that were read to their end. */
  lines: number;
  /** The beginning of a line that has no end yet. */
  rest: Uint8Array;
}

async function openAt(path: string): Promise<Open | undefined> {
  try {
    const file = await Deno.open(path);
    return { file, path, inode: (await file.stat()).ino, lines: 0, rest: new Uint8Array() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): StateError =>
  new StateError(`Cannot read the journal ${path}: ${reasonOf(error, "read")}`);

async function openLast(dir: string): Promise<Open | undefined> {
  const [newest] = await filesIn(dir);
  const last = newest === undefined ? undefined : await openAt(newest);
  if (last === undefined) return undefined;
  last.lines = (await readText(last.path)).split("\n").length - 1;
  return last;
}

/** The file that was begun after this one; undefined where this one is the newest. `files`: the newest first. */
async function following(files: readonly string[], open: Open | undefined): Promise<Open | undefined> {
  if (open === undefined) return files.length === 0 ? undefined : await openAt(files.at(-1) ?? "");
  for (const [age, path] of files.entries()) {
    const inode = await Deno.stat(path).then((info) => info.ino, () => null);
    if (inode !== open.inode) continue;
    const newer = files[age - 1];
    return newer === undefined ? undefined : await openAt(newer);
  }
  // It is gone altogether: on with the oldest that is left.
  return files.length === 0 ? undefined : await openAt(files.at(-1) ?? "");
}

async function* news(open: Open, filter: Omit<JournalFilter, "runs">): AsyncGenerator<Event | Damaged> {
  const piece = new Uint8Array(65_536);
  for (let n = await open.file.read(piece); n !== null; n = await open.file.read(piece)) {
    const bytes = new Uint8Array(open.rest.length + n);
    bytes.set(open.rest);
    bytes.set(piece.subarray(0, n), open.rest.length);
    const end = bytes.lastIndexOf(0x0a) + 1;
    open.rest = bytes.subarray(end);
    if (end === 0) continue;
    for (const line of new TextDecoder().decode(bytes.subarray(0, end - 1)).split("\n")) {
      open.lines++;
      const event = line === "" ? undefined : eventOf(line);
      if (event !== undefined && isAsked(event, filter)) yield event;
      else if (event === undefined && line !== "") yield { path: open.path, line: open.lines };
    }
  }
}

/** The newest first. */
async function filesIn(dir: string): Promise<readonly string[]> {
  const base = fileIn(dir);
  const paths: string[] = [];
  for (let n = 0;; n++) {
    const path = n === 0 ? base : `${base}.${n}`;
    const there = await Deno.stat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw unreadable(path, error);
    });
    // Right after a rotation there is no current file yet.
    if (there) paths.push(path);
    else if (n > 0) return paths;
  }
}

/** Empty where it was rotated away since it was found. */
const readText = (path: string): Promise<string> =>
  Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw unreadable(path, error);
  });

function eventOf(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What carries the four fields of every event is taken at its word for the rest: only this program writes here. */
function isEvent(value: unknown): value is Event {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return ["time", "run", "service", "event"].every((name) => typeof fields.get(name) === "string");
}
