/**
 * The live list of a terminal as a pure state machine: events go in, lines come out. `onEvent` returns what stays on
 * the screen for good, `render` what is drawn below it and replaced at the next tick.
 *
 * @module
 */
import type { Event } from "../model/event.ts";
import { plain } from "./plain.ts";
import type { Line, Span } from "./lines.ts";
import { count, duration, placeText } from "./words.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Live {
  onEvent(event: Event, nowMs: number): readonly Line[];
  render(nowMs: number, size: Size): readonly Line[];
}

interface Row {
  readonly id: string;
  readonly mark: "open" | "active" | "done" | "skipped" | "failed";
  readonly on: string;
  readonly sinceMs: number;
  /** How long it took, once it is over. */
  readonly ms: number;
  /** Why it is waiting, or was skipped. */
  readonly why: string;
}

interface Panel {
  readonly service: string;
  readonly title: string;
  readonly sinceMs: number;
  readonly rows: readonly Row[];
}

interface Signs {
  readonly spin: readonly string[];
  readonly marks: Readonly<Record<Exclude<Row["mark"], "active">, Span>>;
}
const unicodeSigns: Signs = {
  spin: [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"],
  marks: { open: ["dim", "·"], done: ["green", "✓"], skipped: ["dim", "–"], failed: ["red", "✗"] },
};
const asciiSigns: Signs = {
  spin: [..."|/-\\"],
  marks: { open: ["dim", "."], done: ["green", "+"], skipped: ["dim", "-"], failed: ["red", "x"] },
};
const FRAME_MS = 100;

/** Makes a live list. `unicode` false keeps to ASCII signs. */
export function liveList(options: { readonly verbose: boolean; readonly unicode: boolean }): Live {
  const signs = options.unicode ? unicodeSigns : asciiSigns;
  const words = plain({ quiet: false, verbose: true });
  const panels = new Map<string, Panel>();

  const rowLine = (row: Row, now: number): Line => {
    const mark: Span = row.mark === "active" ? ["cyan", spinAt(signs, now)] : signs.marks[row.mark];
    const text = `${row.id}${placeText(row.on)}`;
    const time = row.mark === "active"
      ? `  ${duration(now - row.sinceMs)}`
      : row.mark === "done" || row.mark === "failed"
      ? `  ${duration(row.ms)}`
      : "";
    const quiet = row.mark === "open" || row.mark === "skipped";
    return [
      "  ",
      mark,
      " ",
      quiet ? ["dim", text] : text,
      ["dim", time],
      row.why === "" ? "" : ["dim", ` — ${row.why}`],
    ];
  };
  const full = (panel: Panel, now: number): readonly Line[] => [
    [["cyan", spinAt(signs, now)], ` ${panel.service}: ${panel.title}`, [
      "dim",
      `  ${duration(now - panel.sinceMs)}`,
    ]],
    ...panel.rows.map((row) => rowLine(row, now)),
  ];
  const short = (panel: Panel, now: number): Line => {
    const i = panel.rows.findIndex((row) => row.mark === "active");
    const row = panel.rows[i];
    return [
      ["cyan", spinAt(signs, now)],
      ` ${panel.service}: ${panel.title}`,
      ...(row === undefined
        ? []
        : [` ${i + 1}/${panel.rows.length}`, ...rowLine({ ...row, mark: "active" }, now).slice(2)]),
    ];
  };

  return {
    onEvent(e, now) {
      const said = words(e); // always told, so that it knows what each service is at
      const aloud = options.verbose ? said : [];
      const panel = panels.get(e.service) ??
        { service: e.service, title: "looking", sinceMs: now, rows: [] };
      const put = (change: Partial<Panel>): Panel => {
        const next = { ...panel, ...change };
        panels.set(e.service, next);
        return next;
      };
      const mark = (index: number, change: Partial<Row>): Panel =>
        put({ rows: panel.rows.map((row, i) => i === index - 1 ? { ...row, ...change } : row) });
      switch (e.event) {
        case "runStarted":
          put({ title: "looking", sinceMs: now, rows: [] });
          return aloud;
        case "observed":
          put({});
          return aloud;
        case "changeStarted":
          put({
            title: `${e.case} ${e.subject}`,
            sinceMs: now,
            rows: e.steps.map(({ id }) => ({ id, mark: "open", on: "", sinceMs: now, ms: 0, why: "" })),
          });
          return [];
        case "stepStarted":
          mark(e.step.index, { mark: "active", on: e.on, sinceMs: now });
          return aloud;
        case "stepWaiting":
          mark(e.step.index, { why: e.why });
          return [];
        case "stepSkipped":
          mark(e.step.index, { mark: "skipped", why: e.why });
          return [];
        case "stepDone":
          mark(e.step.index, { mark: "done", ms: e.ms, why: "" });
          return aloud;
        case "stepFailed": {
          const { rows } = mark(e.step.index, { mark: "failed", ms: e.ms, why: "" });
          put({ title: "stopping", rows: [] });
          return [...rows.map((row) => rowLine(row, now)), ...said];
        }
        case "changeDone":
          put({ title: "looking again", sinceMs: now, rows: [] });
          return [[
            signs.marks.done,
            ` ${e.service}: ${e.case} ${e.subject}`,
            ["dim", `  ${count(panel.rows.length, "step")}, ${duration(e.ms)}`],
          ]];
        case "stabilizing":
          put({ title: `waiting until it has been healthy for ${duration(e.ms)}`, sinceMs: now, rows: [] });
          return [];
        case "runEnded": {
          panels.delete(e.service);
          const sign = e.outcome === "steady" || e.outcome === "converged"
            ? signs.marks.done
            : e.outcome === "yielded"
            ? signs.marks.skipped
            : signs.marks.failed;
          return said.map((line) => [sign, " ", ...line]);
        }
        default:
          return said;
      }
    },
    render(now, { rows }) {
      const room = Math.max(rows - 1, 1);
      const open = [...panels.values()];
      const whole = open.flatMap((panel) => full(panel, now));
      if (whole.length <= room) return whole;
      if (open.length <= room) return open.map((panel) => short(panel, now));
      const shown = open.slice(0, room - 1).map((panel) => short(panel, now));
      return [...shown, [["dim", `… and ${count(open.length - shown.length, "more service")}`]]];
    },
  };
}

const spinAt = (signs: Signs, now: number): string =>
  signs.spin[Math.floor(now / FRAME_MS) % signs.spin.length] ?? "";
