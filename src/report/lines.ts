/**
 * Text as data: lines of styled spans. Renderers return these, and only the edge turns them into bytes, with colours or
 * without, cut to a width or not.
 *
 * @module
 */

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Span = string | readonly [style: Style, text: string];
export type Line = readonly Span[];
export const blank: Line = [];

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/**
 * What a host says goes to a terminal: control characters must not reach it, or a log line could move its cursor, nor
 * those that turn the direction of text around, or it could be read as something else.
 */
// deno-lint-ignore no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const clean = (text: string): string =>
  text.replaceAll("\t", "    ").replaceAll(/\r?\n/g, " ").replace(
    controls,
    (c) => c <= "\xff" ? `\\x${hex(c).padStart(2, "0")}` : `\\u${hex(c).padStart(4, "0")}`,
  );

const hex = (c: string): string => c.charCodeAt(0).toString(16);

const textOf = (span: Span): string => clean(typeof span === "string" ? span : span[1]);

/** A line without its colours. */
export const plainText = (line: Line): string => line.map(textOf).join("");

/** How wide a line is, in code points. */
export const widthOf = (line: Line): number => [...plainText(line)].length;

/** A line that is at most `columns` code points wide, with an ellipsis where something was cut off. */
export function cut(line: Line, columns: number): Line {
  if (widthOf(line) <= columns) return line;
  let left = columns - 1;
  const kept = line.map((span): Span => {
    const text = [...textOf(span)].slice(0, Math.max(left, 0)).join("");
    left -= widthOf([span]);
    return typeof span === "string" ? text : [span[0], text];
  });
  return [...kept, "…"];
}

/** Lines as text, each ended; "" for none. */
export const ink = (lines: readonly Line[], colour: boolean): string =>
  lines.map((line) =>
    line.map((span) => {
      const text = textOf(span);
      if (!colour || typeof span === "string" || text === "") return text;
      const [on, off] = codes[span[0]];
      return `\x1b[${on}m${text}\x1b[${off}m`;
    }).join("") + "\n"
  ).join("");

/** Text of several lines, each put behind `first` or, from the second on, behind blanks of the same width. */
export const hang = (first: string, text: string, style?: Style): readonly Line[] =>
  text.trimEnd().split("\n").map((one, i) => [
    i === 0 ? first : " ".repeat([...first].length),
    style === undefined ? one : [style, one],
  ]);

/** Rows of cells, aligned; nothing is padded at the end of a row. */
export function columns(rows: readonly (readonly Span[])[], indent = ""): readonly Line[] {
  const widths = rows.reduce<readonly number[]>(
    (max, row) => row.map((cell, i) => Math.max(max[i] ?? 0, widthOf([cell]))),
    [],
  );
  return rows.map((row) => {
    const last = row.findLastIndex((cell) => widthOf([cell]) > 0);
    return [
      indent,
      ...row.slice(0, last + 1).flatMap((cell, i): readonly Span[] =>
        i === last ? [cell] : [cell, " ".repeat((widths[i] ?? 0) - widthOf([cell]) + 2)]
      ),
    ];
  });
}
