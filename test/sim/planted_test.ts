/** Bugs planted on purpose are found: a simulator that finds nothing proves nothing. */
import assert from "node:assert/strict";
import { playbookMutants } from "./mutants.ts";
import { hunt } from "./plant.ts";

const SEEDS = 600;

for (const mutant of playbookMutants) {
  Deno.test(`found within ${SEEDS} seeds: ${mutant.name}`, async () => {
    const found = await hunt(mutant, SEEDS);
    assert.ok(found.seed !== undefined, "no invariant was violated");
  });
}
