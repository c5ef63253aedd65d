/**
 * What `--help` shows besides the flags.
 *
 * @module
 */
import type { Command } from "@stricli/core";
import type { Cli } from "./cli.ts";

const usages = {
  plan: "[-o text|json|yaml|sh] [--detailed-exitcode] [SERVICE...]",
  apply: "[-o text|json] [--jitter DURATION] [--parallel N] [--deadline DURATION] [SERVICE...]",
  status: "[-o text|json|yaml] [SERVICE...]",
  recover: "SERVICE [--gone NODE...] [--from NODE] [--dry-run] [--yes-lose-writes] [-o text|json|sh]",
  restore:
    "SERVICE [--snapshot FILE] [--gone NODE...] [--from NODE] [--foreign] [--dry-run] [--yes-lose-writes] [-o text|json|sh]",
  forget: "SERVICE --cluster-id ID [--yes]",
  snapshots: "[-o text|json|yaml] [SERVICE...]",
  validate: "",
  explain: "CASE [--node NODE] [-o text|json|yaml|sh] [SERVICE]",
  simulate: "[SERVICE] [--seeds N] [--seed S]",
  journal: "[RUN|SERVICE] [-n N] [-f] [-o text|json]",
  schedule: "install|show|remove [--every TIME] [--with systemd|cron] [--dry-run]",
  init: "[--from HOST [--option NAME=VALUE]] [FILE]",
  check: "FILE",
  types: "[DIR]",
  schema: "",
  completion: "bash|zsh|fish",
} as const;
type Name = keyof typeof usages;

/** A command's documentation; its examples are a command line and what it is good for. */
export const docs = (
  name: Name,
  brief: string,
  examples: readonly (readonly [line: string, what: string])[],
) => {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  quorate ${line.padEnd(width)}  ${what}`.trimEnd());
  return {
    brief,
    customUsage: [usages[name]],
    fullDescription: [`${brief}.`, "", "EXAMPLES", ...lines].join("\n"),
  };
};

/** The parser's own usage line of a command would show only what is required. */
export const shown = <C extends Command<Cli>>(name: Name, command: C): C => ({
  ...command,
  formatUsageLine: ({ prefix }: { readonly prefix: readonly string[] }) =>
    [...prefix, usages[name]].join(" ").trimEnd(),
});

export const rootHelp = [
  "Keeps the members of quorum services as one config file says, over SSH.",
  "",
  "EXAMPLES",
  "  quorate init && quorate validate   start with a config",
  "  quorate plan                       see what would change",
  "  quorate apply                      change it; a timer may run this",
  "  quorate schedule install           make that timer",
  "  quorate apply --help               more about one command",
].join("\n");
