/**
 * Effects: what a step does, declared once and used three times. The safety rules project the quorum from it before
 * the step runs, a simulator applies it as the step's transition, and tests on real hosts hold the commands to it.
 *
 * @module
 */
import type { HostNode, Intent } from "../model/node.ts";

/**
 * `new`: by the intent alone, never at a boot. `existing`: nothing is left of a bootstrap, nor of a member that was here
 * before. `formed`: a bootstrap is over, and from now on it starts at boot.
 */
export type Join = "new" | "existing" | "formed" | "unchanged";

/**
 * `elects`: leadership cannot be handed over by a command, or the service does it by itself as part of this, so that a
 * leader is touched like any other; it comes last all the same (S11).
 */
interface Election {
  readonly elects?: true;
}

export type Effect =
  | { readonly does: "nothing" }
  /** Writes the bootstrap intent, outside the data directory. */
  | { readonly does: "intends"; readonly node: string; readonly intent: Intent }
  /** Writes the service's configuration; `join` says how its next first start would join. */
  | { readonly does: "configures"; readonly node: string; readonly join: Join }
  /** Starts the process. `new` also marks the node as started, in the same shell, before the start. */
  | { readonly does: "starts"; readonly node: string; readonly as: "new" | "existing" | "itself" }
  | { readonly does: "restarts"; readonly node: string } & Election
  /** Stops the process, and sees that none is left and that none comes back. */
  | { readonly does: "fences"; readonly node: string }
  | { readonly does: "unfences"; readonly node: string }
  /** Renames the data directory beside itself. `identity`: whose data it must be, `pristine`, or `any` that is stale. */
  | { readonly does: "setsAside"; readonly node: string; readonly whose: string }
  /** Deletes data that was set aside (S14). */
  | { readonly does: "prunes"; readonly node: string; readonly paths: readonly string[] }
  | { readonly does: "latches"; readonly node: string }
  /** Takes the bootstrap intent away: the cluster is formed and latched. */
  | { readonly does: "formed"; readonly node: string }
  | { readonly does: "registersLearner"; readonly node: string }
  | { readonly does: "promotes"; readonly node: string }
  | { readonly does: "removes"; readonly member: string } & Election
  | { readonly does: "movesLeaderFrom"; readonly member: string }
  | { readonly does: "updatesPeerUrl"; readonly member: string; readonly peerUrl: string };

export const nothing: Effect = { does: "nothing" };
type Plain = "restarts" | "fences" | "unfences" | "latches" | "formed" | "registersLearner" | "promotes";
/** An effect on a node that needs no more words. */
export const effect = (does: Plain, n: HostNode): Effect => ({ does, node: n.name });
export const starts = (n: HostNode, as: "new" | "existing" | "itself"): Effect => ({
  does: "starts",
  node: n.name,
  as,
});
export const configures = (n: HostNode, join: Join): Effect => ({
  does: "configures",
  node: n.name,
  join,
});
export const setsAside = (n: HostNode, whose: string): Effect => ({ does: "setsAside", node: n.name, whose });
export const removes = (m: { readonly id: string }, how: Election = {}): Effect => ({
  does: "removes",
  member: m.id,
  ...how,
});
export const restarts = (n: HostNode, how: Election = {}): Effect => ({
  does: "restarts",
  node: n.name,
  ...how,
});
export const movesLeaderFrom = (m: { readonly id: string }): Effect => ({
  does: "movesLeaderFrom",
  member: m.id,
});

/** S16: what cannot be taken back; the locks are checked again right before it. */
export const irreversible = (e: Effect): boolean =>
  e.does === "removes" || e.does === "setsAside" || e.does === "prunes" || e.does === "promotes" ||
  e.does === "fences" ||
  (e.does === "starts" && e.as === "new");

/** The member list changes: a snapshot comes first (S18), and only one such change is in flight (S7). */
export const changesMembership = (e: Effect): boolean =>
  e.does === "registersLearner" || e.does === "promotes" || e.does === "removes" ||
  e.does === "updatesPeerUrl";

/** The host whose process, unit or disk an effect changes, if any. */
export const hostOf = (e: Effect): string | undefined =>
  "node" in e && !changesMembership(e) ? e.node : undefined;

/** What the record says, or who leads, is another thing afterwards; a first start gives its member a name. */
export const changesRecord = (e: Effect): boolean =>
  changesMembership(e) || e.does === "starts" || e.does === "movesLeaderFrom";

/**
 * Leaves everything as it is that a member list, a late value or a rule is read from: files and marks on the node itself.
 * Only who asks for what they say has to look anew.
 */
export const quiet = (e: Effect): boolean =>
  e.does === "nothing" || e.does === "intends" || e.does === "latches" || e.does === "formed" ||
  e.does === "configures" || e.does === "unfences";

/** What is read from files of ours on a node. */
export type Written = "setting" | "enabled" | "fenced" | "latched" | "intended" | "markedStarted";
/** Which of these an effect changes without being more than files: they have to be read anew before they are asked for. */
export function writes(e: Effect): readonly Written[] {
  switch (e.does) {
    case "configures":
      return e.join === "new"
        ? ["setting", "enabled"]
        : ["setting", "enabled", "intended", "markedStarted", "latched"];
    case "unfences":
      return ["fenced", "enabled"];
    case "intends":
    case "formed":
      return ["intended"];
    case "latches":
      return ["latched"];
    default:
      return [];
  }
}

/** Writes a mark of ours on a node, or takes it away, and nothing else. */
export const keepsMarks = (e: Effect): e is Effect & { readonly does: "intends" | "latches" | "formed" } =>
  e.does === "intends" || e.does === "latches" || e.does === "formed";

/** May be done on several nodes at once: none of these takes a vote away or gives one. */
export const sideBySide = (e: Effect): boolean =>
  e.does === "intends" || e.does === "configures" || e.does === "unfences" || e.does === "starts" ||
  e.does === "latches" || e.does === "formed";
