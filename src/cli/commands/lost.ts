/**
 * Commands for the day on which a cluster is lost, or was.
 *
 * @module
 */
import { buildCommand } from "@stricli/core";
import type { Cli, GlobalFlags } from "../cli.ts";
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

export type AgainFlags = GlobalFlags & {
  readonly output: "text" | "json" | "sh";
  readonly gone?: readonly string[];
  readonly from?: string;
  readonly dryRun: boolean;
  readonly yesLoseWrites: boolean;
};
const oneNode = {
  kind: "parsed",
  parse: (input: string) => input,
  optional: true,
  placeholder: "NODE",
  async proposeCompletions(this: Cli) {
    return (await this.names()).nodes;
  },
} as const;
const againFlags = {
  output: output(["text", "json", "sh"]),
  gone: {
    ...oneNode,
    variadic: true,
    brief: "A host that never comes back with what it holds; may be given several times",
  },
  dryRun: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Only show what would be done; -o sh implies it",
  },
  yesLoseWrites: { kind: "boolean", default: false, withNegated: false, brief: "Do not ask; for scripts" },
} as const;
const theService = {
  kind: "tuple",
  parameters: [{ ...oneService, optional: false, brief: "A service of the config" }],
} as const;

export type RecoverFlags = AgainFlags;
export const recover = buildCommand({
  func: lazy<RecoverFlags, [string]>(() => import("../recover.ts")),
  parameters: {
    flags: {
      ...againFlags,
      from: { ...oneNode, brief: "Begin with this node's disk [else the most advanced]" },
      ...globalFlags,
    },
    aliases: withOutput,
    positional: theService,
  },
  docs: docs("recover", "Begin again with what is left of a cluster whose quorum is lost for good", [
    ["recover metadata --dry-run", "what would be done, and what may be lost"],
    ["recover metadata --gone n2 --gone n3", "shows it, asks, and does it"],
  ]),
});

export type RestoreFlags = AgainFlags & { readonly snapshot?: string; readonly foreign: boolean };
export const restore = buildCommand({
  func: lazy<RestoreFlags, [string]>(() => import("../restore.ts")),
  parameters: {
    flags: {
      ...againFlags,
      from: { ...oneNode, brief: "Begin on this node [else the first member that can]" },
      snapshot: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        placeholder: "FILE",
        brief: "A file, or the name of one that is kept [else the newest that is kept]",
      },
      foreign: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "The snapshot is of other hosts, and meant for these",
      },
      ...globalFlags,
    },
    aliases: withOutput,
    positional: theService,
  },
  docs: docs("restore", "Begin again with a snapshot, on empty hosts or over what is left of a cluster", [
    ["restore metadata --dry-run", "the newest that is kept: what would be done, and what is lost"],
    ["restore metadata --snapshot /root/snapshot.db", "shows it, asks, and does it"],
  ]),
});
