/**
 * The difference between what is desired and what is recorded, as one change of a named case.
 *
 * @module
 */
import type { HostNode } from "./node.ts";
import type { Member } from "./observation.ts";
import type { Refusal } from "./refusal.ts";

/** What each case is about. A plugin may add cases of its own. */
export interface Changes {
  /** Never formed, or an unfinished bootstrap of ours; `token` is fresh, or that of the intent that was found. */
  readonly bootstrap: { readonly nodes: readonly HostNode[]; readonly token: string };
  /** Formed, no quorum, own data in place, processes down. */
  readonly restart: { readonly nodes: readonly HostNode[] };
  readonly add: { readonly node: HostNode };
  readonly remove: { readonly member: Member; readonly node?: HostNode };
  /** `dead`: the old member is out of order, so it goes first; a healthy one goes last. */
  readonly replace: {
    readonly member: Member;
    readonly oldNode?: HostNode;
    readonly node: HostNode;
    readonly dead: boolean;
  };
  /** The node holds data or an enabled unit of this cluster, and its id (where known) is no current member. */
  readonly retire: { readonly node: HostNode; readonly staleId?: string };
  readonly repairCrashed: { readonly member: Member; readonly node: HostNode };
  readonly repairWiped: { readonly member: Member; readonly node: HostNode };
  readonly repairConfig: {
    readonly member: Member;
    readonly node: HostNode;
    /** What differs: key → the value that it should have. */
    readonly settings: Readonly<Record<string, string>>;
    /** The peer URL that the record should name, where it names another. */
    readonly peerUrl?: string;
    /** The latch is missing, or a setting that only matters at a first start differs: nothing restarts. */
    readonly latchOnly: boolean;
  };
  /** More data lies aside on the node than policy.backup.keep allows (S14). */
  readonly prune: { readonly node: HostNode; readonly paths: readonly string[] };
  /**
   * A person gives up a cluster whose quorum is lost, and begins again from what one node's disk holds (S19). `others`
   * are all other hosts that can be reached; `former` the clusters that are given up.
   */
  readonly recover: Beginning & {
    /** Whose data it is. */
    readonly memberId: string;
  };
  /** The same from a snapshot, also where there is nothing to give up. */
  readonly restore: Beginning & {
    readonly snapshot: KeptSnapshot;
    /** Whose data lies on the node now: a member id, `pristine`, or undefined where none does. */
    readonly memberId?: string;
  };
  readonly quorumLost: { readonly lost: readonly string[]; readonly refusal: Refusal };
}

/** What a cluster that begins again has to know. */
export interface Beginning {
  readonly node: HostNode;
  readonly others: readonly HostNode[];
  readonly former: readonly string[];
  /** Makes the new cluster another one: 128 random bits in hex. */
  readonly token: string;
  /** The node's latch says already that it is the new one: what is ready there only has to be put in place. */
  readonly decided: boolean;
}

/** A snapshot on the management node. */
export interface KeptSnapshot {
  readonly path: string;
  /** Lower-case hex SHA-256 of the whole file. */
  readonly sha256: string;
}

export type Case = keyof Changes;

const everyCase: Readonly<Record<Case, true>> = {
  bootstrap: true,
  restart: true,
  add: true,
  remove: true,
  replace: true,
  retire: true,
  repairCrashed: true,
  repairWiped: true,
  repairConfig: true,
  prune: true,
  recover: true,
  restore: true,
  quorumLost: true,
};
export const isCase = (name: string): name is Case => Object.hasOwn(everyCase, name);
export const caseNames: readonly Case[] = Object.keys(everyCase).filter(isCase);

/** One change: its case, and what the case is about. */
export type Change = { readonly [K in Case]: { readonly case: K } & Changes[K] }[Case];

/** What classify makes of an observation. */
export type Verdict =
  | { readonly kind: "steady" }
  | { readonly kind: "change"; readonly change: Change }
  /** Nothing can be judged yet; look again. `refusals` are what it comes to when time runs out. */
  | { readonly kind: "wait"; readonly why: string; readonly refusals: readonly Refusal[] }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] }
  | { readonly kind: "quorumLost"; readonly lost: readonly string[]; readonly refusal: Refusal };

/** Which node or member a change is about, for one line of text and for counting tries. */
export function subjectOf(change: Change): string {
  switch (change.case) {
    case "bootstrap":
    case "restart":
      return change.nodes.map((n) => n.name).join(",");
    case "replace":
      return `${change.oldNode?.name ?? change.member.id}→${change.node.name}`;
    case "remove":
      return change.node?.name ?? change.member.id;
    case "quorumLost":
      return change.lost.join(",");
    default:
      return change.node.name;
  }
}
