/**
 * A member as Raft knows it: its log, its disk, its running process.
 *
 * @module
 */
import type { RecordedMember } from "../model/node.ts";

export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly prev: Entry | undefined;
  readonly config: readonly RecordedMember[];
}
export const emptyLog: Entry = { term: 0, index: 0, prev: undefined, config: [] };

/** What a member has written to its disk. */
export interface Disk {
  readonly clusterId: string;
  readonly memberId: string;
  /** Members of one realm can know each other: a package's default has the same ids on every host. */
  readonly realm: string;
  term: number;
  log: Entry;
  commit: Entry;
  /** A package's default: one member on localhost that nobody ever wrote to. */
  readonly pristine: boolean;
}

/** A running process of the service. */
export class Peer {
  leads = false;
  /** The leader that it follows, by id. */
  leader: string | undefined;
  hearing = false;
  heard: number;
  lostSince: number | undefined;
  fetchedAt: number | undefined;
  /** It has heard of a leader once: systemd calls it active then. */
  ready = false;
  /** Since when it has had a connection to another member, and since when that one is silent. */
  readonly contacts = new Map<string, { readonly since: number; silent: number | undefined }>();

  constructor(
    readonly host: string,
    readonly disk: Disk,
    /** From then on it listens. */
    readonly listensAt: number,
    /** A joiner that has nothing yet has fetched the leader's data by then, once it hears it. */
    readonly fetchMs: number,
    public patience: number,
  ) {
    this.heard = listensAt;
  }
  get id(): string {
    return this.disk.memberId;
  }
  get members(): readonly RecordedMember[] {
    return this.disk.commit.config;
  }
}
