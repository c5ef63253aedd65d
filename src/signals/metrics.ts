/**
 * Prometheus metrics in the text format. The file is its own memory: counters go on from what it says, and services that
 * a run was not about keep their lines.
 *
 * @module
 */
import type { Outcome } from "../model/event.ts";
import type { Account } from "./account.ts";
import { isWell } from "./message.ts";

/** Each with its type and its help, in the order of the file. */
const families = {
  quorate_build_info: ["gauge", "The version that wrote this file."],
  quorate_run_timestamp_seconds: ["gauge", "When the newest run of a service ended, in seconds since 1970."],
  quorate_run_success_timestamp_seconds: ["gauge", "When a run last found or made everything as desired."],
  quorate_run_duration_seconds: ["gauge", "How long the newest run took."],
  quorate_run_outcome: ["gauge", "How the newest run ended: 1 for that outcome, 0 for the others."],
  quorate_runs_total: ["counter", "Runs by how they ended."],
  quorate_changes_total: ["counter", "Changes that were completed."],
  quorate_quorum_held: ["gauge", "Whether the members were seen to hold a quorum."],
  quorate_voters: ["gauge", "Voters in the member record."],
  quorate_voters_healthy: ["gauge", "Voters that were seen healthy."],
  quorate_voters_needed: ["gauge", "Voters that make a quorum."],
  quorate_refused: ["gauge", "1 for each safety rule that refused a change in the newest run."],
} as const;
type Family = keyof typeof families;

const outcomes: readonly Outcome[] = [
  "steady",
  "converged",
  "yielded",
  "failed",
  "refused",
  "quorumLost",
  "unfinished",
];

/** "name{labels}" → value, in the order of the file. */
export type Samples = ReadonlyMap<string, number>;

/** What a file of ours says; lines of another shape are left out. */
export function samplesIn(text: string): Samples {
  const lines = text.split("\n").flatMap((line): readonly (readonly [string, number])[] => {
    const [, key, value] = /^(quorate_\w+\{[^}]*\}) (\S+)$/.exec(line) ?? [];
    return key === undefined || !Number.isFinite(Number(value)) ? [] : [[key, Number(value)]];
  });
  return new Map(lines);
}

/** The samples with those of runs that have ended; services that are not of the config any more go. */
export function updated(
  before: Samples,
  accounts: readonly Account[],
  services: readonly string[] | undefined,
): Samples {
  const kept = [...before].filter(([key]) => {
    const service = /\{service="([^"]*)"/.exec(key)?.[1];
    return service !== undefined && (services?.includes(service) ?? true);
  });
  return accounts.reduce(withRun, new Map(kept));
}

function withRun(before: Samples, account: Account): Samples {
  const { service, end, seen, refusals, time } = account;
  if (end === undefined) return before;
  const now = new Map(
    [...before].filter(([key]) => !key.startsWith(keyOf("quorate_refused", { service }, false))),
  );
  const set = (family: Family, value: number, more: Labels = {}): void => {
    now.set(keyOf(family, { service, ...more }), value);
  };
  const count = (family: Family, by: number, more: Labels = {}): void =>
    set(family, (before.get(keyOf(family, { service, ...more })) ?? 0) + by, more);
  const ended = Date.parse(time) / 1000;
  set("quorate_run_timestamp_seconds", ended);
  if (isWell(account)) set("quorate_run_success_timestamp_seconds", ended);
  set("quorate_run_duration_seconds", Math.round(end.ms) / 1000);
  for (const outcome of outcomes) {
    set("quorate_run_outcome", outcome === end.outcome ? 1 : 0, { outcome });
    count("quorate_runs_total", outcome === end.outcome ? 1 : 0, { outcome });
  }
  count("quorate_changes_total", end.changed);
  if (seen !== undefined) {
    set("quorate_quorum_held", seen.state === "held" ? 1 : 0);
    set("quorate_voters", seen.quorum.voters);
    set("quorate_voters_healthy", seen.quorum.healthy);
    set("quorate_voters_needed", seen.quorum.needed);
  }
  for (const { rule } of refusals) set("quorate_refused", 1, { rule });
  return now;
}

type Labels = Readonly<Record<string, string>>;
/** Names of services have no character that would have to be escaped. */
const keyOf = (family: Family, labels: Labels, whole = true): string =>
  `${family}{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(",")}${
    whole ? "}" : ""
  }`;

/** The file. */
export function metricsText(samples: Samples, version: string): string {
  const all = [[keyOf("quorate_build_info", { version }), 1] as const, ...samples];
  return Object.entries(families).flatMap(([family, [type, help]]) => {
    const own = all.filter(([key]) => key.startsWith(`${family}{`));
    return own.length === 0 ? [] : [
      `# HELP ${family} ${help}`,
      `# TYPE ${family} ${type}`,
      ...own.map(([key, value]) => `${key} ${value}`),
    ];
  }).join("\n") + "\n";
}
