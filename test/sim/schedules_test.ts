/** The shipped engine and playbook under bad luck: a fixed range of seeds, and a few that nobody has seen before. */
import assert from "node:assert/strict";
import { playSchedule, type Schedule } from "../../src/sim/schedule.ts";
import { noTally, tallyOf, together } from "../../src/sim/tally.ts";
import { etcdOnFive } from "./subject.ts";

const FIXED = 500;
const FRESH = 30;
const subject = etcdOnFive();

/** The last of what happened: enough to see how it came to that. */
const story = (s: Schedule): string =>
  `seed ${s.seed}: ${s.violation?.invariant}\n${s.trace.slice(-40).join("\n")}`;

async function allHold(seeds: readonly number[]): Promise<readonly Schedule[]> {
  const played: Schedule[] = [];
  for (const seed of seeds) {
    const schedule = await playSchedule(subject, seed);
    assert.equal(schedule.violation, undefined, story(schedule));
    played.push({ ...schedule, trace: [] });
  }
  return played;
}

Deno.test(`every invariant holds in the seeds 1 to ${FIXED}, and they are worth something`, async () => {
  const played = await allHold(Array.from({ length: FIXED }, (_, i) => i + 1));
  const sum = (of: (s: Schedule) => number) => played.reduce((all, s) => all + of(s), 0);
  const faults = played.map(tallyOf).reduce(together, noTally).faults;
  assert.ok(Object.values(faults).reduce((a, b) => a + b, 0) > 8 * FIXED, "faults");
  assert.ok(Object.keys(faults).length >= 25, `kinds of faults: ${Object.keys(faults).join(", ")}`);
  assert.ok(sum((s) => s.changes) > 2 * FIXED, "changes");
  assert.ok(sum((s) => s.writes) > 50 * FIXED, "acknowledged writes");
  assert.ok(played.filter((s) => s.outcome === "steady").length > 0.8 * FIXED, "most end as desired");
});

Deno.test(`every invariant holds in ${FRESH} fresh seeds`, async () => {
  const first = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  console.log(`fresh seeds from ${first}`);
  await allHold(Array.from({ length: FRESH }, (_, i) => first + i));
});

Deno.test("the same seed gives the same trace, byte for byte", async () => {
  for (const seed of [3, 37, 91]) {
    const [one, two] = [await playSchedule(subject, seed), await playSchedule(subject, seed)];
    assert.ok(one.trace.length > 20);
    assert.equal(one.trace.join("\n"), two.trace.join("\n"));
  }
});
