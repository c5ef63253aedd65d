import assert from "node:assert/strict";
import { idOf, objectOf, parseJson } from "../../../plugins/etcd/json.ts";

Deno.test("ids beyond 2^53 stay exact, and print as etcd prints them", () => {
  const json = objectOf(
    parseJson('{"a":14841639068965178418,"b":902288316475512751,"c":18446744073709551615}'),
  );
  assert.deepEqual([json.a, json.b, json.c].map(idOf), [
    "cdf818194e3a8c32",
    "c8592717c8217af",
    "ffffffffffffffff",
  ]);
});

Deno.test("what is no id is none", () => {
  for (const text of ["0", "-1", "1.5", "1e3", "18446744073709551616", '"a"', "null", "[1]", "{}"]) {
    assert.equal(idOf(parseJson(text)), undefined, text);
  }
});

Deno.test("what is no JSON is undefined, not an error", () => {
  for (const text of ["", "{", '{"a":1', "\u0000", "nul"]) assert.equal(parseJson(text), undefined);
});
