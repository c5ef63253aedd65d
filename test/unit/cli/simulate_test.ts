/** `quorate simulate`, as a user runs it. */
import assert from "node:assert/strict";
import { inFolder, unreachable } from "./run.ts";

Deno.test("simulate plays schedules without asking any host, and a seed again as a timeline", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", unreachable);
    const many = await run("simulate", "--seeds", "20");
    assert.equal(many.code, 0, many.err + many.out);
    assert.match(many.out, /metadata: every invariant held\n\s+20 {2}schedules\n/);
    const one = await run("simulate", "metadata", "--seed", "3");
    assert.equal(one.code, 0, one.err);
    assert.match(one.out, /^\s+0\.\d{3} n\d/);
    assert.match(one.out, /seed 3: every invariant held/);
    assert.equal((await run("simulate", "--seeds", "0")).code, 64);
  }));
