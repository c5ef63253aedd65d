/**
 * The journal for a person.
 *
 * @module
 */
import type { Event } from "../model/event.ts";
import { blank, columns, cut, type Line, type Span } from "./lines.ts";
import { plain } from "./plain.ts";
import { duration } from "./words.ts";

const timeOf = (event: Event): string => event.time.replace("T", " ").replace(/\.\d+Z$/, "Z");

/** The line above what a run of a service did. */
export const runHeading = (first: Event): Line => [["bold", timeOf(first)], ["dim", `  run ${first.run}`]];

/** As long as a run that has no end yet may be taken for one at work. */
const UNENDED = "it is still at work, or was ended from outside";

/** One run: when it was, then what it said. */
export function journalText(events: readonly Event[], verbose: boolean): readonly Line[] {
  const [first] = events;
  if (first === undefined) return [];
  const lines = plain({ quiet: false, verbose });
  return [
    runHeading(first),
    ...events.flatMap(lines),
    ...(events.at(-1)?.event === "runEnded" ? [] : [[["yellow", `${first.service}: ${UNENDED}`]] as const]),
    blank,
  ];
}

/** A line a run: when, the beginning of its id, the service, how it ended, how long it took, what it was about. */
export const journalList = (runs: readonly (readonly Event[])[]): readonly Line[] =>
  columns(runs.flatMap((events): readonly (readonly Span[])[] => {
    const [first] = events;
    const end = events.at(-1);
    if (first === undefined || end === undefined) return [];
    const ended = end.event === "runEnded" ? end : undefined;
    return [[
      timeOf(first),
      ["dim", first.run.slice(0, 8)],
      first.service,
      [ended === undefined ? "yellow" : colours[ended.outcome] ?? "yellow", ended?.outcome ?? "no end"],
      ended === undefined ? "" : duration(ended.ms),
      about(events),
    ]];
  })).map((line) => cut(line, WIDTH));
const WIDTH = 160;
const colours: Readonly<Record<string, "green" | "red">> = {
  steady: "green",
  converged: "green",
  failed: "red",
  quorumLost: "red",
};

function about(events: readonly Event[]): string {
  const changes = events.flatMap((e) => e.event === "changeStarted" ? [`${e.case} ${e.subject}`] : []);
  const end = events.at(-1);
  const why = end?.event === "runEnded" ? end.why : undefined;
  const rules = events.flatMap((e) =>
    e.event === "refused" ? e.refusals.map((r) => r.rule) : e.event === "quorumLost" ? [e.refusal.rule] : []
  );
  return [changes.join(", "), [...new Set(rules)].join(", "), why ?? ""].filter((part) => part !== "").join(
    ": ",
  );
}
