/**
 * Where the time of an `apply -o json` goes.
 *
 * @module
 */
import type { Event } from "../src/model/event.ts";
import type { Cost } from "./client.ts";

/** One line an event: when it came, and how long what it ends had taken, in milliseconds. */
export function timeline({ stdout, startedAt, ms }: Cost): string {
  const lines = stdout.trim().split("\n").map((text) => {
    const event: Event = JSON.parse(text);
    return line(Date.parse(event.time) - startedAt, event);
  });
  return [...lines, line(ms, undefined)].filter((one) => one !== "").join("\n");
}

function line(at: number, event: Event | undefined): string {
  if (event?.event === "stepStarted" || event?.event === "stepWaiting") return "";
  const took = event !== undefined && "ms" in event ? `${Math.round(event.ms)}` : "";
  const what = event === undefined
    ? "the process has ended"
    : `${event.event} ${"step" in event && typeof event.step === "object" ? event.step.id : ""}`;
  return `${`${Math.round(at)}`.padStart(8)} ${took.padStart(6)}  ${what.trimEnd()}`;
}
