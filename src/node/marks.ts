/**
 * What Quorate leaves on a node, under `/var/lib/quorate/SERVICE/`: one file a mark, `key=value` lines, the first one
 * `quorate=1`. Written by `quorate_mark` and `quorate_mark_place`. A mark that is there and cannot be read whole is
 * `unknown`, never `none`: taking a torn latch for a missing one would let a wiped disk pass for a fresh one.
 *
 * | mark | lines |
 * |---|---|
 * | `latch` | `dataPath` `fsId` `clusterId` `memberId` `voters` (node names with commas between), and `former` (cluster ids) where others were given up for it |
 * | `intent` | `token` `members` (node names with commas between) |
 * | `started` | `dataPath` `fsId` |
 * | `fenced` | `unit`; `pristine` (a member id) where a package's default was fenced; `decider` (a node) where a service was to begin again there |
 *
 * @module
 */
import type { DataPlace, Intent, Latch } from "../model/node.ts";
import type { Asked } from "../playbook/plugin.ts";

export const markNames = ["latch", "intent", "started", "fenced"] as const;
export type MarkName = typeof markNames[number];

/** What `fenced` says. */
export interface Fence {
  readonly unit: string;
  /** The member id of a package's default that was never written to when it was fenced. */
  readonly pristine: string | undefined;
  /** The node that was to begin again. */
  readonly decider: string | undefined;
}

type Lines = ReadonlyMap<string, string>;

/** The lines of one mark, from `cat` of its file: only the kernel's own word proves that there is none. */
function linesOf(asked: Asked | undefined): Lines | "none" | "unknown" {
  if (asked?.code === 1 && asked.err.trimEnd().endsWith(": No such file or directory")) return "none";
  if (asked?.code !== 0 || !asked.out.startsWith("quorate=1\n") || !asked.out.endsWith("\n")) {
    return "unknown";
  }
  const lines = asked.out.slice(0, -1).split("\n");
  const pairs = lines.flatMap((line) => {
    const at = line.indexOf("=");
    return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  const found = new Map(pairs);
  return found.size === lines.length ? found : "unknown";
}

const read = <T>(asked: Asked | undefined, make: (lines: Lines) => T | undefined): T | "none" | "unknown" => {
  const lines = linesOf(asked);
  return typeof lines === "string" ? lines : make(lines) ?? "unknown";
};

const placeOf = (lines: Lines): DataPlace | undefined => {
  const dataPath = lines.get("dataPath");
  const fsId = lines.get("fsId");
  return dataPath?.startsWith("/") && fsId ? { dataPath, fsId } : undefined;
};
const names = (list: string | undefined): readonly string[] | undefined =>
  list === undefined ? undefined : list.split(",").filter((name) => name !== "");

export const readLatch = (asked: Asked | undefined): Latch | "none" | "unknown" =>
  read(asked, (lines) => {
    const place = placeOf(lines);
    const clusterId = lines.get("clusterId");
    const memberId = lines.get("memberId");
    const voters = names(lines.get("voters"));
    const former = names(lines.get("former")) ?? [];
    return place && clusterId && memberId && voters
      ? { ...place, clusterId, memberId, voters, ...(former.length === 0 ? {} : { former }) }
      : undefined;
  });

export const readIntent = (asked: Asked | undefined): Intent | "none" | "unknown" =>
  read(asked, (lines) => {
    const token = lines.get("token");
    const members = names(lines.get("members"));
    return token && members?.length ? { token, members } : undefined;
  });

export const readStarted = (asked: Asked | undefined): DataPlace | "none" | "unknown" => read(asked, placeOf);

export const readFence = (asked: Asked | undefined): Fence | "none" | "unknown" =>
  read(asked, (lines) => {
    const unit = lines.get("unit");
    return unit ? { unit, pristine: lines.get("pristine"), decider: lines.get("decider") } : undefined;
  });
