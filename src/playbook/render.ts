/**
 * Commands as the text that a shell reads.
 *
 * @module
 */
import type { Arg, Command, Late } from "./command.ts";

/** How a late value is written: as its quoted value when a step runs, as a shell expression in a runbook. */
export type LateText = (late: Late) => string;

/** One word for a POSIX shell; plain words stay bare, so that a plan reads like what one would type. */
export const quote = (word: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Renders a command. `late` returns text that is already fit for a shell (quoted, or `"$(…)"`). */
export function renderCommand(command: Command, late: LateText): string {
  return command.sh.reduce((done, part, i) => {
    const arg = command.args[i - 1];
    return done + (i === 0 || arg === undefined ? "" : renderArg(arg, late)) + part;
  }, "");
}

function renderArg(arg: Arg, late: LateText): string {
  if (typeof arg === "string") return quote(arg);
  if (typeof arg === "number") return String(arg);
  if ("late" in arg) return late(arg);
  if ("sh" in arg) return renderCommand(arg, late);
  if ("plain" in arg) {
    if (arg.with.every((piece) => typeof piece !== "object")) {
      return quote(
        arg.plain.reduce((done, part, i) => done + (i === 0 ? "" : String(arg.with[i - 1])) + part, ""),
      );
    }
    // Pieces side by side make one word: 'a='"$(…)"'b'
    return arg.plain.reduce((done, part, i) => {
      const piece = arg.with[i - 1];
      const before = i === 0 || piece === undefined
        ? ""
        : typeof piece === "object"
        ? late(piece)
        : quote(String(piece));
      return done + before + (part === "" ? "" : quote(part));
    }, "");
  }
  return arg.map((one) => renderArg(one, late)).join(" ");
}
