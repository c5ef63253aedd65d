/** A majority is lost, and a person lets the service begin again, while hosts come back and runs are killed: by seed. */
import assert from "node:assert/strict";
import { type Loss, playLoss, type Way } from "../../src/sim/loss.ts";
import { subjects } from "./subject.ts";

const FIXED = 120;
const FRESH = 20;
const WAYS: readonly Way[] = ["recover", "restore"];

async function allHold(name: keyof typeof subjects, way: Way, seeds: readonly number[]) {
  const subject = subjects[name]();
  const played: Loss[] = [];
  for (const seed of seeds) {
    const loss = await playLoss(subject, seed, way);
    assert.equal(
      loss.violation,
      undefined,
      `${name}, ${way}, seed ${seed}: ${loss.violation?.invariant}: ${loss.violation?.story}\n${
        loss.trace.slice(-60).join("\n")
      }`,
    );
    played.push({ ...loss, trace: [] });
  }
  return played;
}

for (const name of ["etcd", "zookeeper"] as const) {
  for (const way of WAYS) {
    Deno.test(`${name}, ${way}: one cluster is left in the seeds 1 to ${FIXED}, and they are worth something`, async () => {
      const played = await allHold(name, way, Array.from({ length: FIXED }, (_, i) => i + 1));
      const begun = played.filter((one) => one.begun).length;
      assert.ok(begun > FIXED / 3, `${begun} began again`);
      assert.ok(begun < FIXED, "in some the old cluster came back before");
    });

    Deno.test(`${name}, ${way}: one cluster is left in ${FRESH} fresh seeds`, async () => {
      const first = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      console.log(`fresh seeds from ${first}`);
      await allHold(name, way, Array.from({ length: FRESH }, (_, i) => first + i));
    });
  }
}
