import assert from "node:assert/strict";
import type { Line } from "../../chaos/client.ts";
import { judged, writesOf } from "../../chaos/report.ts";

const history: readonly Line[] = [
  { key: "a", start: 0, end: 10, does: { put: "1" } },
  { key: "a", start: 20, end: null, does: { put: "2" } },
  { key: "a", start: 20, end: null, does: { put: "3" }, failed: true },
  { key: "b", start: 25, end: 30, does: { cas: null, to: "4", found: null } },
  { key: "b", start: 31, end: 510, does: { cas: "9", to: "5", found: "4" } },
  { key: "b", start: 520, end: 530, does: { put: "6" } },
  { key: "a", start: 900, end: 901, does: { get: "2" } },
  { key: "b", start: 900, end: 901, does: { get: "6" } },
];

Deno.test("writes are counted by what was told, and the longest stall is between two that were acknowledged", () => {
  assert.deepEqual(writesOf(history), {
    acknowledged: 3,
    failed: 1,
    unknown: 1,
    lost: 0,
    reads: 3,
    keys: 2,
    longestStallMs: 500,
  });
  assert.deepEqual(judged(history), []);
});

Deno.test("a write that the last read rules out is lost, and the story shows where", () => {
  const lost: readonly Line[] = [...history, { key: "b", start: 950, end: 951, does: { get: "4" } }];
  assert.equal(writesOf(lost).lost, 1);
  const [story = "", ...more] = judged(lost);
  assert.deepEqual(more, []);
  assert.match(story, /^b is not linearizable:/);
  assert.match(story, /^→ +950\.0 ms … +951\.0 {2}get: 4$/m);
});

Deno.test("a key of which nothing is left has lost all that was acknowledged", () => {
  const gone: readonly Line[] = [...history, { key: "b", start: 950, end: 951, does: { get: null } }];
  assert.equal(writesOf(gone).lost, 2);
});

Deno.test("a write whose answer was lost does not make others count as lost", () => {
  const late: readonly Line[] = [
    { key: "a", start: 0, end: null, does: { put: "1" } },
    { key: "a", start: 10, end: 11, does: { put: "2" } },
    { key: "a", start: 20, end: 21, does: { get: "1" } },
  ];
  assert.equal(writesOf(late).lost, 0);
  assert.deepEqual(judged(late), []);
});
