/**
 * Recorded and desired nodes of every kind, whatever holds of them and whatever of it can be known, with a quorum and
 * without, and static ensembles whose servers go by lists that differ: each plan is followed to its end in a small world. `deno task planner` checks larger ranges.
 */
import assert from "node:assert/strict";
import { check } from "./check.ts";
import { habits } from "./habits.ts";
import { rangesOf } from "./ranges.ts";

for (const [service, own] of Object.entries(habits)) {
  for (const range of rangesOf(own).small) {
    Deno.test(`${service}: ${range.name}`, () => {
      const { cases, ends, wrong } = check(range.cases(), 1, 0, own);
      console.log(`${cases} situations: ${[...ends].map(([k, n]) => `${n} ${k}`).join(", ")}`);
      assert.equal(wrong, undefined, wrong);
      assert.ok(cases > 200, `only ${cases} situations`);
      assert.ok((ends.get("steady") ?? 0) > 0, "some end as desired");
    });
  }
}
