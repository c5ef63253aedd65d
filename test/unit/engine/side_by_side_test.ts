import assert from "node:assert/strict";
import type { Clock } from "../../../src/engine/outside.ts";
import { shuffled, sideBySide } from "../../../src/engine/side_by_side.ts";

/** A clock whose sleepers are woken by hand. */
function handClock() {
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        sleepers.add(resolve);
        signal?.addEventListener("abort", () => {
          sleepers.delete(resolve);
          resolve();
        });
      }),
  };
  return { clock, wake: () => sleepers.forEach((one) => one()), asleep: () => sleepers.size };
}
const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

Deno.test("no more than so many are at work, all get their turn, and results stay in order", async () => {
  const { clock, asleep } = handClock();
  let now = 0, most = 0;
  const results = await sideBySide([1, 2, 3, 4, 5], 2, clock, async (n) => {
    most = Math.max(most, ++now);
    await turn();
    now--;
    if (n === 3) throw new Error("three");
    return n * 10;
  });
  assert.equal(most, 2);
  assert.deepEqual(results.map((r) => r.status === "fulfilled" ? r.value : r.reason.message), [
    10,
    20,
    "three",
    40,
    50,
  ]);
  assert.equal(asleep(), 0, "no timer is left");
});

Deno.test("who hangs does not hold up the others, even one at a time", async () => {
  const { clock, wake } = handClock();
  const hang = Promise.withResolvers<string>();
  const begun: string[] = [];
  const all = sideBySide(["hangs", "b", "c"], 1, clock, (name) => {
    begun.push(name);
    return name === "hangs" ? hang.promise : Promise.resolve(name);
  });
  await turn();
  assert.deepEqual(begun, ["hangs"]);
  wake();
  await turn();
  assert.deepEqual(begun, ["hangs", "b", "c"]);
  hang.resolve("at last");
  assert.deepEqual((await all).map((r) => r.status === "fulfilled" && r.value), ["at last", "b", "c"]);
});

Deno.test("shuffled has each of them once, in an order that the dice give", () => {
  const dice = [0.99, 0.5, 0];
  assert.deepEqual(shuffled(["a", "b", "c"], () => dice.shift() ?? 0), ["c", "b", "a"]);
  assert.deepEqual(shuffled([1, 2, 3]).toSorted(), [1, 2, 3]);
});
