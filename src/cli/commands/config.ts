/**
 * Commands around the config and this machine: nothing that they do changes a member.
 *
 * @module
 */
import { buildChoiceParser, buildCommand } from "@stricli/core";
import type { GlobalFlags } from "../cli.ts";
import { builtIn } from "../built_in.ts";
import { globalAliases, globalFlags } from "../flags.ts";
import { docs } from "../help.ts";
import { lazy } from "../lazy.ts";

export type InitFlags = GlobalFlags & {
  readonly from?: readonly string[];
  readonly option?: readonly string[];
  readonly service?: string;
};
export const init = buildCommand({
  func: lazy<InitFlags, [string]>(() => import("../init.ts")),
  parameters: {
    flags: {
      from: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        variadic: true,
        placeholder: "HOST",
        brief: "Take over the running cluster of this host, [user@]host[:port]; may be given several times",
      },
      option: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        variadic: true,
        placeholder: "NAME=VALUE",
        brief: "With --from: an option of the service that hosts cannot tell",
      },
      service: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        placeholder: "PLUGIN",
        brief: `What the config begins with, ${builtIn.join(" or ")} [else ${
          builtIn[0]
        }; with --from what runs there]`,
      },
      ...globalFlags,
    },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: (input: string) => input,
        default: "quorate.yaml",
        placeholder: "FILE",
        brief: "What to write; - for standard output",
      }],
    },
  },
  docs: docs("init", "Write a config to start from; a file that is there is left alone", [
    ["init", "writes ./quorate.yaml"],
    ["init /etc/quorate/quorate.yaml", "where cron's root finds it"],
    [`init --service ${builtIn.at(-1)}`, `for a service of ${builtIn.at(-1)}, not of ${builtIn[0]}`],
    ["init --from root@n1", "of the cluster that runs on n1, as it is; nothing is changed on any host"],
  ]),
});

export const validate = buildCommand({
  func: lazy<GlobalFlags, []>(() => import("../validate.ts")),
  parameters: { flags: globalFlags, aliases: globalAliases },
  docs: docs("validate", "Check the config without touching any host", [
    ["validate", "exit code 78 when it is wrong"],
    ["validate -c other.yaml", "another file"],
  ]),
});

export const schema = buildCommand({
  func: lazy<GlobalFlags, []>(() => import("../schema.ts")),
  parameters: { flags: globalFlags, aliases: globalAliases },
  docs: docs("schema", "Print the JSON Schema of the config, for editors", [
    ["schema > quorate.schema.json", "for `# yaml-language-server: $schema=quorate.schema.json`"],
  ]),
});

const scheduleActions = ["install", "show", "remove"] as const;
export type ScheduleAction = typeof scheduleActions[number];
export type ScheduleFlags = GlobalFlags & {
  readonly every?: string;
  readonly with?: "systemd" | "cron";
  readonly dryRun: boolean;
};
export const schedule = buildCommand({
  func: lazy<ScheduleFlags, [ScheduleAction]>(() => import("../schedule.ts")),
  parameters: {
    flags: {
      every: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        placeholder: "TIME",
        brief: "From one run to the next, such as 30s or 5m [else 1m]",
      },
      with: {
        kind: "enum",
        values: ["systemd", "cron"],
        optional: true,
        brief: "Who starts the runs [else systemd where it runs, cron elsewhere]",
      },
      dryRun: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Only show what would be written",
      },
      ...globalFlags,
    },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: buildChoiceParser(scheduleActions),
        placeholder: "ACTION",
        brief: scheduleActions.join(", "),
        proposeCompletions: () => scheduleActions,
      }],
    },
  },
  docs: docs("schedule", "Run apply by a timer: of systemd where that runs, of cron elsewhere", [
    ["schedule install", "every minute; shows what it writes"],
    ["schedule install --every 5m --dry-run", "what it would write"],
    ["schedule show", "whether it is installed, the next run, and how the last one ended"],
    ["schedule remove", "takes away what it wrote, and nothing else"],
  ]),
});

export type Shell = "bash" | "zsh" | "fish";
const shells: readonly Shell[] = ["bash", "zsh", "fish"];
export const completion = buildCommand({
  func: lazy<GlobalFlags, [Shell]>(() => import("../completion.ts")),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: buildChoiceParser(shells),
        placeholder: "SHELL",
        brief: shells.join(", "),
        proposeCompletions: () => shells,
      }],
    },
  },
  docs: docs("completion", "Print a completion script", [
    ["completion bash > /etc/bash_completion.d/quorate", "for all users"],
    ["completion zsh > ~/.zfunc/_quorate", "a folder of $fpath"],
    ["completion fish > ~/.config/fish/completions/quorate.fish", ""],
  ]),
});
