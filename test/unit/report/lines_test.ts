import assert from "node:assert/strict";
import { columns, cut, ink, plainText } from "../../../src/report/lines.ts";
import { bytes, count, duration } from "../../../src/report/words.ts";

Deno.test("colours are written only where they are wanted", () => {
  const line = ["a ", ["red", "b"]] as const;
  assert.equal(ink([line], true), "a \x1b[31mb\x1b[39m\n");
  assert.equal(ink([line], false), "a b\n");
});

Deno.test("a line is cut to a width, colours apart", () => {
  const line = ["abc", ["green", "défg"]] as const;
  assert.equal(plainText(cut(line, 7)), "abcdéfg");
  assert.equal(plainText(cut(line, 6)), "abcdé…");
  assert.equal(plainText(cut(line, 3)), "ab…");
});

Deno.test("columns are as wide as their widest cell, colours apart", () => {
  const rows = [["a", ["red", "bbb"], "c"], ["aaa", "b", "c"]] as const;
  assert.equal(ink(columns(rows, "  "), false), "  a    bbb  c\n  aaa  b    c\n");
});

Deno.test("durations read like a person would say them", () => {
  const said = [0, 212, 59_940, 59_960, 3_599_400, 3_661_000].map(duration);
  assert.deepEqual(said, ["0.0 s", "0.2 s", "59.9 s", "1 min 0 s", "59 min 59 s", "1 h 1 min"]);
});

Deno.test("bytes and counts read like a person would say them", () => {
  assert.deepEqual([0, 1023, 1024, 5 * 2 ** 20, 3 * 2 ** 40].map(bytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "5.0 MiB",
    "3.0 TiB",
  ]);
  assert.deepEqual([count(1, "step"), count(2, "step")], ["1 step", "2 steps"]);
});
