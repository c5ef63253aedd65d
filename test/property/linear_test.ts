import assert from "node:assert/strict";
import fc from "fast-check";
import { type Does, judge, type Operation, type Value } from "../chaos/linear.ts";

/**
 * Every order of every choice of what was not answered, one after the other: nothing is clever here. An order holds if
 * nothing stands before what was answered before it was asked.
 */
function bruteForce(history: readonly Operation[]): boolean {
  const answered = history.filter((op) => op.end !== null);
  const silent = history.filter((op) => op.end === null);
  for (let choice = 0; choice < 2 ** silent.length; choice++) {
    const chosen = [...answered, ...silent.filter((_, i) => choice & (1 << i))];
    for (const order of orders(chosen)) {
      const inTime = order.every((a, i) =>
        order.slice(i + 1).every((b) => b.end === null || b.end >= a.start)
      );
      if (inTime && plays(order)) return true;
    }
  }
  return false;
}
function* orders<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length === 0) yield [];
  for (const [i, first] of items.entries()) {
    for (const rest of orders([...items.slice(0, i), ...items.slice(i + 1)])) yield [first, ...rest];
  }
}
function plays(order: readonly Operation[]): boolean {
  let register: Value = null;
  for (const { does } of order) {
    if ("put" in does) register = does.put;
    else if ("get" in does) {
      if (does.get !== register) return false;
    } else {
      if (does.found !== undefined && does.found !== register) return false;
      if (register === does.cas) register = does.to;
    }
  }
  return true;
}

const value = fc.constantFrom("a", "b", "c");
const any: fc.Arbitrary<Value> = fc.option(value);
const answered: fc.Arbitrary<Does> = fc.oneof(
  fc.record({ put: value }),
  fc.record({ get: any }),
  fc.record({ cas: any, to: value, found: any }),
);
const unanswered: fc.Arbitrary<Does> = fc.oneof(
  fc.record({ put: value }),
  fc.record({ cas: any, to: value }),
);
const time = fc.nat(12);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ start: time, takes: fc.nat(6), does: answered }) },
  { weight: 1, arbitrary: fc.record({ start: time, takes: fc.constant(null), does: unanswered }) },
).map(({ start, takes, does }) => ({ start, end: takes === null ? null : start + takes, does }));

Deno.test("tiny histories are judged as by trying every order", () => {
  let good = 0, bad = 0;
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (history) => {
      const expected = bruteForce(history);
      if (expected) good++;
      else bad++;
      assert.equal(judge(history).is, expected ? "linearizable" : "not linearizable");
    }),
    { numRuns: 4_000 },
  );
  assert.ok(good > 100 && bad > 100, `${good} good ones, ${bad} bad ones`);
});

/** What clients see of a register that does one thing at a time, each thing somewhere between its start and its end. */
const real: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.record({
    before: fc.nat(30),
    after: fc.nat(30),
    silent: fc.nat(9).map((n) => n === 0),
    what: fc.constantFrom("put", "get", "cas", "cas on the state"),
    other: fc.nat(5),
  }),
  { minLength: 1, maxLength: 60 },
).map((list) => {
  let register: Value = null;
  return list.map(({ before, after, silent, what, other }, i): Operation => {
    const start = 10 * i - before, end = silent ? null : 10 * i + after;
    const fresh = `v${i}`;
    if (what === "get") return { start, end: 10 * i + after, does: { get: register } };
    if (what === "put") {
      register = fresh;
      return { start, end, does: { put: fresh } };
    }
    const found: Value = register;
    const cas: Value = what === "cas" ? `v${i - other}` : register;
    if (found === cas) register = fresh;
    return { start, end, does: silent ? { cas, to: fresh } : { cas, to: fresh, found } };
  });
});

Deno.test("what a real register does is accepted", () => {
  fc.assert(
    fc.property(real, (history) => assert.deepEqual(judge(history), { is: "linearizable" })),
    { numRuns: 500 },
  );
});

Deno.test("a read at the end of what was overwritten before it is found", () => {
  let told = 0;
  fc.assert(
    fc.property(real, fc.nat(), (history, pick) => {
      const puts = history.filter((op) => "put" in op.does && op.end !== null);
      const old = puts[pick % Math.max(1, puts.length)];
      const later = puts.find((op) => old?.end !== undefined && old.end !== null && op.start > old.end);
      if (old === undefined || later === undefined || !("put" in old.does)) return;
      told++;
      const stale: Operation = { start: 10_000, end: 10_001, does: { get: old.does.put } };
      assert.equal(judge([...history, stale]).is, "not linearizable");
    }),
    { numRuns: 2_000 },
  );
  assert.ok(told > 100, `${told} lost writes`);
});
