/**
 * Bugs planted on purpose are found: a simulator that finds nothing proves nothing. `deno task mutants` switches off every
 * rule; here are those that the first seeds notice.
 */
import assert from "node:assert/strict";
import { playbookMutants, staticMutants, zookeeperMutants } from "./mutants.ts";
import { hunt } from "./plant.ts";
import { told } from "./proof.ts";
import { ruleMutants } from "./rule_mutants.ts";

const SEEDS = 600;
for (const mutant of [...playbookMutants, ...zookeeperMutants, ...staticMutants]) {
  Deno.test(`found within ${SEEDS} seeds: ${mutant.name}`, async () => {
    const found = await hunt(mutant, SEEDS);
    assert.ok(found.seed !== undefined, "no invariant was violated");
  });
}

const FEW = 200;
/** Who is to go and runs is waited for, so it is seldom put away while it does. */
const SELDOM = "data is set aside before its process is stopped";
/** What each of these is noticed by says more than that something is. */
const quick: Readonly<Record<string, RegExp>> = {
  "what is not found where it was is taken for wiped": /gone for good/,
  "the cluster does not come to rest between two changes": /comes to rest/,
  "a member joins as a voter": /voter that never started/,
  "a node is registered before it is made ready": /made ready/,
  "data is deleted instead of set aside": /never deleted/,
  "data of a current member may be set aside, by a playbook that does not look whose it is": /current member/,
  [SELDOM]: /nothing runs on data/,
  "who was removed is not put away": /come back/,
  "the members are changed without a snapshot": /snapshot/,
  "no lock is needed on a majority of the nodes": /one manager/,
  "a paused service is changed": /paused/,
};
for (const [name, invariant] of Object.entries(quick)) {
  const seeds = name === SELDOM ? 1000 : FEW;
  Deno.test(`noticed within ${seeds} seeds: ${name}`, async () => {
    const mutant = ruleMutants.find((m) => m.name === name);
    assert.ok(mutant !== undefined, "there is such a mutant");
    assert.match((await hunt(mutant, seeds)).invariant ?? "nothing", invariant);
  });
}

Deno.test("every rule that is code has a mutant, and the page tells who noticed each of them", async () => {
  const code = Array.from({ length: 25 }, (_, i) => `S${i + 1}`).filter((rule) => rule !== "S21");
  assert.deepEqual(code.filter((rule) => !ruleMutants.some((m) => m.rule === rule)), []);
  const page = await Deno.readTextFile(new URL("../../docs/proof.md", import.meta.url));
  for (const { name } of [...ruleMutants, ...playbookMutants, ...zookeeperMutants, ...staticMutants]) {
    assert.ok(page.includes(name), name);
  }
  assert.ok(!page.includes("**nobody**") && !page.includes("**not found**"), "somebody noticed each");
  assert.throws(() => told("no marks", { rules: [], bugs: [] }), RangeError);
});
