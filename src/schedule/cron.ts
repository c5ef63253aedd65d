/**
 * The file for cron. It lies in /etc/cron.d and not in a user's crontab: a file of its own is written, compared and taken
 * away without touching anybody's entries, and configuration management that rewrites a crontab does not lose it.
 *
 * @module
 */
import { quote } from "../playbook/render.ts";
import { GRACE_S, heading, jitterS, type Schedule, type Wanted, words } from "./schedule.ts";

export const CRON_FILE = "/etc/cron.d/quorate";

/** What the lines may be long: cron's own limit is 1000, less the user and the times. */
const LONGEST = 960;

/** Held by a run, and afterwards the exit code of the newest one; no service's name begins with a dot. */
export const lastRun = (state: string): string => `${state}/locks/.schedule`;

/** The file, or why cron cannot do it. */
export function cronFile(schedule: Schedule): Wanted | string {
  const times = timesOf(schedule.everyMs);
  if (times === undefined) {
    return "cron counts in whole minutes or hours from the full one: --every 1m, 2m, 3m, 4m, 5m, 6m, 10m, 12m, 15m, " +
      "20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h";
  }
  const line = command(schedule).replaceAll("%", "\\%");
  if (line.length > LONGEST) {
    return `its line would have ${line.length} characters, more than cron reads: use shorter paths`;
  }
  const text = `${heading(schedule, "Do not edit: install it anew.")}
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
MAILTO=""
${schedule.cache === undefined ? "" : `QUORATE_CACHE="${schedule.cache}"\n`}${times} root ${line}
`;
  return { path: CRON_FILE, text, mode: 0o644 };
}

/**
 * One run, as `sh` reads it: never two at a time, a little later than the full minute, what it says to the log and not
 * into a mail each minute, its exit code into the lock's file. The lock is held by this shell alone: what a run leaves in
 * the background has no part in it, and neither has who reads the output, so that nothing outlives the run as its lock.
 */
export function command(schedule: Schedule): string {
  const { state, limitMs } = schedule;
  const file = quote(lastRun(state));
  const run = ["timeout", "-k", String(GRACE_S), String(Math.ceil(limitMs / 1000)), ...words(schedule)];
  // To append truncates nothing: until the lock is had, the file tells of another run.
  return `umask 077; mkdir -p ${quote(`${state}/locks`)} && { flock -n 9 || exit 0; ${
    pause(jitterS(schedule))
  }${run.map(quote).join(" ")} 9>&-; echo $? >${file}; } 2>&1 9>>${file} | logger -t quorate`;
}

/** sh has no random numbers of its own. */
const pause = (seconds: number): string =>
  seconds === 0 ? "" : `sleep $(($(od -An -N2 -tu2 /dev/urandom)*${seconds}/65536)); `;

function timesOf(everyMs: number): string | undefined {
  const minutes = everyMs / 60_000;
  if (minutes === 1) return "* * * * *";
  if (Number.isInteger(minutes) && minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
  const hours = minutes / 60;
  return Number.isInteger(hours) && 24 % hours === 0
    ? `0 ${hours === 1 ? "*" : `*/${hours}`} * * *`
    : undefined;
}
