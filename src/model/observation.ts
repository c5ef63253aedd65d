/**
 * One observation of one service: every node's own view, compared, and the member record that follows from them.
 *
 * @module
 */
import type { HostNode, Latch, NodeFacts } from "./node.ts";
import type { Quorum } from "./quorum.ts";
import type { Refusal } from "./refusal.ts";
import type { Tri } from "./tri.ts";

/** A member of the record, joined with what is known of it. */
export interface Member {
  /** The service's own id, as text: etcd ids are 64-bit. */
  readonly id: string;
  readonly name: string;
  /** The node of the config that it is, where that is proven (S3). */
  readonly node: string | undefined;
  readonly role: "voter" | "learner" | "observer";
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly leader: boolean;
  /** S5: healthy needs both signals; `unknown` when nobody who could tell was heard (S4). */
  readonly health: "healthy" | "unhealthy" | "unknown";
  /** A learner that is in sync in this very observation. */
  readonly caughtUp: Tri;
  readonly version: string | undefined;
}

export interface Observation {
  readonly service: string;
  /** The manager's monotonic clock, in milliseconds. */
  readonly at: number;
  /** The member record. The truth when `quorum.state` is "held", otherwise evidence or empty (S2). */
  readonly members: readonly Member[];
  readonly clusterId: string | undefined;
  readonly state: "held" | "lost" | "never-formed" | "unknown";
  readonly quorum: Quorum;
  /** Every node of the config, by name. */
  readonly nodes: Readonly<Record<string, NodeFacts>>;
  /** What contradicts itself (S3) or could not be seen: any of these stops every change. */
  readonly conflicts: readonly Refusal[];
}

/** What a run wants: fixed at its start (S21). */
export interface Target {
  readonly service: string;
  /** Desired members, in config order. */
  readonly desired: readonly HostNode[];
  /** Every host under `nodes:`. */
  readonly nodes: readonly HostNode[];
  readonly policy: Policy;
}

/** How careful and how patient; durations in milliseconds. */
export interface Policy {
  readonly stabilizeMs: number;
  readonly deadAfterMs: number;
  readonly deadlineMs: number;
  readonly joinTimeoutMs: number;
  readonly backup: { readonly dir?: string; readonly keep: number } | false;
  readonly paused: boolean;
  /** S10. */
  readonly moveAll: boolean;
  /** S17. */
  readonly removeUnfenced: boolean;
  /** Tries of one repair over several runs before it is only reported. */
  readonly repairTries: number;
}

/** What this manager remembers between runs: it may forbid or delay, never permit (S4). */
export interface Memory {
  /** The cluster that this manager once saw formed (S1). */
  readonly clusterId?: string;
  /** Clusters that were given up for another one (S19): none of them is this service any more. */
  readonly former?: readonly string[];
  /** Tries by change, e.g. "repairCrashed:n2", with the wall clock of the last. */
  readonly attempts: Readonly<Record<string, { readonly count: number; readonly lastMs: number }>>;
}

// ---- questions that many ask -------------------------------------------------------------------------------------

export const voters = (o: Observation): readonly Member[] => o.members.filter((m) => m.role === "voter");
export const memberOn = (o: Observation, node: string): Member | undefined =>
  o.members.find((m) => m.node === node);
export const memberById = (o: Observation, id: string): Member | undefined =>
  o.members.find((m) => m.id === id);
/** Registered and never started (S25). */
export const neverStarted = (m: Member): boolean => m.name === "";
/** A latch says who this member is, and who all the voters are now. */
export const latchHolds = (l: Latch, m: Member, o: Observation): boolean =>
  l.memberId === m.id && l.clusterId === o.clusterId &&
  [...l.voters].sort().join() ===
    voters(o).flatMap((v) => v.node === undefined ? [] : [v.node]).sort().join();
/** Clusters that were given up for another one, as the latches of that one say (S19). */
export const formerClusters = (nodes: Observation["nodes"]): ReadonlySet<string> =>
  new Set(
    Object.values(nodes).flatMap(({ latch }) => typeof latch === "string" ? [] : latch.former ?? []),
  );
/** How a person calls it: its node, else its name, else its id. */
export const memberText = (m: Member): string =>
  m.node ?? (m.name === "" ? `member ${m.id}` : `${m.name} (${m.id})`);
