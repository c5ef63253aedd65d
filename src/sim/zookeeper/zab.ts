/**
 * ZooKeeper's atomic broadcast, as far as servers of an ensemble can feel it: leaders that are elected by those who find
 * no leader, each by the newest list of servers that it has itself; histories that a new leader brings to all who follow
 * it; entries that count once a majority holds them, of the old list and of the new one while a list is changed. What is
 * unreachable, frozen or dead takes no part. Messages are not modelled: whoever follows a leader has what the leader has.
 *
 * Left out: `zoo.cfg.dynamic.next` of a server that has lost its data.
 *
 * @module
 */
import type { RecordedMember } from "../../model/node.ts";
import { type Disk, emptyLog, type Entry, isVoter, majority, newer, Peer } from "../peer.ts";
import type { Random } from "../random.ts";
import type { Time } from "../time.ts";

export type List = readonly RecordedMember[];

/** What an ensemble asks of the world, and tells it. */
export interface Medium {
  readonly time: Time;
  readonly random: Random;
  /** Both directions between two hosts are open, and both are awake. */
  linked(a: string, b: string): boolean;
  awake(host: string): boolean;
  /** It has brought its history to a majority. */
  elected(server: Server): void;
  /** The list that a server has been told, which it keeps beside its configuration, not with its data. */
  listed(server: Server): void;
  /** It has all that its leader has, for the first time since it was started. */
  synced(server: Server): void;
  /** As lists name it. */
  addressOf(host: string): string;
  /** Its history was of another ensemble, and is thrown away for the leader's. */
  overwritten(server: Server, leader: Server): void;
}

/** How long a silent leader is followed, or a leader without a majority goes on. */
export const SILENT_MS = 2_000;
/** `syncLimit` ticks: so long a follower that says nothing counts as in sync with its leader. */
const SYNC_MS = 10_000;

/** A running server. */
export class Server extends Peer {
  /** It has brought its history to a majority since it was elected. */
  established = false;
  follows: Server | undefined;

  constructor(
    host: string,
    disk: Disk,
    listensAt: number,
    fetchMs: number,
    patience: number,
    /** The newest list in force that it has heard of; where lists are fixed, the one that it was started with. */
    public list: List,
    /** What its ensemble has written down as its list, where it does that: by the history that it has. */
    readonly recorded: (own: Server) => List | undefined,
    /** It had data when it was started, or may make an empty database of its own. */
    readonly made: boolean,
  ) {
    super(host, disk, listensAt, fetchMs, patience);
  }
  /** FastLeaderElection leaves out whoever says that it has nothing at all. */
  get votes(): boolean {
    return this.made || this.disk.log !== emptyLog;
  }
  override get members(): List {
    return this.recorded(this) ?? this.list;
  }
  override get electorate(): List {
    return this.list;
  }
  override get reigns(): boolean {
    return super.reigns && this.established;
  }
}

export class Zab {
  readonly servers = new Set<Server>();
  /** The transaction that brought a list; a list that was only ever in a file has none. */
  readonly #versions = new WeakMap<List, number>();
  #due = Infinity;

  /** `fixed`: each server goes by the list that it was started with, and none travels. */
  constructor(readonly medium: Medium, readonly fixed = false) {}

  versionOf(list: List): number {
    return this.#versions.get(list) ?? 0;
  }
  /** A list from a file. */
  read(list: List, version: number): List {
    if (version > 0) this.#versions.set(list, version);
    return list;
  }

  /** Lets all elections happen that were due before now. */
  catchUp(): void {
    const { time } = this.medium;
    while (this.#due <= time.now) this.#stir(this.#due);
  }
  /** Something in the world changes now. */
  change(happen: () => void): void {
    this.catchUp();
    const { now } = this.medium.time;
    for (const s of this.servers) if (s.hearing) s.heard = now;
    happen();
    this.#stir(now);
  }

  /** Who leads this server, and still has a majority, as far as it can hear it. */
  leaderOf(peer: Peer): Server | undefined {
    this.catchUp();
    const s = [...this.servers].find((x) => x === peer);
    const leader = s?.leads ? s : s?.hearing ? s.follows : undefined;
    return leader?.reigns && (leader === s || s?.disk.log === leader.disk.log) ? leader : undefined;
  }

  /** Appends to a leader's history: true when a majority holds it. */
  propose(leader: Server, next: { readonly list?: List; readonly note?: string } = {}): boolean {
    const { disk } = leader;
    const entry = following(disk.log, disk.term, next.list ?? disk.log.config, next.note);
    if (next.list !== undefined) this.#versions.set(next.list, zxidOf(entry));
    this.change(() => {
      disk.log = entry;
    });
    return disk.commit.index >= entry.index;
  }

  /** A list is being changed already: a second change has to wait. */
  changing(leader: Server): boolean {
    return this.versionOf(leader.disk.log.config) > this.versionOf(leader.list);
  }

  /** Leader.isQuorumSynced: a majority of these voters follows and is in sync; observers do not count, silent ones do. */
  inSync(leader: Server, list: List): boolean {
    const { now } = this.medium.time;
    const observes = (s: Server) => leader.list.some((m) => m.id === s.id && m.role !== "voter");
    const able = [...this.servers].filter((s) =>
      s === leader || (s.follows === leader && !observes(s) && s.disk.log === leader.disk.log &&
        (this.#linked(s, leader) || now - s.heard < SYNC_MS))
    );
    return majority(list, able);
  }

  #linked(a: Server, b: Server): boolean {
    return this.medium.linked(a.host, b.host);
  }
  /** The lists by which it counts a majority: the one in force, and the one that was proposed last. */
  #views(s: Server): readonly List[] {
    const { config } = s.disk.log;
    if (this.fixed) return [s.list];
    return this.versionOf(config) > this.versionOf(s.list) ? [s.list, config] : [s.list];
  }
  #counts(s: Server, id: string): boolean {
    return this.#views(s).some((list) => isVoter(list, id));
  }
  /** A leader is reached at the address that one's own list has for it. */
  #reaches(s: Server, leader: Server): boolean {
    return !this.fixed ||
      s.list.some((m) => m.id === leader.id && m.peerUrls.includes(this.medium.addressOf(leader.host)));
  }
  #takes(s: Server, list: List): void {
    if (this.fixed || this.versionOf(list) <= this.versionOf(s.list)) return;
    s.list = list;
    this.medium.listed(s);
  }

  #stir(now: number): void {
    const { medium } = this;
    for (;;) {
      const up = [...this.servers].filter((s) => s.listensAt <= now && medium.awake(s.host));
      for (const s of this.servers) s.hearing = false;
      const leaders = up.filter((s) => s.leads).sort((a, b) => b.disk.term - a.disk.term);
      this.#gossip(up, now);
      for (const s of up) if (!s.leads) s.follows = this.#leaderFor(s, leaders) ?? s.follows;
      if (leaders.some((l) => this.#lead(l, up, now))) continue;
      const candidate = up.find((s) =>
        !s.leads && !s.hearing && s.votes && now >= s.heard + s.patience && isVoter(s.list, s.id)
      );
      if (candidate === undefined) break;
      if (!this.#stand(candidate, up, now)) {
        candidate.patience = now - candidate.heard + medium.random.int(300, 900);
      }
    }
    this.#due = this.#nextDue(now);
  }

  /**
   * It stays with its leader as long as it hears it; else it goes to the newest that its list knows as a voter, unless it
   * has accepted a newer epoch than that leader's (Learner.registerWithLeader).
   */
  #leaderFor(s: Server, leaders: readonly Server[]): Server | undefined {
    const near = leaders.filter((l) => this.#linked(s, l));
    return near.find((l) => l === s.follows) ??
      near.find((l) => this.#counts(s, l.id) && this.#reaches(s, l) && l.disk.term >= s.disk.term);
  }

  /** Who looks for a leader hears of newer lists from those that it asks, and from those that ask it. */
  #gossip(up: readonly Server[], now: number): void {
    if (this.fixed) return;
    const looking = up.filter((s) => !s.leads && now - s.heard >= SILENT_MS / 2);
    for (let heard = true; heard;) {
      heard = false;
      for (const s of looking) {
        const told = up.filter((q) =>
          q !== s && this.#linked(s, q) && (this.#counts(s, q.id) || this.#counts(q, s.id)) &&
          this.versionOf(q.list) > this.versionOf(s.list)
        );
        for (const q of told) this.#takes(s, q.list);
        heard ||= told.length > 0;
      }
    }
  }

  /** One round of a leader; true when the world is to be looked at anew. */
  #lead(leader: Server, up: readonly Server[], now: number): boolean {
    const { disk } = leader;
    const group = up.filter((s) =>
      s === leader || (!s.leads && s.follows === leader && this.#linked(s, leader))
    );
    const views = this.#views(leader);
    if (views.every((list) => majority(list, group))) leader.lostSince = undefined;
    else {
      leader.lostSince ??= now;
      if (now - leader.lostSince < SILENT_MS) return false;
      this.#stepDown(leader, now);
      return true;
    }
    for (const s of group) {
      s.hearing = true;
      s.leader = leader.id;
      if (s === leader) continue;
      s.disk.term = disk.term;
      if (s.disk.log === emptyLog && s.fetchMs > 0) {
        s.fetchedAt ??= now + s.fetchMs;
        if (now < s.fetchedAt) continue;
      }
      if (s.disk.realm !== disk.realm) {
        if (s.disk.log !== emptyLog) this.medium.overwritten(s, leader);
        s.disk.realm = disk.realm;
      }
      s.disk.log = disk.log;
    }
    const holders = group.filter((s) => s.disk.log === disk.log);
    if (!views.every((list) => majority(list, holders))) return false;
    for (const s of holders) {
      s.disk.commit = disk.log;
      if (!s.ready) this.medium.synced(s);
      s.ready = true;
      this.#takes(s, disk.log.config);
    }
    if (!leader.established) {
      leader.established = true;
      this.medium.elected(leader);
    }
    if (isVoter(leader.list, leader.id)) return false;
    this.#giveWay(leader, holders, now);
    return true;
  }

  /** The list that is in force now does not name the leader as a voter: those of it who are in sync elect another. */
  #giveWay(leader: Server, holders: readonly Server[], now: number): void {
    this.#stepDown(leader, now);
    const heir = holders.find((s) => isVoter(s.list, s.id));
    for (const s of holders) {
      if (s === leader) continue;
      s.hearing = false;
      s.follows = undefined;
      s.heard = now - SILENT_MS;
      s.patience = SILENT_MS + this.medium.random.int(200, 900) + (s === heir ? 0 : 1_000);
    }
  }

  /** FastLeaderElection: votes go to the newest history, then to the highest id, among those whom the voter's list knows. */
  #stand(s: Server, up: readonly Server[], now: number): boolean {
    const looking = up.filter((q) =>
      q === s || (!q.leads && !q.hearing && q.votes && now - q.heard >= SILENT_MS / 2)
    );
    const near = (a: Server) =>
      looking.filter((b) =>
        b === a || (this.#linked(a, b) && this.#counts(a, b.id) && this.#counts(b, a.id))
      );
    const votesFor = (a: Server) =>
      near(a).filter((b) => isVoter(b.list, b.id)).reduce((best, b) => better(b, best) ? b : best, s);
    const supporters = near(s).filter((q) => votesFor(q) === s);
    if (votesFor(s) !== s || !this.#views(s).every((list) => majority(list, supporters))) return false;
    const { disk } = s;
    disk.term = Math.max(...supporters.map((q) => q.disk.term)) + 1;
    const newest = !this.fixed && this.versionOf(disk.log.config) > this.versionOf(s.list);
    const list = newest ? disk.log.config : s.list;
    disk.log = following(disk.log, disk.term, list);
    if (!this.fixed && this.versionOf(list) === 0) this.#versions.set(list, zxidOf(disk.log));
    s.leads = true;
    s.established = false;
    s.lostSince = undefined;
    s.follows = undefined;
    for (const q of supporters) {
      if (q === s || !this.#reaches(q, s)) continue;
      q.follows = s;
      q.disk.term = disk.term;
    }
    return true;
  }

  #stepDown(s: Server, now: number): void {
    s.leads = s.established = false;
    s.leader = undefined;
    s.lostSince = undefined;
    s.heard = now;
    s.patience = SILENT_MS + this.medium.random.int(0, 1_000);
  }

  #nextDue(now: number): number {
    let due = Infinity;
    for (const s of this.servers) {
      if (s.listensAt > now) due = Math.min(due, s.listensAt);
      else if (!this.medium.awake(s.host)) continue;
      else if (s.leads && s.lostSince !== undefined) due = Math.min(due, s.lostSince + SILENT_MS);
      else if (!s.leads && !s.hearing && s.votes && isVoter(s.list, s.id)) {
        due = Math.min(due, s.heard + s.patience);
      } else if (s.hearing && s.disk.log === emptyLog && s.fetchedAt !== undefined) {
        due = Math.min(due, s.fetchedAt);
      }
    }
    return Math.max(due, now);
  }
}

/** A transaction's id: its epoch, and its place. */
export const zxidOf = (e: Entry): number => e.term * 2 ** 32 + e.index;

/** The next entry of a history; what a playbook has written stays unless it is written anew. */
const following = (prev: Entry, term: number, config: List, note = prev.note): Entry => ({
  term,
  index: prev.index + 1,
  prev,
  config,
  ...(note === undefined ? {} : { note }),
});

const better = (a: Server, b: Server): boolean =>
  newer(a.disk.log, b.disk.log) || (!newer(b.disk.log, a.disk.log) && Number(a.id) > Number(b.id));
