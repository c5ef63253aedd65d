import { type Damaged, followJournal, type JournalRun, readJournal } from "../engine/journal_read.ts";
import type { Event } from "../model/event.ts";
import { ndjson } from "../report/json.ts";
import { journalList, journalText, runHeading } from "../report/journal_text.ts";
import { blank, type Line } from "../report/lines.ts";
import { plain } from "../report/plain.ts";
import { count } from "../report/words.ts";
import type { JournalFlags } from "./commands/keep.ts";
import { type Cli, EXIT, isVerbose, print, say, stateDir } from "./cli.ts";

/** `quorate journal`: what former runs did. It needs no config: a service may be in none any more. */
export default async function journal(cli: Cli, flags: JournalFlags, what?: string): Promise<number> {
  const dir = stateDir(cli, flags);
  const one = what !== undefined && RUN.test(what)
    ? await readJournal(dir, { run: what, runs: Number.MAX_SAFE_INTEGER })
    : undefined;
  // What begins no run's id is a service's name, however it looks.
  const isRun = one !== undefined && one.runs.length > 0;
  const filter = what === undefined ? {} : isRun ? { run: what } : { service: what };
  const { runs, damaged } = isRun ? one : await readJournal(dir, { ...filter, runs: flags.number });
  const text = (run: JournalRun): readonly Line[] => journalText(run.events, isRun || isVerbose(flags));
  if (flags.follow) return await follow(cli, flags, dir, filter);
  if (flags.output === "json") {
    runs.forEach((run) => run.events.forEach((event) => cli.out.write(ndjson(event))));
  } else {
    const listed = isRun || isVerbose(flags)
      ? runs.flatMap(text)
      : journalList(runs.map((run) => run.events));
    print(cli, flags, listed);
  }
  if (flags.quiet) return EXIT.ok;
  if (runs.length === 0) {
    const whose = what === undefined ? "" : ` of ${what}`;
    say(cli, flags, [[`quorate: no runs${whose} are written down in ${dir}`]]);
  }
  damaged.slice(0, NAMED).forEach((line) => say(cli, flags, [leftOut(line)]));
  if (damaged.length > NAMED) {
    say(cli, flags, [[[
      "yellow",
      `quorate: ${count(damaged.length - NAMED, "more damaged line")} left out`,
    ]]]);
  }
  return EXIT.ok;
}

/** How the list shows runs: the first eight digits. */
const RUN = /^[0-9a-f]{8}(-[0-9a-f-]*)?$/;
const NAMED = 3;
const LOOK_MS = 300;

const leftOut = (
  { path, line }: Damaged,
): Line => [["yellow", `quorate: ${path}:${line} is damaged and was left out`]];

/** Prints what is written from now on, until it is interrupted or nobody reads any more. */
async function follow(
  cli: Cli,
  flags: JournalFlags,
  dir: string,
  filter: { readonly run?: string; readonly service?: string },
): Promise<number> {
  const stop = new AbortController();
  const runs = new Map<string, (event: Event) => readonly Line[]>();
  const shown = (event: Event): readonly Line[] => {
    const key = `${event.run} ${event.service}`;
    const begun = runs.get(key);
    const lines = begun ?? plain({ quiet: false, verbose: true });
    if (event.event === "runEnded") runs.delete(key);
    else runs.set(key, lines);
    return [...begun === undefined ? [blank, runHeading(event)] : [], ...lines(event)];
  };
  const tick = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (cli.out.closed?.()) stop.abort();
  };
  for await (const one of followJournal(dir, filter, stop.signal, tick)) {
    if (!("event" in one)) {
      if (!flags.quiet) say(cli, flags, [leftOut(one)]);
    } else if (flags.output === "json") cli.out.write(ndjson(one));
    else print(cli, flags, shown(one));
  }
  return EXIT.ok;
}
