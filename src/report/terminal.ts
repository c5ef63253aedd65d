/**
 * Draws a live list on a real terminal.
 *
 * @module
 */
import type { Event } from "../model/event.ts";
import { cut, ink, type Line, widthOf } from "./lines.ts";
import type { Live, Size } from "./live.ts";

export interface Screen {
  write(text: string): void;
  size(): Size;
  readonly colour: boolean;
  /** Monotonic, in milliseconds. */
  now(): number;
}

export interface Drawing {
  onEvent(event: Event): void;
  /** Lines that have nothing to do with an event, put above the list. */
  say(lines: readonly Line[]): void;
  /** Takes the list away and the timer with it. */
  close(): void;
}

const TICK_MS = 100;

/** Starts to draw. One write a frame, so that nothing flickers; the timer does not keep the process alive. */
export function draw(live: Live, screen: Screen): Drawing {
  let drawn: readonly Line[] = [];
  let last = "";
  /** A terminal that became narrower has broken the drawn lines into more rows: those are what has to be erased. */
  const erase = (columns: number): string => {
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  };
  const paint = (above: readonly Line[], closing = false): void => {
    const size = screen.size();
    // One column stays free: a terminal may break a line that fills the last one.
    const lines = closing ? [] : live.render(screen.now(), size).map((line) => cut(line, size.columns - 1));
    const frame = ink(lines, screen.colour);
    if (above.length === 0 && frame === last) return;
    screen.write(erase(size.columns) + ink(above, screen.colour) + frame);
    drawn = lines;
    last = frame;
  };
  const timer = setInterval(() => paint([]), TICK_MS);
  return {
    onEvent: (event) => paint(live.onEvent(event, screen.now())),
    say: (lines) => paint(lines),
    close() {
      clearInterval(timer);
      paint([], true);
    },
  };
}
