/**
 * Which of a host's processes is the service that is to be taken over, as `quorate_processes` tells them, and what hosts
 * have to have in common: what every plugin's {@linkcode Adopt} needs.
 *
 * @module
 */
import type { Remark, Wishes } from "./adopt.ts";
import type { Asks } from "./plugin.ts";

/** What is looked for. */
export interface Sought {
  /** As a person calls the service. */
  readonly called: string;
  /** Whether `options.unit` can name a unit. */
  isUnit(unit: string): boolean;
}

/** A process and the systemd unit that runs it. */
export interface Running {
  readonly pid: string;
  readonly unit: string;
}

export type Stop = (what: string, now: string) => Remark;

/** Reasons on one host. */
export const stopOn = (host: string): Stop => (what, now) => ({
  kind: "stop",
  what: `${host}: ${what}`,
  now,
});

/** Lines of an answer, without those that hold what no config can. */
export const linesOf = (text: string | undefined): readonly string[] =>
  (text ?? "").split("\n").filter((line) => line !== "" && printable(line));
export const printable = (text: string): boolean => !unprintable.test(text);
// deno-lint-ignore no-control-regex -- these are what a value must not have
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/;

/** An absolute path below the root, as options take it. */
export const isPath = (text: string | undefined): text is string =>
  text !== undefined && /^\/(?!\/*$)/.test(text) && printable(text);

interface Process extends Running {
  readonly where: string;
}

/** The processes that the answer `processes` names. */
export const processesOf = (asks: Asks): readonly Process[] =>
  linesOf(asks.processes?.out).flatMap((line) => {
    const [, pid, where, unit] = /^(\d+) (host|user|container) (\S+)$/.exec(line) ?? [];
    return pid === undefined || where === undefined || unit === undefined ? [] : [{ pid, where, unit }];
  });

/** The one that a unit of the host's runs, or why there is none that could be taken over. */
export function runningOn(
  host: string,
  asks: Asks,
  { called, isUnit }: Sought,
  wishes: Wishes,
): Running | Remark {
  const stop = stopOn(host);
  const processes = processesOf(asks);
  const own = processes.filter((p) => p.where === "host");
  if (own.length === 0 && processes.some((p) => p.where === "container")) {
    return stop(
      `${called} runs in a container, which is not supported yet: its life is the container runtime's, so no systemd ` +
        "unit can be fenced (S16, S17)",
      `run ${called} from a systemd unit on the host itself, one member at a time, and adopt it then`,
    );
  }
  if (own.length === 0 && processes.length > 0) {
    return stop(
      `${called} runs under a user's own systemd`,
      "run it from a unit of the system, and adopt it then",
    );
  }
  const named = wishes.unit === undefined ? own : own.filter((p) => p.unit === wishes.unit);
  const [one, ...others] = named;
  if (one === undefined) {
    return own.length === 0
      ? stop(
        `no ${called} runs there`,
        "start it, or name a host where it runs; a cluster is read from what runs",
      )
      : stop(
        `${wishes.unit} runs no ${called}; ${own.map((p) => p.unit).join(", ")} does`,
        "name that: --option unit=…",
      );
  }
  if (others.length > 0) {
    return stop(
      `more than one ${called} runs there: ${named.map((p) => p.unit).join(", ")}`,
      "say which: --option unit=…; a config can have a service for each",
    );
  }
  if (one.unit === "-") {
    return stop(
      `${called} was started by hand, not by a systemd unit`,
      "write a unit for it and start it from there, one member at a time, and adopt it then",
    );
  }
  if (!isUnit(one.unit)) {
    return stop(`its unit is called ${one.unit}, which options.unit cannot name`, "give it another name");
  }
  return one;
}

/**
 * What must be the same on all hosts, because a config says it once: the value that they tell, undefined where nobody does.
 * Who differs is named to `stop`.
 */
export function sameOn<H extends { readonly name: string }, T extends string | number>(
  hosts: readonly H[],
  of: (host: H) => T | undefined,
  stop: (told: string) => void,
): T | undefined {
  const known = hosts.flatMap((h) => {
    const value = of(h);
    return value === undefined ? [] : [{ name: h.name, value }];
  });
  if (new Set(known.map((k) => k.value)).size > 1) stop(known.map((k) => `${k.name} ${k.value}`).join(", "));
  return known[0]?.value;
}

/** An address that is of no use to another host. */
export const isNowhere = (host: string): boolean => /^(localhost|127\..*|0\.0\.0\.0|::1?)$/.test(host);
