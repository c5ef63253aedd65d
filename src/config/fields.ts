/**
 * The smallest parts of the schema. Every message is a phrase that says what would be right: "expected: …".
 *
 * @module
 */
import * as v from "valibot";
import { DURATION, LONGEST_MS, millis } from "./duration.ts";

const CONTROL = "\\x00-\\x1f\\x7f";
const TEXT = new RegExp(`^[^${CONTROL}]+$`);
const PATH = new RegExp(`^/(?!/*$)[^${CONTROL}]+$`);
const FILE = new RegExp(`^(?!-)[^${CONTROL}]+$`);
/** Names become file names and words of a shell. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** A name, an IPv4 address, or an IPv6 address with its zone; never a word that a program would take for an option. */
const HOST =
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?)$/;

export const text = (expected: string, pattern = TEXT) =>
  v.pipe(v.string(expected), v.regex(pattern, expected));
export const name = text(
  "a name of letters, digits, '.', '_' and '-', 63 at most, the first a letter or digit",
  NAME,
);
export const host = text("a host name or an address, without user and port", HOST);
export const path = text("an absolute path below the root", PATH);
export const promFile = text(
  "an absolute path that ends in .prom",
  new RegExp(`^/[^${CONTROL}]*[^/${CONTROL}]\\.prom$`),
);
/** A file of the management node: `~` is left to who opens it. */
export const file = text("a file", FILE);
export const flag = v.boolean("true or false");

export const integer = (min: number, max: number) => {
  const expected = max === Number.MAX_SAFE_INTEGER
    ? `a whole number, ${min} or more`
    : `a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
};
export const port = integer(1, 65535);

/** Reads a duration in milliseconds. A JSON Schema ends where a value is turned into another: its doc comes before. */
export const duration = (doc: string, minMs = 0, maxMs = LONGEST_MS) => {
  const expected = "a duration such as 500ms, 5s, 10m or 1h";
  return v.pipe(
    v.string(expected),
    v.regex(DURATION, expected),
    v.description(doc),
    v.transform((written) => millis(written) ?? NaN),
    v.minValue(
      minMs,
      minMs > 1 ? `${expected}, ${minMs / 1000} s at least` : `${expected}, longer than nothing`,
    ),
    v.maxValue(maxMs, `a duration of at most ${maxMs === LONGEST_MS ? "596h" : `${maxMs / 1000}s`}`),
  );
};
