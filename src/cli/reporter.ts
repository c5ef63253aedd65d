/**
 * Where the events of a run go: a live list, plain lines or NDJSON.
 *
 * @module
 */
import type { Event } from "../model/event.ts";
import { ndjson } from "../report/json.ts";
import type { Line } from "../report/lines.ts";
import { liveList } from "../report/live.ts";
import { plain } from "../report/plain.ts";
import { draw } from "../report/terminal.ts";
import type { ApplyFlags } from "./commands/keep.ts";
import { type Cli, coloured, isVerbose, say } from "./cli.ts";

export interface Reporter {
  /** Never throws: a reader that is gone or a full disk must not end a change halfway. */
  onEvent(event: Event): void;
  say(lines: readonly Line[]): void;
  /** Said once, however often it is true. */
  warn(text: string): void;
  close(): void;
}

/** What the flags and the terminal ask for. */
export function reporter(cli: Cli, flags: ApplyFlags): Reporter {
  const { env, err } = cli;
  const warned = new Set<string>();
  const quiet = flags.quiet;
  const verbose = isVerbose(flags);
  const live = flags.output === "text" && !quiet && err.terminal && env["TERM"] !== "dumb";
  const base = live
    ? draw(liveList({ verbose, unicode: speaksUnicode(env) }), {
      write: err.write,
      size: err.size,
      colour: coloured(cli, err, flags),
      now: () => performance.now(),
    })
    : flat(cli, flags, quiet, verbose || (err.terminal && !quiet));
  const warn = (text: string): void => {
    if (warned.has(text)) return;
    warned.add(text);
    base.say([[["yellow", `quorate: ${text}`]]]);
  };
  return {
    ...base,
    warn,
    onEvent(event) {
      try {
        base.onEvent(event);
      } catch (error) {
        warn(`the report could not be written: ${error instanceof Error ? error.message : error}`);
      }
    },
  };
}

function flat(cli: Cli, flags: ApplyFlags, quiet: boolean, verbose: boolean): Omit<Reporter, "warn"> {
  const lines = plain({ quiet, verbose });
  return {
    onEvent: flags.output === "json"
      ? (event) => cli.out.write(ndjson(event))
      : (event) => say(cli, flags, lines(event)),
    say: (said) => say(cli, flags, said),
    close: () => {},
  };
}

const speaksUnicode = (env: Cli["env"]): boolean =>
  /utf-?8/i.test(env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "");
