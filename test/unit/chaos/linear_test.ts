import assert from "node:assert/strict";
import { type Does, judge, type Operation } from "../../chaos/linear.ts";

const op = (start: number, end: number | null, does: Does): Operation => ({ start, end, does });
const good = (...history: readonly Operation[]) => assert.deepEqual(judge(history), { is: "linearizable" });
const bad = (...history: readonly Operation[]) => assert.equal(judge(history).is, "not linearizable");

Deno.test("a register that nobody wrote to is empty", () => {
  good();
  good(op(0, 1, { get: null }));
  bad(op(0, 1, { get: "a" }));
});

Deno.test("a read after a write sees it, one beside it may", () => {
  good(op(0, 1, { put: "a" }), op(2, 3, { get: "a" }));
  bad(op(0, 1, { put: "a" }), op(2, 3, { get: null }));
  good(op(0, 5, { put: "a" }), op(2, 3, { get: null }));
  good(op(0, 5, { put: "a" }), op(2, 3, { get: "a" }));
});

Deno.test("what one reader has seen, a later one does not unsee", () => {
  good(op(0, 9, { put: "a" }), op(1, 2, { get: null }), op(3, 4, { get: "a" }));
  bad(op(0, 9, { put: "a" }), op(1, 2, { get: "a" }), op(3, 4, { get: null }));
});

Deno.test("a write that was acknowledged and then lost is seen as such", () => {
  bad(op(0, 1, { put: "a" }), op(2, 3, { put: "b" }), op(4, 5, { get: "a" }));
});

Deno.test("two writes side by side may come in either order, and stay in it", () => {
  const writes = [op(0, 9, { put: "a" }), op(0, 9, { put: "b" })];
  good(...writes, op(10, 11, { get: "a" }), op(12, 13, { get: "a" }));
  good(...writes, op(10, 11, { get: "b" }));
  bad(...writes, op(10, 11, { get: "a" }), op(12, 13, { get: "b" }));
});

Deno.test("a swap takes effect only on what it expects", () => {
  const first = op(0, 1, { put: "a" });
  good(first, op(2, 3, { cas: "a", to: "b", found: "a" }), op(4, 5, { get: "b" }));
  bad(first, op(2, 3, { cas: "x", to: "b", found: "x" }));
  good(first, op(2, 3, { cas: "x", to: "b", found: "a" }), op(4, 5, { get: "a" }));
  bad(first, op(2, 3, { cas: "x", to: "b", found: "a" }), op(4, 5, { get: "b" }));
  good(op(0, 1, { cas: null, to: "a", found: null }), op(2, 3, { get: "a" }));
});

Deno.test("of two swaps from the same value one fails", () => {
  bad(
    op(0, 1, { put: "a" }),
    op(2, 5, { cas: "a", to: "b", found: "a" }),
    op(2, 5, { cas: "a", to: "c", found: "a" }),
  );
});

Deno.test("a write without an answer may take effect late, or never, but not before it was asked", () => {
  const lost = op(2, null, { put: "b" });
  good(op(0, 1, { put: "a" }), lost, op(3, 4, { get: "a" }), op(90, 91, { get: "b" }));
  good(op(0, 1, { put: "a" }), lost, op(3, 4, { get: "a" }));
  bad(op(0, 1, { get: "b" }), lost);
  bad(op(0, 1, { put: "a" }), lost, op(3, 4, { get: "b" }), op(5, 6, { get: "a" }));
});

Deno.test("a swap without an answer may have swapped what it expected, and nothing else", () => {
  const lost = op(2, null, { cas: "a", to: "b" });
  good(op(0, 1, { put: "a" }), lost, op(3, 4, { get: "b" }));
  bad(op(0, 1, { put: "x" }), lost, op(3, 4, { get: "b" }));
  // Seen only through another that was not answered either.
  good(op(0, 1, { put: "a" }), lost, op(3, null, { cas: "b", to: "c" }), op(9, 10, { get: "c" }));
});

Deno.test("what could not be put anywhere is told", () => {
  const stale = op(4, 5, { get: "a" });
  const judgement = judge([op(0, 1, { put: "a" }), op(2, 3, { put: "b" }), stale]);
  assert.deepEqual(judgement, { is: "not linearizable", stuck: [stale] });
});

Deno.test("many writes without an answer, most of them never seen, cost nothing", () => {
  const lost = Array.from({ length: 500 }, (_, i) => op(i, null, { put: `lost${i}` }));
  const rest = Array.from({ length: 200 }, (_, i) => [
    op(1_000 + 4 * i, 1_001 + 4 * i, { put: `v${i}` }),
    op(1_002 + 4 * i, 1_003 + 4 * i, { get: `v${i}` }),
  ]).flat();
  good(...lost, ...rest);
  bad(...lost, ...rest, op(9_000, 9_001, { get: "v3" }));
});

Deno.test("a history that would take for ever to judge is undecided, which is no approval", () => {
  const writes = Array.from({ length: 24 }, (_, i) => op(0, 100, { put: `v${i}` }));
  const judgement = judge([...writes, op(200, 201, { get: "nobody's" })], 1_000);
  assert.deepEqual(judgement, { is: "undecided" });
});
