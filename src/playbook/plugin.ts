/**
 * The plugin contract: how Quorate learns to keep one kind of quorum service. A plugin holds no I/O. It gives shell
 * text to run on a node, pure functions that read the answers, and a playbook.
 *
 * @module
 */
import type { Change } from "../model/change.ts";
import type { HostNode, Identity, NodeFacts, Notice, RecordedMember, ServiceView } from "../model/node.ts";
import type { Member, Observation } from "../model/observation.ts";
import type { Objection, Refusal } from "../model/refusal.ts";
import type { Tri } from "../model/tri.ts";
import type { Late } from "./command.ts";
import type { Probe } from "./probe.ts";
import type { SnapshotSight } from "./snapshot.ts";
import type { Step } from "./step.ts";

/** The answer of one command that a check ran on a node; output decoded as UTF-8, at most 256 KiB of it. */
export interface Asked {
  readonly code: number | "timedOut";
  readonly out: string;
  readonly err: string;
}
/** All answers of a check, by the name that the check gave them. */
export type Asks = Readonly<Record<string, Asked>>;

/** What a plugin makes of a check's answers. */
export interface Sight {
  readonly view: ServiceView | undefined;
  /** Whose data lies on the disk, read without the service's help. */
  readonly disk: Identity | "none" | "unknown";
  /** The disk itself shows that it is a package's default to which nothing was ever written (S1). */
  readonly unwritten?: boolean;
  /** The data has its member's ids, and nothing else: what a start on a disk that was wiped leaves (S3). */
  readonly blank?: boolean;
  /** The data directory that the unit or the running process really uses, where that can be told (S3). */
  readonly dataPath: string | undefined;
  readonly settings: Readonly<Record<string, string>> | undefined;
  readonly installed: string | undefined;
  readonly notices: readonly Notice[];
}

/** What differs between a member's configuration on its node and what the config asks for. */
export interface Drift {
  readonly settings: Readonly<Record<string, string>>;
  /** The peer URL that the record should name. */
  readonly peerUrl?: string;
  /** What would only matter if its disk were lost: written without a restart, together with the latch. */
  readonly firstStart?: Readonly<Record<string, string>>;
  /** The others go by it, too: so a member has to be brought to it although it is to leave. */
  readonly shared?: true;
}

/** A plugin bound to one service of a config: its options are read, everything here is pure. */
export interface Service {
  readonly plugin: string;
  readonly name: string;
  readonly unit: string;
  readonly dataDir: string;
  /** The service's process as `/proc/PID/comm` names it. */
  readonly process: string;
  /** Programs that a node needs, besides sh, coreutils, flock and systemctl. */
  readonly programs: readonly string[];
  /** Shell functions (POSIX sh) that this plugin's checks and commands call; sent along where they are called. */
  readonly shell: string;

  /** Shell text that asks the service on this node: lines of `ask NAME SECONDS COMMAND…`. */
  check(node: HostNode): string;
  read(asks: Asks, node: HostNode): Sight;
  /** Shell text that asks a healthy member's node about others whose own nodes could not be asked (S4). */
  askPeers(members: readonly RecordedMember[], from: HostNode): string;
  readPeers(asks: Asks, members: readonly RecordedMember[]): Readonly<Record<string, Tri>>;

  /** The member's record points at this node (S3's last resort: its peer URL). */
  claims(member: RecordedMember, node: HostNode): boolean;
  /** A learner is in sync with the leader, both seen in this observation. */
  caughtUp(learner: ServiceView, leader: ServiceView): Tri;
  drift(facts: NodeFacts, node: HostNode, member: Member, seen: Observation): Drift;
  /**
   * Its process was started with what its files do not say any more, and may serve once it is started anew: asked of one
   * that serves nothing, where nobody does. Left out: none is.
   */
  outdated?(facts: NodeFacts): boolean;
  /** Rules of the service's versions, as data (S22): why this change must not be made now. */
  forbids(change: Change, seen: Observation): Objection | undefined;

  /** A derived value of the newest observation, or undefined while it does not exist. */
  derived(key: string, seen: Observation, desired: readonly HostNode[]): string | undefined;
  /** How a runbook reads a late value: a shell expression without quotes, e.g. `etcdctl … | awk …`. */
  lateShell(late: Late, seen: Observation, desired: readonly HostNode[]): string;
  /** How a runbook asks a probe: a command whose exit status answers, or undefined where only a person can tell. */
  probeShell(probe: Probe, seen: Observation, desired: readonly HostNode[]): string | undefined;

  /** How a lost service is looked at before a person gives it up (S19); undefined: it can only be restored, or not at all. */
  readonly survey: Survey | undefined;
  /** Why this snapshot cannot be restored on a node; undefined as a whole: none can. */
  readonly cannotRestore: ((snapshot: SnapshotSight, on: NodeFacts) => Refusal | undefined) | undefined;

  /** The steps of a change. */
  steps(change: Change, context: StepContext): readonly Step[];
}

/** How far the log of a member goes: that of the highest (term, index) holds what was committed, if any of them does. */
export interface LogEnd {
  readonly term: bigint;
  readonly index: bigint;
  /** As the service's own tools write it; left out: `term T, index I`. */
  readonly called?: string;
}

/** What a node says of itself, and of hosts that nobody else can ask. */
export interface Surveyed {
  /** Read from the disk; `none` where there is no data. */
  readonly log: LogEnd | "none" | "unknown";
  /** Why it is unknown. */
  readonly why?: string;
  /** Those of the silent hosts on which the service answers this node. */
  readonly answering: readonly string[];
}

export interface Survey {
  /** Shell text: lines of `ask NAME SECONDS COMMAND…`, with `$dir` as in a check. */
  ask(node: HostNode, silent: readonly HostNode[]): string;
  read(asks: Asks, silent: readonly HostNode[]): Surveyed;
}

export interface StepContext {
  readonly seen: Observation;
  readonly desired: readonly HostNode[];
  /** False when the config asks for no snapshots (S18). */
  readonly backup: boolean;
  /** What is left of a join's grace, in milliseconds (S8). */
  readonly joinTimeoutMs: number;
}
