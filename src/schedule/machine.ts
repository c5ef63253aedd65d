/**
 * The files of a schedule on this machine, and what systemd is told about them.
 *
 * @module
 */
import { dirname } from "node:path";
import { writeAside } from "../engine/aside.ts";
import { CRON_FILE } from "./cron.ts";
import { LOGROTATE_FILE } from "./logrotate.ts";
import { isOurs, type Kind, type Wanted } from "./schedule.ts";
import { SERVICE, TIMER } from "./systemd.ts";

/** Where a machine's root is; another one in tests. */
export interface Machine {
  readonly root: string;
  /** Runs a line of `sh`; throws what it said where it fails, unless it may. */
  sh(line: string): Promise<string>;
}

/** A file on the machine against what it shall be. */
export interface Found {
  readonly path: string;
  /** Undefined where there is none. */
  readonly text?: string;
  readonly ours: boolean;
  readonly wanted?: Wanted;
}

/** All files that a schedule of any kind has. */
export const FILES = [
  `/etc/systemd/system/${SERVICE}`,
  `/etc/systemd/system/${TIMER}`,
  CRON_FILE,
  LOGROTATE_FILE,
] as const;

/** As sd_booted(3) tells it. */
export const runsSystemd = (machine: Machine): boolean => isFolder(`${machine.root}/run/systemd/system`);

export const hasLogrotate = (machine: Machine): boolean =>
  isFolder(`${machine.root}${dirname(LOGROTATE_FILE)}`);
export const hasCron = (machine: Machine): boolean => isFolder(`${machine.root}${dirname(CRON_FILE)}`);

/** What lies at all places that a schedule may have. */
export const find = (machine: Machine, wanted: readonly Wanted[]): readonly Found[] =>
  FILES.map((path) => {
    const text = textOf(`${machine.root}${path}`);
    const file = wanted.find((one) => one.path === path);
    return {
      path,
      ...(text === undefined ? {} : { text }),
      ours: text !== undefined && isOurs(text),
      ...(file === undefined ? {} : { wanted: file }),
    };
  });

/** Differs from what it shall be: to be written, or to be taken away. */
export const differs = ({ text, ours, wanted }: Found): boolean =>
  wanted === undefined ? ours : text !== wanted.text;

export const kindOf = (found: readonly Found[]): Kind | undefined => {
  const has = (path: string): boolean => found.some((one) => one.path === path && one.ours);
  return has(FILES[1]) ? "systemd" : has(CRON_FILE) ? "cron" : undefined;
};

/** A run that ends badly after its unit has gone would be remembered as failed; one that takes longer is let go on. */
const AWAIT_END = `n=0; while [ "$(systemctl is-active ${SERVICE})" = activating ] && [ $n -lt 50 ]; do ` +
  "n=$((n + 1)); sleep 1; done";

/** Makes the files what they shall be; those of others are not touched. Starts the timer where it is systemd's. */
export async function put(machine: Machine, found: readonly Found[]): Promise<void> {
  const units = found.filter((one) => one.path.startsWith("/etc/systemd/"));
  const timer = units.find((one) => one.path === FILES[1]);
  const runs = timer?.wanted !== undefined;
  if (!runs && timer?.ours) {
    await machine.sh(`systemctl disable --quiet --now ${TIMER}`);
    await machine.sh(AWAIT_END);
  }
  for (const one of found.filter(differs)) {
    const path = `${machine.root}${one.path}`;
    if (one.wanted === undefined) await Deno.remove(path);
    else await writeAside(path, one.wanted.text, one.wanted.mode);
  }
  // Also when the files are as they shall be: an install that was killed may have told systemd none of it.
  if (runs || units.some(differs)) await machine.sh("systemctl daemon-reload");
  if (runs) {
    await machine.sh(`systemctl enable --quiet ${TIMER}`);
    // A timer that runs keeps the times that it was started with.
    await machine.sh(`systemctl restart ${TIMER}`);
  } else if (units.some(differs)) {
    // A unit that failed is remembered by its name, also when its file is gone.
    await machine.sh(`systemctl reset-failed --quiet ${SERVICE} 2>/dev/null || :`);
  }
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
