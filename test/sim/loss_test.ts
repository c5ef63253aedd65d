/** A majority is lost, and a person lets the service begin again, while hosts come back and runs are killed: by seed. */
import assert from "node:assert/strict";
import { type Loss, playLoss } from "../../src/sim/loss.ts";
import { etcdOnFive } from "./subject.ts";

const FIXED = 150;
const FRESH = 30;
const subject = etcdOnFive();

async function allHold(seeds: readonly number[]): Promise<readonly Loss[]> {
  const played: Loss[] = [];
  for (const seed of seeds) {
    const loss = await playLoss(subject, seed);
    assert.equal(
      loss.violation,
      undefined,
      `seed ${seed}: ${loss.violation?.invariant}: ${loss.violation?.story}\n${
        loss.trace.slice(-60).join("\n")
      }`,
    );
    played.push({ ...loss, trace: [] });
  }
  return played;
}

Deno.test(`one cluster is left in the seeds 1 to ${FIXED}, and they are worth something`, async () => {
  const played = await allHold(Array.from({ length: FIXED }, (_, i) => i + 1));
  const begun = played.filter((one) => one.begun).length;
  assert.ok(begun > FIXED / 3, `${begun} began again`);
  assert.ok(begun < FIXED, "in some the old cluster came back before");
});

Deno.test(`one cluster is left in ${FRESH} fresh seeds`, async () => {
  const first = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  console.log(`fresh seeds from ${first}`);
  await allHold(Array.from({ length: FRESH }, (_, i) => first + i));
});
