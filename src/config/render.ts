/**
 * A problem as a person reads it.
 *
 * @module
 */
import type { Problem } from "./config.ts";
import { withoutSecrets } from "./secrets.ts";

/** Lines that are longer are cut around what is marked. */
const WIDTH = 100;

/** Renders a problem with the lines that it is about; `text` is the config's. */
export function renderProblem(problem: Problem, text: string, options: { readonly colour: boolean }): string {
  const paint = (code: number, words: string) => options.colour ? `\x1b[${code}m${words}\x1b[0m` : words;
  const tone = problem.severity === "error" ? 31 : 33;
  const { path, line, column } = problem;
  const at = line === 0 ? path : `${path}:${line}:${column}`;
  const said = [
    ["expected", problem.expected],
    ["did you mean", problem.didYouMean === undefined ? undefined : `${problem.didYouMean}?`],
    ["hint", problem.hint],
  ].flatMap(([what, words]) => words === undefined ? [] : [`  ${paint(36, `${what}:`)} ${printable(words)}`]);
  return [
    `${paint(1, at)}: ${paint(tone, problem.severity)}: ${printable(problem.message)}`,
    // Only the config has URLs that nobody else may see.
    ...frame(
      problem,
      problem.text ?? withoutSecrets(text),
      (words) => paint(tone, words),
      (words) => paint(2, words),
    ),
    ...said,
  ].join("\n");
}

function frame(
  { line, column, endColumn }: Problem,
  text: string,
  strong: (words: string) => string,
  faint: (words: string) => string,
): readonly string[] {
  const lines = text.split(/\r?\n/);
  const marked = lines[line - 1];
  if (marked === undefined) return [];
  const gutter = String(line).length;
  const row = (label: string, words: string) =>
    `  ${faint(`${label.padStart(gutter)} |`)} ${words}`.trimEnd();
  const cut = Math.max(0, Math.min(column - 20, marked.length - WIDTH));
  const show = (words: string) => printable(words.slice(cut, cut + WIDTH));
  const before = lines[line - 2];
  const length = Math.min(Math.max(1, (endColumn ?? column + 1) - column), WIDTH - (column - 1 - cut));
  return [
    ...(before === undefined || before.trim() === "" ? [] : [row(String(line - 1), show(before))]),
    row(String(line), show(marked)),
    row("", " ".repeat(column - 1 - cut) + strong("^".repeat(Math.max(1, length)))),
  ];
}

/** A file must not speak to the terminal; a tab takes one column, so that the caret stays below its character. */
const printable = (words: string): string =>
  // deno-lint-ignore no-control-regex -- these are what must not get through
  words.replaceAll("\t", " ").replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "·");
