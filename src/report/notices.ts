/**
 * What a person should see before it hurts.
 *
 * @module
 */
import type { NodeFacts, Notice } from "../model/node.ts";
import type { Observation, Policy } from "../model/observation.ts";
import { surplus } from "../rules/s14_prune.ts";

export interface NodeNotice extends Notice {
  /** Absent: it is about the service as a whole. */
  readonly node?: string;
}

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
  const { trouble, view, missing } = facts;
  return [
    ...own,
    ...more(
      "reach",
      !facts.reached &&
        (trouble === undefined ? "not reached" : `not reached: ${trouble.detail}; ${trouble.unblock}`),
    ),
    ...more("alarm", view !== undefined && view.alarms.length > 0 && `alarm: ${view.alarms.join(", ")}`),
    ...more("tool", missing.length > 0 && `missing programs: ${missing.join(", ")}`),
  ];
}
