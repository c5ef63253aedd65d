/** What a node says goes to an operator's terminal: it must not move the cursor, nor look like lines of our own. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { cut, ink, plainText, widthOf } from "../../src/report/lines.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(
    fc.constantFrom(
      "\x1b[2J",
      "\x1b]0;x\x07",
      "\r",
      "\n",
      "\b",
      "\u009b31m",
      "\u202e",
      "\u2066",
      "\u200f",
      "ok",
      "é",
    ),
  )
    .map((parts) => parts.join("")),
);

Deno.test("text of any kind stays in its line, and carries no control character", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 120 }), (said, columns) => {
      const line = ["seen: ", ["red", said]] as const;
      for (const rendered of [ink([line], false), ink([cut(line, columns)], false)]) {
        assert.equal(rendered.indexOf("\n"), rendered.length - 1);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(rendered.slice(0, -1), /[\u0000-\u001f\u007f-\u009f]/);
        assert.doesNotMatch(
          rendered,
          /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
          "nothing that turns text around",
        );
      }
      assert.ok(widthOf(cut(line, columns)) <= columns);
      assert.equal(plainText(line).startsWith("seen: "), true);
    }),
    { numRuns: 1_000 },
  );
});
