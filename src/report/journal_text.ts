import type { Event } from "../model/event.ts";
import { blank, type Line } from "./lines.ts";
import { plain } from "./plain.ts";

/** One run of the journal for a person: when it was, then what it said. */
export function journalText(events: readonly Event[], verbose: boolean): readonly Line[] {
  const [first] = events;
  if (first === undefined) return [];
  const lines = plain({ quiet: false, verbose });
  return [
    [["bold", first.time.replace("T", " ").replace(/\.\d+Z$/, "Z")], ["dim", `  run ${first.run}`]],
    ...events.flatMap(lines),
    ...(events.at(-1)?.event === "runEnded"
      ? []
      : [[["yellow", `${first.service}: it is still at work, or was ended from outside`]] as const]),
    blank,
  ];
}
