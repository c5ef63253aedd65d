/** The shipped engine and playbooks under bad luck: a fixed range of seeds, and a few that nobody has seen before. */
import assert from "node:assert/strict";
import { playSchedule, type Schedule, type Subject } from "../../src/sim/schedule.ts";
import { noTally, tallyOf, together } from "../../src/sim/tally.ts";
import { adoptedOnFive, etcdOnFive, staticOnFive, zookeeperOnFive } from "./subject.ts";

/**
 * Ensembles that others built are not written beside their data until they were seen whole once: so more of ZooKeeper's
 * schedules end in a refusal that is true. Static ones besides refuse every change to or from fewer than three members.
 */
const services = [
  { name: "etcd", subject: etcdOnFive(), fixed: 500, fresh: 30, steady: 0.8, same: [3, 37, 91] },
  { name: "ZooKeeper", subject: zookeeperOnFive(), fixed: 250, fresh: 20, steady: 0.65, same: [4, 26, 172] },
  {
    name: "static ZooKeeper",
    subject: staticOnFive(),
    fixed: 250,
    fresh: 20,
    steady: 0.45,
    same: [22, 61, 143],
  },
  {
    name: "an ensemble without a name",
    subject: adoptedOnFive(),
    fixed: 100,
    fresh: 10,
    steady: 0.6,
    same: [5],
  },
];

/** The last of what happened: enough to see how it came to that. */
const story = (s: Schedule): string =>
  `seed ${s.seed}: ${s.violation?.invariant}\n${s.trace.slice(-40).join("\n")}`;

async function allHold(subject: Subject, seeds: readonly number[]): Promise<readonly Schedule[]> {
  const played: Schedule[] = [];
  for (const seed of seeds) {
    const schedule = await playSchedule(subject, seed);
    assert.equal(schedule.violation, undefined, story(schedule));
    played.push({ ...schedule, trace: [] });
  }
  return played;
}

for (const { name, subject, fixed, fresh, steady, same } of services) {
  Deno.test(`${name}: every invariant holds in the seeds 1 to ${fixed}, and they are worth something`, async () => {
    const played = await allHold(subject, Array.from({ length: fixed }, (_, i) => i + 1));
    const sum = (of: (s: Schedule) => number) => played.reduce((all, s) => all + of(s), 0);
    const faults = played.map(tallyOf).reduce(together, noTally).faults;
    assert.ok(Object.values(faults).reduce((a, b) => a + b, 0) > 8 * fixed, "faults");
    assert.ok(Object.keys(faults).length >= 25, `kinds of faults: ${Object.keys(faults).join(", ")}`);
    assert.ok(sum((s) => s.changes) > 2 * fixed, "changes");
    assert.ok(sum((s) => s.writes) > 50 * fixed, "acknowledged writes");
    assert.ok(played.filter((s) => s.outcome === "steady").length > steady * fixed, "most end as desired");
  });

  Deno.test(`${name}: every invariant holds in ${fresh} fresh seeds`, async () => {
    const first = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    console.log(`fresh seeds from ${first}`);
    await allHold(subject, Array.from({ length: fresh }, (_, i) => first + i));
  });

  Deno.test(`${name}: the same seed gives the same trace, byte for byte`, async () => {
    for (const seed of same) {
      const [one, two] = [await playSchedule(subject, seed), await playSchedule(subject, seed)];
      assert.ok(one.trace.length > 20);
      assert.equal(one.trace.join("\n"), two.trace.join("\n"));
    }
  });
}
