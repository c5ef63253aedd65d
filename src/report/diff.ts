/**
 * What is to become of a file, line by line.
 *
 * @module
 */
import { structuredPatch } from "diff";
import type { Line } from "./lines.ts";

/** A unified diff; a side that is undefined is no file at all. Nothing where both are the same. */
export function diffLines(
  path: string,
  before: string | undefined,
  after: string | undefined,
): readonly Line[] {
  if (before === after) return [];
  const { hunks } = structuredPatch(path, path, before ?? "", after ?? "");
  return [
    [["bold", `--- ${before === undefined ? "/dev/null" : path}`]],
    [["bold", `+++ ${after === undefined ? "/dev/null" : path}`]],
    ...hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }): readonly Line[] => [
      [["cyan", `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`]],
      ...lines.map((line): Line =>
        line.startsWith("+") ? [["green", line]] : line.startsWith("-") ? [["red", line]] : [line]
      ),
    ]),
  ];
}
