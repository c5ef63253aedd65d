import assert from "node:assert/strict";
import type { Problem } from "../../../src/config/config.ts";
import { renderProblem } from "../../../src/config/render.ts";

const problem: Problem = {
  severity: "error",
  path: "q.yaml",
  line: 2,
  column: 3,
  endColumn: 5,
  message: "wrong",
};
const plain = (p: Problem, text: string) => renderProblem(p, text, { colour: false }).split("\n");

Deno.test("a problem shows its place, its line and the one before, and what was expected", () => {
  assert.deepEqual(plain({ ...problem, expected: "x", didYouMean: "y", hint: "z" }, "one\ntwo 2\nthree\n"), [
    "q.yaml:2:3: error: wrong",
    "  1 | one",
    "  2 | two 2",
    "    |   ^^",
    "  expected: x",
    "  did you mean: y?",
    "  hint: z",
  ]);
});

Deno.test("a problem of the file as a whole has no line", () => {
  assert.deepEqual(plain({ ...problem, line: 0, column: 0 }, ""), ["q.yaml: error: wrong"]);
});

Deno.test("the caret stands below its character after tabs and in the middle of a long line", () => {
  assert.deepEqual(plain(problem, "\n\t\tab\n").slice(1), ["  2 |   ab", "    |   ^^"]);
  const line = `${"-".repeat(500)}HERE${"-".repeat(500)}`;
  const [, shown = "", caret = ""] = plain({ ...problem, line: 1, column: 501, endColumn: 505 }, line);
  assert.equal(shown.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1), "HERE");
  assert.ok(shown.length < 110);
});

Deno.test("a caret never runs out of the line that it marks", () => {
  const [, shown = "", caret = ""] = plain(
    { ...problem, line: 1, column: 1, endColumn: 900 },
    "x".repeat(900),
  );
  assert.ok(caret.length <= shown.length);
});

Deno.test("a file cannot speak to the terminal", () => {
  const text = renderProblem({ ...problem, message: "\x1b[2J" }, "\x1b]0;a\x07\n\x1b[31mred\n", {
    colour: false,
  });
  // deno-lint-ignore no-control-regex -- the very thing that must not be there
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f]/);
});

Deno.test("colours are there only when they are asked for", () => {
  assert.ok(renderProblem(problem, "a\nb c\n", { colour: true }).includes("\x1b[31m^^\x1b[0m"));
  assert.ok(!renderProblem(problem, "a\nb c\n", { colour: false }).includes("\x1b"));
});
