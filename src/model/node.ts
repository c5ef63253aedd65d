/**
 * What one look at one node says about one service. Every value comes from the node check (`src/node`), parsed;
 * what could not be read is `unknown`, never a default.
 *
 * @module
 */
import type { Trouble } from "./fleet.ts";
import type { Tri } from "./tri.ts";

/** A host of the config. */
export interface HostNode {
  readonly name: string;
  /** Where SSH goes. */
  readonly host: string;
  /** The service's own network: peer and client URLs are made of it. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Which member of which cluster: both ids as the service prints them (etcd: lower-case hex). */
export interface Identity {
  readonly clusterId: string;
  readonly memberId: string;
}

/** Where data was when an identity was written down: another path or file system later proves nothing (S3). */
export interface DataPlace {
  readonly dataPath: string;
  /** `stat -f -c %i`: the id of the file system that holds the data directory. */
  readonly fsId: string;
}

/** What Quorate leaves on a node at the first healthy sight of a member (S3). */
export interface Latch extends Identity, DataPlace {
  /** The voters' nodes when the latch was written: evidence of the size of a cluster that does not answer. */
  readonly voters: readonly string[];
  /**
   * Clusters of this service that a person gave up for this one (S19), by `recover` or `restore`: what is left of them
   * is fenced and set aside wherever it turns up.
   */
  readonly former?: readonly string[];
}

/** What Quorate writes on every node before a bootstrap touches any of them. */
export interface Intent {
  readonly token: string;
  /** Node names, in config order. */
  readonly members: readonly string[];
}

export interface UnitFacts {
  readonly load: "loaded" | "masked" | "not-found" | "unknown";
  readonly active: "active" | "activating" | "deactivating" | "inactive" | "failed" | "unknown";
  /** `systemctl is-enabled`: enabled, disabled, masked, static … */
  readonly enabled: string;
  readonly restarts: number | undefined;
  /** systemd's `Result=`: success, exit-code, signal, timeout … */
  readonly result: string;
  readonly mainPid: number | undefined;
}

export interface DataFacts {
  /**
   * `pristine`: a package's own default, never written to; counts as empty, and is set aside all the same (S1). `blank`:
   * the ids of a member whose data is gone, as it leaves them that starts on a disk that was wiped; nobody starts it as
   * itself, since it would vote without knowing for what it has voted.
   */
  readonly state: "present" | "empty" | "pristine" | "blank" | "unknown";
  /** Read from the disk itself; `none` where there is no data, `unknown` where it cannot be read. */
  readonly identity: Identity | "none" | "unknown";
  readonly place: DataPlace | undefined;
  /** Why `state` is unknown. */
  readonly why?: string;
}

/** A member as a service's own record names it. */
export interface RecordedMember {
  readonly id: string;
  /** Empty: it was registered and never started (S25). */
  readonly name: string;
  readonly role: "voter" | "learner" | "observer";
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
}

/** What the service on one node says, heard on that node: a vantage of its own. */
export interface ServiceView {
  /** Its own claim of who it is. */
  readonly identity: Identity | undefined;
  /** S5, first signal: a linearizable read through this member. */
  readonly linearizable: Tri;
  /** S5, second signal: its local status answers and names a leader. */
  readonly local: Tri;
  /** The member list that it gave; `linearizable` says whether it may be taken for the truth (S2). */
  readonly members: readonly RecordedMember[] | undefined;
  readonly leaderId: string | undefined;
  readonly role: "voter" | "learner" | "observer" | undefined;
  /** Raft term and applied index (ZooKeeper: epoch and zxid), for "caught up" and for ranking survivors. */
  readonly term: bigint | undefined;
  readonly index: bigint | undefined;
  readonly version: string | undefined;
  /** NOSPACE, CORRUPT … */
  readonly alarms: readonly string[];
  /** One member, localhost URLs only, nothing ever written (S1). */
  readonly pristine: Tri;
  /** What was said instead of an answer. */
  readonly trouble: string | undefined;
}

/** The lock of a service on a node (S20) that nobody held when the node was looked at. */
export interface FreeLock {
  /** What the last holder left in it; empty where nobody has held it since the node was booted. */
  readonly line: string;
  /** For how long it had been free, by the node's own clock. */
  readonly freeMs: number;
}

/** A person should see this before it hurts: a disk that fills, a certificate that expires, a clock that is off. */
export interface Notice {
  readonly code: "disk" | "certificate" | "clock" | "alarm" | "version" | "reach" | "unit" | "tool" | "aside";
  readonly text: string;
}

/** Data that was set aside on a node (S14), by the name that it was given then. */
export interface Aside extends Identity {
  readonly path: string;
  /** When, in UTC, e.g. `20260101T120000Z`: sorts by age. */
  readonly at: string;
}

export interface NodeFacts {
  readonly node: string;
  readonly reached: boolean;
  /** Why it was not. */
  readonly trouble: Trouble | undefined;
  /** It was not reached, and yet let us in: its answer did not come, or not whole. */
  readonly heard?: true;
  readonly unit: UnitFacts;
  /** Any process of this service is alive. */
  readonly process: Tri;
  readonly data: DataFacts;
  /** What was seen to lie aside, the oldest first. */
  readonly aside: readonly Aside[];
  readonly latch: Latch | "none" | "unknown";
  readonly intent: Intent | "none" | "unknown";
  /** Marked before its first start as `new`; where the data then was. */
  readonly started: DataPlace | "none" | "unknown";
  /** Quorate itself fenced this node: the mask on the unit is ours. */
  readonly fenced: Tri;
  /** It was fenced because this node was to begin again (S19): whether it has, that node's latch tells. */
  readonly decider?: string | undefined;
  readonly lock: FreeLock | "held" | "unknown";
  readonly view: ServiceView | undefined;
  /** Keys of the service's own configuration as they stand on the node, for `repairConfig`. */
  readonly settings: Readonly<Record<string, string>> | undefined;
  /** Version of the installed program, e.g. "3.5.16". */
  readonly installed: string | undefined;
  /** Tools that are missing on the node. */
  readonly missing: readonly string[];
  /** The node's clock minus ours, in milliseconds. */
  readonly clockOffsetMs: number | undefined;
  readonly disk:
    | { readonly freeBytes: number; readonly totalBytes: number; readonly readOnly: boolean }
    | undefined;
  readonly notices: readonly Notice[];
}
