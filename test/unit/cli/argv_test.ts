import assert from "node:assert/strict";
import { normalise } from "../../../src/cli/argv.ts";

for (
  const [typed, meant] of [
    ["plan metadata", "plan metadata"],
    ["-c other.yaml --color never plan -o sh", "plan -c other.yaml --color never -o sh"],
    ["-q -v status", "status -q -v"],
    ["-o json plan", "plan -o json"],
    ["--config=other.yaml plan", "plan --config=other.yaml"],
    ["plan -ojson", "plan -o json"],
    ["journal -n5 -cx.yaml", "journal -n 5 -c x.yaml"],
    ["plan -o=json", "plan -o=json"],
    ["help plan", "plan --help"],
    ["help", "--help"],
    ["-c", "-c"],
    ["--help", "--help"],
    ["plan -- -ojson", "plan -- -ojson"],
    ["-- plan", "-- plan"],
    ["", ""],
  ] as const
) {
  Deno.test(`"${typed}" means "${meant}"`, () => {
    assert.deepEqual(normalise(typed.split(" ").filter(Boolean)), meant.split(" ").filter(Boolean));
  });
}

Deno.test("a value that is given and empty is a value", () => {
  assert.deepEqual(normalise(["plan", "--config=", "-o="]), ["plan", "--config", "", "-o", ""]);
  assert.deepEqual(normalise(["plan", "--", "--config="]), ["plan", "--", "--config="]);
});
