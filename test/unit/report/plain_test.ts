import assert from "node:assert/strict";
import type { Happening } from "../../../src/model/event.ts";
import { ink } from "../../../src/report/lines.ts";
import { plain } from "../../../src/report/plain.ts";
import { golden } from "./golden.ts";
import { events, runs } from "./samples.ts";

const said = (run: readonly Happening[], loudness: { quiet?: boolean; verbose?: boolean } = {}): string =>
  ink(events("metadata", run).flatMap(plain({ quiet: false, verbose: false, ...loudness })), false);

for (const [name, run] of Object.entries(runs)) {
  Deno.test(`plain lines of a run that is ${name} are as they were`, () => {
    golden(
      `events/${name}.txt`,
      `${said(run)}--- quiet\n${said(run, { quiet: true })}--- verbose\n${said(run, { verbose: true })}`,
    );
  });
}

Deno.test("a run with nothing to do says nothing", () => {
  assert.equal(said(runs.steady), "");
  assert.equal(said(runs.yielded), "");
});

Deno.test("a run with nothing to do that could not write something down says so, quiet or not", () => {
  const run: readonly Happening[] = [
    ...runs.steady.slice(0, 2),
    { event: "runEnded", outcome: "steady", changed: 0, ms: 1, why: "the disk is full" },
  ];
  assert.equal(said(run), "metadata: nothing to do, but the disk is full\n");
  assert.equal(said(run, { quiet: true }), said(run));
});

Deno.test("a quiet run that changed something and converged says nothing", () => {
  assert.equal(said(runs.converged, { quiet: true }), "");
});

Deno.test("a quiet run still says why it failed", () => {
  assert.match(said(runs.failed, { quiet: true }), /exit code 1/);
});

Deno.test("what a host says cannot move the cursor of a terminal", () => {
  assert.ok(!said(runs.failed).includes("\u001b"));
  assert.match(said(runs.failed), /\\x1b\[31mPeer URLs/);
});

Deno.test("services side by side keep their own steps apart", () => {
  const show = plain({ quiet: false, verbose: false });
  const [a, b] = [events("a", runs.converged), events("b", runs.failed)];
  const mixed = a.flatMap((event, i) => [event, ...b.slice(i, i + 1)]);
  const lines = ink(mixed.flatMap(show), false).split("\n");
  assert.deepEqual(
    lines.filter((l) => l.startsWith("a:")),
    said(runs.converged).split("\n").filter((l) => l !== "").map((l) => l.replace("metadata:", "a:")),
  );
});
