/**
 * Where in an author's file something is: from a stack, from what the runtime says, or by looking for it in the text.
 *
 * @module
 */
import type { Spot } from "./source.ts";

/** The first line of a stack, or the place in a message, that is in an author's file. */
export function stackSpot(
  error: unknown,
  fileOf: (url: string) => string | undefined,
): { readonly path: string; readonly spot: Spot } | undefined {
  if (!(error instanceof Error)) return undefined;
  // A module that does not fit another names its place in the message only: "… at quorate:///etc/playbook.ts:1:10".
  for (const [, url = "", line, column] of `${error.stack}`.matchAll(/(quorate:\/\/\/\S*?):(\d+):(\d+)/g)) {
    const path = fileOf(url);
    if (path !== undefined) return { path, spot: { line: Number(line), column: Number(column) } };
  }
  return undefined;
}

/** What was thrown, in one line. */
export function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)} was thrown`;
  const said = error.message.split("\n", 1)[0]?.replace(/ at quorate:\/\/\/\S+:\d+:\d+$/, "") ?? "";
  const gone = /^The requested module '([^']*)' does not provide an export named '([^']*)'$/.exec(said);
  if (gone !== null) return `${gone[1]?.replace(/^quorate:running\//, "")} exports no ${gone[2]}`;
  // Our own words say what they are about.
  return error.name === "Error" || said.startsWith("Cannot make ") ? said : `${error.name}: ${said}`;
}

/** A text with its comments blanked, so that what stands in them is not found. */
const withoutComments = (text: string): string =>
  text.replaceAll(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (whole, quoted) => quoted ?? whole.replaceAll(/[^\n]/g, " "),
  );

/** The first place that matches; what the pattern's first group holds is marked, else the whole. */
export function spotOf(text: string, pattern: RegExp): Spot & { readonly endColumn: number } | undefined {
  const found = pattern.exec(withoutComments(text));
  if (found === null) return undefined;
  const marked = found[1] ?? found[0];
  const before = text.slice(0, found.index + found[0].indexOf(marked)).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { line: before.length, column, endColumn: column + marked.length };
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Where a file imports something. */
export const spotOfImport = (text: string, specifier: string) =>
  spotOf(text, new RegExp(`\\b(?:from|import)\\s*\\(?\\s*(["'\`]${literal(specifier)}["'\`])`));

/** Where a key is written, at a line or later. */
export function spotOfKey(text: string, key: string, fromLine: number) {
  const lines = text.split("\n");
  const found = spotOf(
    lines.map((line, i) => i + 1 < fromLine ? "" : line).join("\n"),
    new RegExp(`(?<![\\w$-])(["']?${literal(key)}["']?)\\s*[:(]`),
  );
  return found;
}
