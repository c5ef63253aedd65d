/**
 * All commands: what each takes. What each does is imported only when it runs.
 *
 * @module
 */
import {
  buildApplication,
  buildChoiceParser,
  buildCommand,
  buildRouteMap,
  help,
  text_en,
  version,
} from "@stricli/core";
import type { Cli, GlobalFlags } from "./cli.ts";
import { type Case, caseNames } from "../model/change.ts";
import { globalAliases, globalFlags, oneService, services, time } from "./flags.ts";
import { guarded } from "./guarded.ts";
import { docs, rootHelp, shown } from "./help.ts";
import { versionText } from "./version.ts";

const output = <const V extends string>(values: readonly V[]) =>
  ({ kind: "enum", values, default: "text", brief: "How to print it" }) as const;
const withOutput = { ...globalAliases, o: "output" } as const;

/** A command's module gives a function of the flags and arguments that returns an exit code. */
type Run<F extends GlobalFlags, A extends readonly unknown[]> = (
  cli: Cli,
  flags: F,
  ...args: A
) => Promise<number>;
const lazy = <F extends GlobalFlags, A extends readonly unknown[]>(
  load: () => Promise<{ readonly default: Run<F, A> }>,
) =>
  async function (this: Cli, flags: F, ...args: A): Promise<void> {
    this.process.exitCode = await guarded(this, flags, async () =>
      (await load()).default(this, flags, ...args));
  };

export type PrintedPlan = GlobalFlags & { readonly output: "text" | "json" | "yaml" | "sh" };
export type PlanFlags = PrintedPlan & { readonly detailedExitcode: boolean };
const plan = buildCommand({
  func: lazy<PlanFlags, string[]>(() => import("./plan.ts")),
  parameters: {
    flags: {
      output: output(["text", "json", "yaml", "sh"]),
      detailedExitcode: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Exit with 2 when changes are pending",
      },
      ...globalFlags,
    },
    aliases: withOutput,
    positional: services,
  },
  docs: docs("plan", "Show what apply would change, down to each command", [
    ["plan", "all services"],
    ["plan metadata -o sh > runbook.sh", "the same as shell text to be typed"],
    ["plan -q --detailed-exitcode", "for a script: 0 steady, 2 changes, 3 refused, 4 quorum lost"],
  ]),
});

export type ApplyFlags = GlobalFlags & {
  readonly output: "text" | "json";
  /** Milliseconds, as the next. */
  readonly jitter?: number;
  readonly deadline?: number;
  readonly parallel?: number;
};
const apply = buildCommand({
  func: lazy<ApplyFlags, string[]>(() => import("./apply.ts")),
  parameters: {
    flags: {
      output: output(["text", "json"]),
      jitter: { ...time, brief: "Wait before the run, at random up to so long" },
      parallel: {
        kind: "parsed",
        parse: atLeastOne,
        optional: true,
        placeholder: "N",
        brief: "So many services at a time [else all]",
      },
      deadline: { ...time, brief: "After so long no step is begun any more; the next run goes on" },
      ...globalFlags,
    },
    aliases: withOutput,
    positional: services,
  },
  docs: docs("apply", "Bring the members to what the config says, as far as that is safe now", [
    ["apply", "all services; says nothing when there is nothing to do"],
    ["apply metadata -v", "one service, with what is seen and run"],
    ["apply -o json", "one event a line"],
  ]),
});

export type StatusFlags = GlobalFlags & { readonly output: "text" | "json" | "yaml" };
const status = buildCommand({
  func: lazy<StatusFlags, string[]>(() => import("./status.ts")),
  parameters: {
    flags: { output: output(["text", "json", "yaml"]), ...globalFlags },
    aliases: withOutput,
    positional: services,
  },
  docs: docs("status", "Show members, nodes and what to look after", [
    ["status", "all services"],
    ["status metadata -o json", "one service, for a program"],
  ]),
});

const snapshots = buildCommand({
  func: lazy<StatusFlags, string[]>(() => import("./snapshots.ts")),
  parameters: {
    flags: { output: output(["text", "json", "yaml"]), ...globalFlags },
    aliases: withOutput,
    positional: services,
  },
  docs: docs("snapshots", "List the snapshots that are kept, as their files are; no host is asked", [
    ["snapshots", "age, size, revision, hash and what is damaged, of all services"],
    ["snapshots metadata -o json", "one service, for a program"],
  ]),
});

export type ForgetFlags = GlobalFlags & { readonly clusterId: string; readonly yes: boolean };
const forget = buildCommand({
  func: lazy<ForgetFlags, [string]>(() => import("./forget.ts")),
  parameters: {
    flags: {
      clusterId: {
        kind: "parsed",
        parse: (input: string) => input,
        placeholder: "ID",
        brief: "The cluster that was destroyed, as a latch names it",
      },
      yes: { kind: "boolean", default: false, withNegated: false, brief: "Do not ask; for scripts" },
      ...globalFlags,
    },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{ ...oneService, optional: false, brief: "A service of the config" }],
    },
  },
  docs: docs("forget", "Take away what was written down of a cluster that was destroyed on purpose", [
    [
      "forget metadata --cluster-id cdf818194e3a8c32",
      "asks; refuses while anything of it answers, runs or holds data",
    ],
  ]),
});

const validate = buildCommand({
  func: lazy<GlobalFlags, []>(() => import("./validate.ts")),
  parameters: { flags: globalFlags, aliases: globalAliases },
  docs: docs("validate", "Check the config without touching any host", [
    ["validate", "exit code 78 when it is wrong"],
    ["validate -c other.yaml", "another file"],
  ]),
});

export type ExplainFlags = PrintedPlan & { readonly node?: string };
const explain = buildCommand({
  func: lazy<ExplainFlags, [Case, string | undefined]>(() => import("./explain.ts")),
  parameters: {
    flags: {
      output: output(["text", "json", "yaml", "sh"]),
      node: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        placeholder: "NODE",
        brief: "The node that the change is about",
        async proposeCompletions(this: Cli) {
          return (await this.names()).nodes;
        },
      },
      ...globalFlags,
    },
    aliases: withOutput,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: buildChoiceParser(caseNames),
          placeholder: "CASE",
          brief: caseNames.join(", "),
          proposeCompletions: () => caseNames,
        },
        { ...oneService, brief: "A service of the config; the first one unless told" },
      ],
    },
  },
  docs: docs("explain", "Show the steps of a case on sample facts, without touching any host", [
    ["explain add --node n4", "what adding n4 would do"],
    ["explain replace metadata", "the steps of one service"],
  ]),
});

export type JournalFlags = GlobalFlags & {
  readonly output: "text" | "json";
  readonly number: number;
  readonly follow: boolean;
};
const journal = buildCommand({
  func: lazy<JournalFlags, [string | undefined]>(() => import("./journal.ts")),
  parameters: {
    flags: {
      output: output(["text", "json"]),
      number: {
        kind: "parsed",
        parse: atLeastOne,
        default: "10",
        placeholder: "N",
        brief: "The newest N runs",
      },
      follow: { kind: "boolean", default: false, withNegated: false, brief: "Print what comes, as it comes" },
      ...globalFlags,
    },
    aliases: { ...withOutput, n: "number", f: "follow" },
    positional: {
      kind: "tuple",
      parameters: [{
        ...oneService,
        placeholder: "RUN|SERVICE",
        brief: "A run by the beginning of its id, step by step; or only runs of this service",
      }],
    },
  },
  docs: docs("journal", "Show what former runs did; runs with nothing to do leave no entry", [
    ["journal", "the newest ten runs, a line each"],
    ["journal 3f9a21c0", "one of them, step by step"],
    ["journal metadata -n 1", "the newest one of a service"],
    ["journal --follow", "what runs do, as they do it"],
  ]),
});

const scheduleActions = ["install", "show", "remove"] as const;
export type ScheduleAction = typeof scheduleActions[number];
export type ScheduleFlags = GlobalFlags & {
  readonly every?: string;
  readonly with?: "systemd" | "cron";
  readonly dryRun: boolean;
};
const schedule = buildCommand({
  func: lazy<ScheduleFlags, [ScheduleAction]>(() => import("./schedule.ts")),
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

export type SimulateFlags = GlobalFlags & { readonly seeds: number; readonly seed?: number };
const simulate = buildCommand({
  func: lazy<SimulateFlags, [string | undefined]>(() => import("./simulate.ts")),
  parameters: {
    flags: {
      seeds: {
        kind: "parsed",
        parse: atLeastOne,
        default: "1000",
        placeholder: "N",
        brief: "How many schedules of faults to play",
      },
      seed: {
        kind: "parsed",
        parse: atLeastOne,
        optional: true,
        placeholder: "S",
        brief: "Play this one, and print all that happens in it",
      },
      ...globalFlags,
    },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{ ...oneService, brief: "A service of the config; the first one unless told" }],
    },
  },
  docs: docs("simulate", "Run the config against simulated hosts on which everything goes wrong", [
    ["simulate", "a thousand schedules of the first service; no host is asked"],
    ["simulate metadata --seeds 100000", "as many as you have patience for"],
    ["simulate --seed 37", "one of them again, as a timeline"],
  ]),
});

const check = buildCommand({
  func: lazy<GlobalFlags, [string]>(() => import("./check.ts")),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: (input: string) => input,
        placeholder: "FILE",
        brief: "A playbook or a plugin, in TypeScript",
      }],
    },
  },
  docs: docs("check", "Check a playbook or a plugin of your own, without touching any host", [
    ["check playbook.ts", "every case on sample facts, for three nodes and one to spare"],
    ["check -c quorate.yaml playbook.ts", "for the service of a config that names it"],
  ]),
});

const types = buildCommand({
  func: lazy<GlobalFlags, [string]>(() => import("./types.ts")),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: (input: string) => input,
        default: ".",
        placeholder: "DIR",
        brief: "The folder to make ready",
      }],
    },
  },
  docs: docs(
    "types",
    "Make a folder ready for writing playbooks: types for any editor, tsconfig.json, deno.json",
    [
      ["types", "this folder"],
      ["types /etc/quorate", "where the config is"],
    ],
  ),
});

export type InitFlags = GlobalFlags & {
  readonly from?: readonly string[];
  readonly option?: readonly string[];
  readonly service?: string;
};
const init = buildCommand({
  func: lazy<InitFlags, [string]>(() => import("./init.ts")),
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
        brief: "What the service is that the config begins with, etcd or zookeeper; etcd unless told",
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
    ["init --service zookeeper", "for an ensemble of ZooKeeper"],
    ["init --from root@n1", "of the cluster that runs on n1, as it is; nothing is changed on any host"],
  ]),
});

const schema = buildCommand({
  func: lazy<GlobalFlags, []>(() => import("./schema.ts")),
  parameters: { flags: globalFlags, aliases: globalAliases },
  docs: docs("schema", "Print the JSON Schema of the config, for editors", [
    ["schema > quorate.schema.json", "for `# yaml-language-server: $schema=quorate.schema.json`"],
  ]),
});

export type Shell = "bash" | "zsh" | "fish";
const shells: readonly Shell[] = ["bash", "zsh", "fish"];
const completion = buildCommand({
  func: lazy<GlobalFlags, [Shell]>(() => import("./completion.ts")),
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

function atLeastOne(input: string): number {
  const n = Number(input);
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError("it must be a whole number of at least 1");
  return n;
}

const routes = buildRouteMap({
  routes: {
    plan: shown("plan", plan),
    apply: shown("apply", apply),
    status: shown("status", status),
    snapshots: shown("snapshots", snapshots),
    forget: shown("forget", forget),
    validate: shown("validate", validate),
    explain: shown("explain", explain),
    simulate: shown("simulate", simulate),
    journal: shown("journal", journal),
    schedule: shown("schedule", schedule),
    init: shown("init", init),
    check: shown("check", check),
    types: shown("types", types),
    schema: shown("schema", schema),
    completion: shown("completion", completion),
  },
  docs: {
    brief: "Keeps the members of quorum services as a config says",
    fullDescription: rootHelp,
  },
});

const formatting = {
  caseStyle: "convert-camel-to-kebab",
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: true,
} as const;

export const app = buildApplication(routes, {
  name: "quorate",
  scanner: {
    caseStyle: "allow-kebab-for-camel",
    allowArgumentEscapeSequence: true,
    // As many edits as a slip of the fingers makes; the default would take any word for a typo of any other.
    distanceOptions: {
      threshold: 3,
      weights: { insertion: 1, deletion: 3, substitution: 2, transposition: 0 },
    },
  },
  documentation: { disableAnsiColor: true },
  localization: {
    text: {
      ...text_en,
      exceptionWhileParsingArguments: (error) =>
        `quorate: ${error instanceof Error ? error.message : error}; see --help`,
      noCommandRegisteredForInput: ({ input, corrections }) =>
        `quorate: there is no command ${input}` +
        (corrections.length > 0 ? `, did you mean ${corrections.join(" or ")}?` : "; see --help"),
    },
  },
}, {
  help: help({ brief: "Print help and exit", defaultForRouteMap: true, formatting, complete: true }),
  version: version({
    brief: "Print the version and exit",
    alias: false,
    info: { currentVersion: versionText() },
    complete: true,
  }),
});
