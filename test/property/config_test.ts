import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../src/config/read.ts";
import { renderProblem } from "../../src/config/render.ts";
import { plugins } from "../unit/config/plugins.ts";

const examples = new URL("../../examples/", import.meta.url);
const valid = ["quorate.yaml", "tls.yaml", "fleet.yaml"].map((name) =>
  Deno.readTextFileSync(new URL(name, examples))
);

/** Reads and renders; every position must be in the text. */
function problemsOf(text: string): readonly string[] {
  const { config, problems } = parseConfig(text, "q.yaml", plugins);
  const lines = text.split("\n");
  assert.equal(config === undefined, problems.some((p) => p.severity === "error"));
  return problems.map((p) => {
    assert.ok(p.line >= 1 && p.line <= lines.length, `line ${p.line} of ${lines.length}`);
    assert.ok(p.column >= 1 && p.column <= (lines[p.line - 1] ?? "").length + 1, `column ${p.column}`);
    assert.ok(p.endColumn === undefined || p.endColumn > p.column);
    renderProblem(p, text, { colour: true });
    return p.severity;
  });
}

Deno.test("any text gives a config or errors inside it", () => {
  const pieces = fc.constantFrom(
    "version: 1\n",
    "nodes:",
    "services:",
    "\n",
    "  ",
    "\t",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "&a ",
    "*a",
    "<<: ",
    "!!x ",
    '"',
    "'",
    "|",
    ">",
    "#",
    "---\n",
    "n1",
    "host",
    "\r\n",
    "\u0000",
    "\uFEFF",
    "é",
    "~",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.array(pieces).map((all) => all.join("")),
      ),
      (text) => {
        problemsOf(text);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("a valid config with one piece cut out, put in or moved never ends the reader", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.nat(),
      fc.nat(60),
      fc.string({ maxLength: 4 }),
      (text, at, length, put) => {
        const from = at % text.length;
        problemsOf(text.slice(0, from) + put + text.slice(from + length));
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("a valid config with one key misspelt is an error with a place in the file", () => {
  const keys = valid.flatMap((text) =>
    // Names of nodes, services, labels and variables are free; keys of the form are these.
    [...text.matchAll(
      /\b(version|ssh|nodes|services|host|address|labels|plugin|members|options|policy|user|become|jump|identityFiles|knownHosts|connectTimeout|ctlEnv|tls|ca|cert|key|peerCa|peerCert|peerKey|env|unit|dataDir|envFile|clientPort|peerPort|stabilize|deadAfter|backup|dir|keep|port): ?/g,
    )]
      .map((found) => ({ text, at: found.index, key: found[1] ?? "" }))
  );
  assert.ok(keys.length > 60);
  fc.assert(
    fc.property(
      fc.constantFrom(...keys),
      fc.nat(),
      fc.constantFrom("x", "_", "Q"),
      ({ text, at, key }, where, letter) => {
        if (text.slice(text.lastIndexOf("\n", at) + 1, at).includes("#")) return;
        const cut = at + where % (key.length + 1);
        const severities = problemsOf(text.slice(0, cut) + letter + text.slice(cut));
        assert.ok(severities.includes("error"), `${key} misspelt was not seen`);
      },
    ),
    { numRuns: 1000 },
  );
});
