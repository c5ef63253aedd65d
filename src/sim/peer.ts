/**
 * A member of a service: its log, its disk, its running process. Logs are alike in all services: entries in an order that
 * terms (ZooKeeper: epochs) and indexes give, the newest of which names the members.
 *
 * @module
 */
import type { RecordedMember } from "../model/node.ts";

export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly prev: Entry | undefined;
  readonly config: readonly RecordedMember[];
  /** What a playbook itself has written into the service. */
  readonly note?: string;
}
export const emptyLog: Entry = { term: 0, index: 0, prev: undefined, config: [] };

/** What a member has written to its disk. */
export interface Disk {
  /** Empty where nobody has written down of which cluster it is. */
  clusterId: string;
  readonly memberId: string;
  /**
   * Whose history it is: members of one realm can know each other, whatever their ids say; a package's default has the
   * same ids on every host.
   */
  realm: string;
  term: number;
  log: Entry;
  commit: Entry;
  /** Settings that come with it, in force from its first start on. */
  brings?: ReadonlyMap<string, string> | undefined;
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
  /** Who has told it, since it leads, how far their logs go. */
  readonly followers = new Set<string>();
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
  /** It leads, and has a majority. */
  get reigns(): boolean {
    return this.leads && this.lostSince === undefined;
  }
  get id(): string {
    return this.disk.memberId;
  }
  get members(): readonly RecordedMember[] {
    return this.disk.commit.config;
  }
  /** Whose votes it counts: the members, unless each process has a list of its own. */
  get electorate(): readonly RecordedMember[] {
    return this.members;
  }
}

export const votersOf = (config: readonly RecordedMember[]): readonly RecordedMember[] =>
  config.filter((m) => m.role === "voter");
export const isVoter = (config: readonly RecordedMember[], id: string): boolean =>
  config.some((m) => m.id === id && m.role === "voter");
export const majority = (config: readonly RecordedMember[], of: readonly Peer[]): boolean =>
  of.filter((p) => isVoter(config, p.id)).length > votersOf(config).length / 2;
/** One log goes on where the other ends. */
export const newer = (a: Entry, b: Entry): boolean =>
  a.term > b.term || (a.term === b.term && a.index > b.index);
