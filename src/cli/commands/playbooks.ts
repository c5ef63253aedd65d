/**
 * Commands for whoever reads playbooks or writes them; no host is asked.
 *
 * @module
 */
import { buildChoiceParser, buildCommand } from "@stricli/core";
import type { Cli, GlobalFlags } from "../cli.ts";
import { type Case, caseNames } from "../../model/change.ts";
import { atLeastOne, globalAliases, globalFlags, oneService, output, withOutput } from "../flags.ts";
import { docs } from "../help.ts";
import { lazy } from "../lazy.ts";
import type { PrintedPlan } from "./keep.ts";

export type ExplainFlags = PrintedPlan & { readonly node?: string };
export const explain = buildCommand({
  func: lazy<ExplainFlags, [Case, string | undefined]>(() => import("../explain.ts")),
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

export type SimulateFlags = GlobalFlags & { readonly seeds: number; readonly seed?: number };
export const simulate = buildCommand({
  func: lazy<SimulateFlags, [string | undefined]>(() => import("../simulate.ts")),
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

export const check = buildCommand({
  func: lazy<GlobalFlags, [string]>(() => import("../check.ts")),
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

export const types = buildCommand({
  func: lazy<GlobalFlags, [string]>(() => import("../types.ts")),
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
