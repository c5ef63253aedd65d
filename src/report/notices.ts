/**
 * What a person should see before it hurts.
 *
 * @module
 */
import type { NodeFacts, Notice } from "../model/node.ts";
import type { Observation, Policy } from "../model/observation.ts";
import { surplus } from "../rules/s14_prune.ts";
import { bytes, duration } from "./words.ts";

export interface NodeNotice extends Notice {
  /** Absent: it is about the service as a whole. */
  readonly node?: string;
}

const CLOCK_OFF_MS = 1_000;
const DISK_LOW = 0.1;
/** So much lies aside on a node before it is told, where the policy names no bound. */
const ASIDE_MANY = 10;

/** All notices of an observation; what a node's own check already told under the same code is not told twice. */
export function noticesOf(seen: Observation, { backup, paused }: Policy): readonly NodeNotice[] {
  const keep = backup === false ? ASIDE_MANY : backup.keep;
  const until = backup === false
    ? "policy.backup is false, so apply deletes none of it"
    : paused
    ? "the service is paused, so apply deletes none of it"
    : "apply deletes the oldest of it once all members are healthy";
  const versions = [...new Set(seen.members.flatMap((m) => m.version ?? []))].sort();
  return [
    ...Object.values(seen.nodes).flatMap(ofNode),
    ...Object.values(seen.nodes).flatMap(({ node, aside }): readonly NodeNotice[] => {
      if (surplus(aside, keep).length === 0) return [];
      const text = `the data of ${aside.length} former members lies aside, the oldest since ${
        aside[0]?.at
      }; ${until}`;
      return [{ code: "aside", text, node }];
    }),
    ...(versions.length < 2 ? [] : [
      { code: "version", text: `the members run different versions: ${versions.join(", ")}` } as const,
    ]),
  ];
}

function ofNode(facts: NodeFacts): readonly NodeNotice[] {
  const own = facts.notices.map((n) => ({ ...n, node: facts.node }));
  const more = (code: Notice["code"], text: string | false): readonly NodeNotice[] =>
    text === false || own.some((n) => n.code === code) ? [] : [{ code, text, node: facts.node }];
  const { trouble, disk, clockOffsetMs: off, view, missing } = facts;
  return [
    ...own,
    ...more(
      "reach",
      !facts.reached &&
        (trouble === undefined ? "not reached" : `not reached: ${trouble.detail}; ${trouble.unblock}`),
    ),
    ...more("alarm", view !== undefined && view.alarms.length > 0 && `alarm: ${view.alarms.join(", ")}`),
    ...more(
      "disk",
      disk !== undefined &&
        (disk.readOnly
          ? "the disk of the data directory is read-only"
          : disk.freeBytes < disk.totalBytes * DISK_LOW &&
            `${bytes(disk.freeBytes)} of ${
              bytes(disk.totalBytes)
            } are free on the disk of the data directory`),
    ),
    ...more(
      "clock",
      off !== undefined && Math.abs(off) > CLOCK_OFF_MS &&
        `its clock is ${duration(Math.abs(off))} ${off > 0 ? "ahead" : "behind"}`,
    ),
    ...more("tool", missing.length > 0 && `missing programs: ${missing.join(", ")}`),
  ];
}
