/**
 * When an installed schedule runs next, and how the last run ended.
 *
 * @module
 */
import { lastRun } from "./cron.ts";
import type { Machine } from "./machine.ts";
import type { Asked, Kind } from "./schedule.ts";
import { SERVICE, TIMER } from "./systemd.ts";

export interface Runs {
  /** As a person reads it. */
  readonly next: string;
  readonly last: string;
}

/** What systemd, or the file that cron's line leaves, tells. */
export const runsOf = (machine: Machine, kind: Kind, asked: Asked, now: Date): Promise<Runs> =>
  kind === "systemd" ? bySystemd(machine, now) : Promise.resolve(byCron(machine, asked, now));

async function bySystemd(machine: Machine, now: Date): Promise<Runs> {
  const shown = async (unit: string, ...names: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const said = await machine.sh(`systemctl show ${names.map((n) => `-p ${n}`).join(" ")} ${unit}`);
    return new Map(
      said.trim().split("\n").map((line) => [line.split("=", 1)[0] ?? "", line.replace(/^[^=]*=/, "")]),
    );
  };
  const service = await shown(SERVICE, "ActiveState", "ExecMainStatus", "ExecMainExitTimestamp", "Result");
  const timer = await shown(TIMER, "ActiveState", "NextElapseUSecMonotonic");
  const uptime = await machine.sh("cat /proc/uptime");
  const elapse = spanMs(timer.get("NextElapseUSecMonotonic") ?? "");
  const running = service.get("ActiveState") === "activating";
  const next = timer.get("ActiveState") !== "active"
    ? `not at all: ${TIMER} is ${timer.get("ActiveState")}`
    : running
    ? "it runs now"
    : elapse === undefined
    ? "not known"
    : inTime(now, elapse - Number.parseFloat(uptime) * 1000);
  const ended = service.get("ExecMainExitTimestamp") ?? "";
  // systemd forgets the former run when the next one begins.
  const last = ended === ""
    ? running ? "not told while one is at work" : "none yet since this machine started"
    : `${ended}, exit code ${service.get("ExecMainStatus")} (${service.get("Result")})`;
  return { next, last };
}

/** cron's own clock is the wall clock, from the full hour on. */
function byCron({ root }: Machine, { state, everyMs }: Asked, now: Date): Runs {
  const next = everyMs > 3_600_000
    ? `every ${everyMs / 3_600_000} h from midnight on`
    : inTime(now, everyMs - now.getTime() % everyMs);
  try {
    const path = `${root}${lastRun(state)}`;
    const code = Deno.readTextFileSync(path).trim();
    const at = Deno.statSync(path).mtime ?? now;
    const old = now.getTime() - at.getTime() > 3 * everyMs
      ? ": more than three intervals ago, so cron does not run, or a run takes long"
      : "";
    const last = code === ""
      ? `the first one began ${timeOf(at)} and has not ended`
      : `${timeOf(at)}, exit code ${code}`;
    return { next, last: last + old };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { next, last: "none yet" };
    if (error instanceof Deno.errors.PermissionDenied) {
      return { next, last: "not known: only root may read it" };
    }
    throw error;
  }
}

const timeOf = (at: Date): string => at.toISOString().replace("T", " ").replace(/\.\d+Z$/, "Z");
const inTime = (now: Date, ms: number): string =>
  `${timeOf(new Date(now.getTime() + ms))}, in ${Math.max(0, Math.round(ms / 1000))} s`;

const UNITS: Readonly<Record<string, number>> = {
  y: 31_557_600_000,
  month: 2_629_800_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  min: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
};

/** A span as systemd prints it, "1h 2min 3.5s"; undefined for "infinity" and what is none. */
export function spanMs(text: string): number | undefined {
  const parts = text.trim().split(/\s+/).map((part) => /^([\d.]+)(y|month|w|d|h|min|s|ms|us)$/.exec(part));
  return parts.some((part) => part === null)
    ? undefined
    : parts.reduce((sum, part) => sum + Number(part?.[1]) * (UNITS[part?.[2] ?? ""] ?? NaN), 0);
}
