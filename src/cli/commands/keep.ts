/**
 * Commands that keep services as the config says, and show what was kept.
 *
 * @module
 */
import { buildCommand } from "@stricli/core";
import type { GlobalFlags } from "../cli.ts";
import { atLeastOne, globalFlags, oneService, output, services, time, withOutput } from "../flags.ts";
import { docs } from "../help.ts";
import { lazy } from "../lazy.ts";

export type PrintedPlan = GlobalFlags & { readonly output: "text" | "json" | "yaml" | "sh" };
export type PlanFlags = PrintedPlan & { readonly detailedExitcode: boolean };
export const plan = buildCommand({
  func: lazy<PlanFlags, string[]>(() => import("../plan.ts")),
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
export const apply = buildCommand({
  func: lazy<ApplyFlags, string[]>(() => import("../apply.ts")),
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
export const status = buildCommand({
  func: lazy<StatusFlags, string[]>(() => import("../status.ts")),
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

export type JournalFlags = GlobalFlags & {
  readonly output: "text" | "json";
  readonly number: number;
  readonly follow: boolean;
};
export const journal = buildCommand({
  func: lazy<JournalFlags, [string | undefined]>(() => import("../journal.ts")),
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
