import assert from "node:assert/strict";
import { liveList } from "../../../src/report/live.ts";
import { draw } from "../../../src/report/terminal.ts";
import { events, runs } from "./samples.ts";

/** A terminal of so many columns that knows the few codes that are used: what is on it, line by line. */
function fakeTerminal(columns: number) {
  let rows: string[] = [""];
  const reflow = (to: number): void => {
    rows = rows.flatMap((row) => row === "" ? [""] : row.match(new RegExp(`.{1,${to}}`, "gu")) ?? [""]);
  };
  return {
    columns,
    get rows(): readonly string[] {
      return rows;
    },
    narrow(to: number): void {
      this.columns = to;
      reflow(to);
    },
    write(text: string): void {
      // deno-lint-ignore no-control-regex
      for (const part of text.match(/\x1b\[(\d*)[AJ]|\r|\n|[^\x1b\r\n]+/gu) ?? []) {
        if (part === "\n") rows.push("");
        else if (part.endsWith("A") && part.startsWith("\x1b")) {
          const up = Number(part.slice(2, -1));
          assert.ok(up < rows.length, `${up} rows up, and there are ${rows.length}`);
          rows = [...rows.slice(0, rows.length - 1 - up), ""];
        } else if (part !== "\r" && !part.startsWith("\x1b")) rows[rows.length - 1] += part;
      }
      assert.ok(rows.every((row) => [...row].length < this.columns), "no row may reach the last column");
    },
  };
}

const start = (columns: number) => {
  const screen = fakeTerminal(columns);
  let now = 0;
  const drawing = draw(liveList({ verbose: false, unicode: true }), {
    write: (text) => screen.write(text),
    size: () => ({ columns: screen.columns, rows: 24 }),
    colour: false,
    now: () => now += 100,
  });
  return { screen, drawing };
};

Deno.test("what is done stays, and nothing of the list is left behind", () => {
  const { screen, drawing } = start(80);
  events("metadata", runs.converged).forEach(drawing.onEvent);
  drawing.close();
  assert.deepEqual(screen.rows, [
    "✓ metadata: add n4  4 steps, 4.1 s",
    "✓ metadata: converged after 1 change in 9.8 s",
    "",
  ]);
});

Deno.test("a terminal that becomes narrower is wiped clean of the lines that it has broken", () => {
  const { screen, drawing } = start(80);
  const [first, rest] = [runs.converged.slice(0, 8), runs.converged.slice(8)];
  events("metadata", first).forEach(drawing.onEvent);
  screen.narrow(22);
  events("metadata", rest).forEach((event) => {
    // What stays may be longer than the terminal is wide; only the list is cut.
    if (event.event !== "changeDone" && event.event !== "runEnded") drawing.onEvent(event);
  });
  drawing.close();
  assert.deepEqual(screen.rows, [""]);
});
