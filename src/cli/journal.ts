import { readJournal } from "../engine/journal.ts";
import { ndjson } from "../report/json.ts";
import { journalText } from "../report/journal_text.ts";
import { count } from "../report/words.ts";
import type { JournalFlags } from "./app.ts";
import { type Cli, EXIT, isVerbose, print, say, stateDir } from "./cli.ts";

/** `quorate journal`: what former runs did. It needs no config: a service may be in none any more. */
export default async function journal(cli: Cli, flags: JournalFlags, service?: string): Promise<number> {
  const dir = stateDir(cli, flags);
  const filter = { runs: flags.number, ...(service === undefined ? {} : { service }) };
  const { runs, damaged } = await readJournal(dir, filter);
  if (flags.output === "json") {
    runs.forEach((run) => run.events.forEach((event) => cli.out.write(ndjson(event))));
  } else print(cli, flags, runs.flatMap((run) => journalText(run.events, isVerbose(flags))));
  if (flags.quiet) return EXIT.ok;
  if (runs.length === 0) say(cli, flags, [[`quorate: no runs are written down in ${dir}`]]);
  if (damaged > 0) say(cli, flags, [[["yellow", `quorate: ${count(damaged, "damaged line")} left out`]]]);
  return EXIT.ok;
}
