/**
 * What the completion scripts ask: `quorate __complete WORD…`, the last word being the one at the cursor.
 *
 * @module
 */
import { proposeCompletions } from "@stricli/core";
import { app } from "./app.ts";
import { commandAt, normalise } from "./argv.ts";
import { caseNames, isCase } from "../model/change.ts";
import { cases } from "./cases.ts";
import type { Cli } from "./cli.ts";

/** Prints one proposal a line, its description behind a tab. */
export default async function complete(cli: Cli, words: readonly string[]): Promise<void> {
  // bash breaks words at "=": `--color=al` comes as three.
  const typed = words.filter((word, i) => word !== "=" || i === words.length - 1);
  const partial = typed.at(-1) === "=" ? "" : typed.at(-1) ?? "";
  const before = typed.slice(0, -1);
  const at = commandAt(before);
  // Flags that may come before any command are those that every command has.
  const pending = at === before.length;
  const inputs = pending && (partial.startsWith("-") || awaitsValue(before))
    ? ["validate", ...before, partial]
    : pending
    ? [partial]
    : [...normalise(before), partial];
  const proposals = await proposeCompletions(app, inputs, cli);
  // Flags are offered to who begins one: among names they would be noise.
  const shown = partial === "" ? proposals.filter((p) => p.kind !== "argument:flag") : proposals;
  const lines = new Set(shown.map((p) => `${p.completion}\t${briefOf(p.completion, p.brief)}`));
  cli.out.write([...lines].map((line) => line + "\n").join(""));
}

/** What explain's CASE is told as is all cases; each of them says more for itself. */
const briefOf = (word: string, brief: string): string =>
  brief === caseNames.join(", ") && isCase(word) ? cases[word].when : brief.split("\n", 1)[0] ?? "";

const awaitsValue = (before: readonly string[]): boolean =>
  ["-c", "--config", "--color", "--state"].includes(before.at(-1) ?? "") &&
  commandAt(before.slice(0, -1)) === before.length - 1;
