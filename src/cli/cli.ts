/**
 * What a command is given: the two streams, the environment, and what the flags that all commands share say.
 *
 * @module
 */
import type { CommandContext, StricliProcess } from "@stricli/core";
import { isAbsolute, join } from "node:path";
import type { Size } from "../report/live.ts";
import { ink, type Line } from "../report/lines.ts";

/** Exit codes that are not an outcome of a run: sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  refused: 3,
  usage: 64,
  crash: 70,
  config: 78,
  interrupted: 130,
} as const;

export interface Stream {
  write(text: string): void;
  readonly terminal: boolean;
  size(): Size;
  /** Whether its reader has gone, as far as was noticed. */
  closed?(): boolean;
}

export interface Cli extends CommandContext {
  readonly process: StricliProcess;
  readonly out: Stream;
  readonly err: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Names of the config, for completion: empty where there is none that can be read. */
  readonly names: () => Promise<{ readonly services: readonly string[]; readonly nodes: readonly string[] }>;
}

export interface GlobalFlags {
  readonly config?: string;
  readonly quiet: boolean;
  /** How often `-v` was given. */
  readonly verbose?: number;
  readonly color: "auto" | "always" | "never";
  readonly noInput: boolean;
  readonly state?: string;
}

/** NO_COLOR (no-color.org) and a terminal without colours decide where the flag leaves it open. */
export const coloured = (cli: Cli, stream: Stream, { color }: GlobalFlags): boolean =>
  color === "always" ||
  (color === "auto" && stream.terminal && !cli.env["NO_COLOR"] && cli.env["TERM"] !== "dumb");

export const isVerbose = ({ verbose }: GlobalFlags): boolean => (verbose ?? 0) > 0;

/** Data, on stdout. */
export const print = (cli: Cli, flags: GlobalFlags, lines: readonly Line[]): void =>
  cli.out.write(ink(lines, coloured(cli, cli.out, flags)));

/** Everything else, on stderr. */
export const say = (cli: Cli, flags: GlobalFlags, lines: readonly Line[]): void =>
  cli.err.write(ink(lines, coloured(cli, cli.err, flags)));

/** The command cannot be carried out as it was typed. */
export function misused(cli: Cli, flags: GlobalFlags, message: string): number {
  say(cli, flags, [[["red", "quorate: "], message]]);
  return EXIT.usage;
}

/** Where memory, journal, locks and snapshots are. */
export function stateDir({ env, cwd }: Cli, { state }: GlobalFlags): string {
  const named = state ?? env["QUORATE_STATE"];
  if (named) return isAbsolute(named) ? named : join(cwd, named);
  if (Deno.uid() === 0) return "/var/lib/quorate";
  const xdg = env["XDG_STATE_HOME"];
  return xdg && isAbsolute(xdg)
    ? join(xdg, "quorate")
    : join(env["HOME"] ?? cwd, ".local", "state", "quorate");
}
