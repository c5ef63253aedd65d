/**
 * Flags and arguments that commands share.
 *
 * @module
 */
import type { FlagParametersForType, TypedPositionalParameters } from "@stricli/core";
import { LONGEST_MS, millis } from "../config/duration.ts";
import type { Cli, GlobalFlags } from "./cli.ts";

const text = (input: string): string => input;

/**
 * A path that is given. An empty one is a variable of a script that was not set: as a config it would be the folder that
 * the command happens to run in, and other members than those that are meant.
 */
function path(input: string): string {
  if (input === "") throw new RangeError("it must name a file or a folder");
  return input;
}

export const globalFlags: FlagParametersForType<GlobalFlags, Cli> = {
  config: {
    kind: "parsed",
    parse: path,
    optional: true,
    placeholder: "FILE",
    brief:
      "The config, a file or a folder [else $QUORATE_CONFIG, ./quorate.yaml, ~/.config/quorate/, /etc/quorate/]",
  },
  state: {
    kind: "parsed",
    parse: path,
    optional: true,
    placeholder: "DIR",
    brief: "Memory, journal, locks and snapshots [else $QUORATE_STATE, as root /var/lib/quorate]",
  },
  quiet: { kind: "boolean", default: false, withNegated: false, brief: "Say only what went wrong" },
  verbose: { kind: "counter", optional: true, brief: "Say also what was seen and which commands run" },
  color: {
    kind: "enum",
    values: ["auto", "always", "never"],
    default: "auto",
    brief: "Colours; NO_COLOR turns them off too",
  },
  noInput: { kind: "boolean", default: false, withNegated: false, brief: "Never ask a person anything" },
};
export const globalAliases = { c: "config", q: "quiet", v: "verbose" } as const;

/** A flag that is a duration; its value in milliseconds. */
export const time = {
  kind: "parsed",
  parse(input: string): number {
    const ms = millis(input);
    if (ms === undefined || ms < 1 || ms > LONGEST_MS) {
      throw new RangeError("it must be a duration such as 500ms, 5s, 10m or 1h");
    }
    return ms;
  },
  optional: true,
  placeholder: "DURATION",
} as const;
/** The services that a command is about; none named: all. */
export const services: TypedPositionalParameters<readonly string[], Cli> = {
  kind: "array",
  parameter: {
    parse: text,
    placeholder: "SERVICE",
    brief: "A service of the config; none named: all",
    proposeCompletions: proposeServices,
  },
};

/** One positional argument that is a service. */
export const oneService = {
  parse: text,
  optional: true,
  placeholder: "SERVICE",
  proposeCompletions: proposeServices,
} as const;

/** Who begins a flag need not wait for the config to be read. */
async function proposeServices(this: Cli, partial: string): Promise<readonly string[]> {
  return partial.startsWith("-") ? [] : (await this.names()).services;
}

/** How a command prints; text unless told. */
export const output = <const V extends string>(values: readonly V[]) =>
  ({ kind: "enum", values, default: "text", brief: "How to print it" }) as const;
export const withOutput = { ...globalAliases, o: "output" } as const;

export function atLeastOne(input: string): number {
  const n = Number(input);
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError("it must be a whole number of at least 1");
  return n;
}
