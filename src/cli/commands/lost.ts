/**
 * Commands for the day on which a cluster is lost, or was.
 *
 * @module
 */
import { buildCommand } from "@stricli/core";
import type { GlobalFlags } from "../cli.ts";
import { globalAliases, globalFlags, oneService, output, services, withOutput } from "../flags.ts";
import { docs } from "../help.ts";
import { lazy } from "../lazy.ts";
import type { StatusFlags } from "./keep.ts";

export const snapshots = buildCommand({
  func: lazy<StatusFlags, string[]>(() => import("../snapshots.ts")),
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
export const forget = buildCommand({
  func: lazy<ForgetFlags, [string]>(() => import("../forget.ts")),
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
