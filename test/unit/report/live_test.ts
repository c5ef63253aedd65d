import assert from "node:assert/strict";
import type { Event, Happening } from "../../../src/model/event.ts";
import { ink } from "../../../src/report/lines.ts";
import { type Live, liveList } from "../../../src/report/live.ts";
import { golden } from "./golden.ts";
import { events, runs } from "./samples.ts";

const quietly = { verbose: false, unicode: true };
const big = { columns: 80, rows: 24 };
const draw = (live: Live, now: number, size = big): string => ink(live.render(now, size), false);
const feed = (live: Live, list: readonly Event[]): void =>
  list.forEach((e, i) => void live.onEvent(e, i * 1000));

function film(run: readonly Happening[], options = quietly): string {
  const live = liveList(options);
  return events("metadata", run).map((event, i) => {
    const stays = ink(live.onEvent(event, i * 1000), false);
    return `=== ${event.event}\n${stays}--- below\n${draw(live, i * 1000 + 500)}`;
  }).join("");
}

for (const [name, run] of Object.entries(runs)) {
  Deno.test(`the live list of a run that is ${name} is as it was`, () =>
    golden(`events/${name}.live.txt`, film(run)));
}

Deno.test("a running step shows how long it takes and why it waits", () => {
  const live = liveList(quietly);
  feed(live, events("metadata", runs.converged.slice(0, 8)));
  assert.match(draw(live, 8_250), /start:n4 on n4 {2}2\.\d s — n4 is not healthy yet/);
});

Deno.test("time alone moves the spinner", () => {
  const live = liveList(quietly);
  feed(live, events("metadata", runs.converged.slice(0, 5)));
  assert.notEqual(draw(live, 10_000), draw(live, 10_100));
});

Deno.test("services that do not fit with their steps take a line each", () => {
  const live = liveList(quietly);
  for (const name of ["a", "b", "c"]) feed(live, events(name, runs.converged.slice(0, 5)));
  const lines = draw(live, 5_000, { columns: 80, rows: 6 }).trimEnd().split("\n");
  assert.equal(lines.length, 3);
  assert.match(lines[1] ?? "", /b: add n4 2\/4 register-learner on n1/);
});

Deno.test("services that do not fit at all are counted", () => {
  const live = liveList(quietly);
  for (let i = 0; i < 9; i++) feed(live, events(`s${i}`, runs.converged.slice(0, 5)));
  const lines = draw(live, 5_000, { columns: 80, rows: 6 }).trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.equal(lines.at(-1), "… and 5 more services");
});

Deno.test("nothing is left below when every run has ended", () => {
  const live = liveList(quietly);
  for (const name of Object.keys(runs)) feed(live, events(name, runs.converged));
  assert.equal(draw(live, 99_000), "");
});

Deno.test("without unicode the signs are ASCII", () => {
  const live = liveList({ ...quietly, unicode: false });
  feed(live, events("metadata", runs.converged.slice(0, 5)));
  assert.match(draw(live, 5_000), /^[-|/\\] metadata: .*\n {2}- stage:n4 .*\n {2}[-|/\\] register-learner/);
});

Deno.test("a failed step is shown with the block that says what to do", () => {
  const shown = film(runs.failed);
  assert.match(shown, /✗ register-learner on n1 {2}1 min 1 s/);
  assert.match(shown, /now {4}see the service's log on n1/);
});
