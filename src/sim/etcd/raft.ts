/**
 * Raft as far as members of a cluster can feel it: a log whose newest committed entry names the members, leaders that
 * are elected by voters who can hear each other, entries that count once a majority holds them. What is unreachable,
 * frozen or dead takes no part. Messages are not modelled: whoever hears a leader has what the leader has.
 *
 * @module
 */
import type { RecordedMember } from "../../model/node.ts";
import { emptyLog, isVoter, majority, newer, type Peer, votersOf } from "../peer.ts";
import type { Random } from "../random.ts";
import type { Time } from "../time.ts";

/** What Raft asks of the world, and tells it. */
export interface Medium {
  readonly time: Time;
  readonly random: Random;
  /** Both directions between two hosts are open, and both are awake. */
  linked(a: string, b: string): boolean;
  awake(host: string): boolean;
  elected(peer: Peer): void;
  /** The record says that it is no member any more. */
  expelled(peer: Peer): void;
  /** It learned of a leader for the first time; the record has no name for it yet. */
  nameOf(host: string): { readonly name: string; readonly clientUrls: readonly string[] };
}

const ELECTION_MS = 1_000;
/** A silent connection counts as alive for so long: etcd 3.4 notices after 5 s, 3.5 after a minute and more. */
export const SILENT_MS = { "3.4": 5_000, "3.5": 60_000 } as const;

export class Raft {
  readonly peers = new Set<Peer>();
  #due = Infinity;

  constructor(readonly medium: Medium) {}

  /** Lets all elections happen that were due before now. */
  catchUp(): void {
    const { time } = this.medium;
    while (this.#due <= time.now) this.#stir(this.#due);
  }

  /** Something in the world changes now. */
  change(happen: () => void): void {
    this.catchUp();
    const { now } = this.medium.time;
    for (const p of this.peers) if (p.hearing) p.heard = now;
    happen();
    this.#stir(now);
  }

  /** The one that leads this peer's cluster and still has a majority, as far as the peer can hear it. */
  leaderOf(peer: Peer): Peer | undefined {
    this.catchUp();
    return peer.leads
      ? peer.lostSince === undefined ? peer : undefined
      : peer.hearing
      ? [...this.peers].find((p) =>
        p.leads && p.id === peer.leader && p.disk.realm === peer.disk.realm && this.#linked(p, peer)
      )
      : undefined;
  }

  /** Appends to a leader's log: true when a majority holds it, undefined when that is not known yet. */
  propose(leader: Peer, config: readonly RecordedMember[] | undefined): true | undefined {
    const { disk } = leader;
    // One change of members at a time: the last one has to be committed first.
    if (config !== undefined && disk.commit !== disk.log) return undefined;
    const entry = {
      term: disk.term,
      index: disk.log.index + 1,
      prev: disk.log,
      config: config ?? disk.log.config,
    };
    this.change(() => {
      disk.log = entry;
    });
    return disk.commit.index >= entry.index && leader.leads ? true : undefined;
  }

  /** `move-leader`: the heir stands at once, and nobody holds it up. */
  handOver(leader: Peer, heir: Peer): void {
    this.change(() => {
      this.#stepDown(leader, this.medium.time.now);
      for (const p of this.peers) {
        if (p.disk.realm !== leader.disk.realm) continue;
        p.hearing = false;
        p.heard = this.medium.time.now - (p === heir ? 3 : 1) * ELECTION_MS;
        p.patience = p === heir ? 0 : 2 * ELECTION_MS;
      }
    });
  }

  /** Whether a peer counts another member as connected, and since when: what etcd's strict reconfiguration looks at. */
  connectedSince(peer: Peer, id: string, silentMs: number): number | undefined {
    if (peer.id === id) return 0;
    const contact = peer.contacts.get(id);
    if (contact === undefined) return undefined;
    const gone = contact.silent !== undefined && this.medium.time.now - contact.silent > silentMs;
    return gone ? undefined : contact.since;
  }

  #linked(a: Peer, b: Peer): boolean {
    return this.medium.linked(a.host, b.host);
  }

  #stir(now: number): void {
    const { medium } = this;
    for (;;) {
      const up = [...this.peers].filter((p) => p.listensAt <= now && medium.awake(p.host));
      for (const p of this.peers) p.hearing = false;
      const leaders = up.filter((p) => p.leads).sort((a, b) => b.disk.term - a.disk.term);
      if (leaders.some((l) => this.#lead(l, up, now))) continue;
      const candidate = up.find((p) => !p.leads && !p.hearing && now >= p.heard + p.patience);
      if (candidate === undefined || !this.#stand(candidate, up, now)) {
        if (candidate === undefined) break;
        candidate.patience = now - candidate.heard + medium.random.int(300, 900);
      }
    }
    this.#meet(now);
    this.#due = this.#nextDue(now);
  }

  /** One round of a leader; true when the world is to be looked at anew. */
  #lead(leader: Peer, up: readonly Peer[], now: number): boolean {
    const { disk } = leader;
    if (!leader.leads) return false;
    const group = up.filter((p) => p === leader || (p.disk.realm === disk.realm && this.#linked(p, leader)));
    if (group.some((p) => p.disk.term > disk.term && disk.log.config.some((m) => m.id === p.id))) {
      this.#stepDown(leader, now);
      return true;
    }
    const config = disk.commit.config;
    if (majority(config, group)) leader.lostSince = undefined;
    else {
      leader.lostSince ??= now;
      if (now - leader.lostSince < ELECTION_MS) return false;
      this.#stepDown(leader, now);
      return true;
    }
    for (const p of group) {
      // Who leaves still gets the entry that removes it: its vote counts for that one.
      if (p === leader || ![...disk.log.config, ...config].some((m) => m.id === p.id)) continue;
      if (p.leads) this.#stepDown(p, now);
      p.disk.term = disk.term;
      p.leader = leader.id;
      p.hearing = true;
      if (p.disk.log === emptyLog && p.fetchMs > 0) {
        p.fetchedAt ??= now + p.fetchMs;
        if (now < p.fetchedAt) continue;
      }
      p.disk.log = disk.log;
      leader.followers.add(p.id);
    }
    leader.hearing = true;
    leader.leader = leader.id;
    const holders = group.filter((p) => p.disk.log === disk.log);
    if (!majority(config, holders)) return false;
    for (const p of holders) {
      p.disk.commit = disk.log;
      p.ready = true;
    }
    const expelled = group.find((p) => !disk.log.config.some((m) => m.id === p.id));
    if (expelled !== undefined) {
      this.peers.delete(expelled);
      this.medium.expelled(expelled);
      return true;
    }
    return this.#publish(leader, group);
  }

  /** A member that runs tells its name through the log: from then on it counts as started. */
  #publish(leader: Peer, group: readonly Peer[]): boolean {
    const { disk } = leader;
    const nameless = group.find((p) =>
      p.disk.log === disk.log && disk.commit.config.some((m) => m.id === p.id && m.name === "")
    );
    if (nameless === undefined) return false;
    const config = disk.commit.config.map((m) =>
      m.id === nameless.id ? { ...m, ...this.medium.nameOf(nameless.host) } : m
    );
    disk.log = { term: disk.term, index: disk.log.index + 1, prev: disk.log, config };
    return true;
  }

  /** Pre-vote and vote in one: a voter grants who is not behind it, unless it hears a leader. */
  #stand(p: Peer, up: readonly Peer[], now: number): boolean {
    if (!isVoter(p.members, p.id)) return false;
    const voters = up.filter((q) =>
      q !== p && q.disk.realm === p.disk.realm && isVoter(p.members, q.id) && this.#linked(p, q)
    );
    const granted = voters.filter((q) =>
      !q.hearing && (q.leads ? q.lostSince !== undefined : now - q.heard >= ELECTION_MS) &&
      !newer(q.disk.log, p.disk.log) && (q.disk.log === emptyLog || q.members.some((m) => m.id === p.id))
    );
    if (granted.length + 1 <= votersOf(p.members).length / 2) return false;
    const term = Math.max(p.disk.term, ...voters.map((q) => q.disk.term)) + 1;
    const { disk } = p;
    disk.term = term;
    disk.log = { term, index: disk.log.index + 1, prev: disk.log, config: disk.log.config };
    p.leads = true;
    p.followers.clear();
    p.lostSince = undefined;
    for (const q of granted) if (q.leads) this.#stepDown(q, now);
    this.medium.elected(p);
    return true;
  }

  #stepDown(p: Peer, now: number): void {
    p.leads = false;
    p.leader = undefined;
    p.lostSince = undefined;
    p.heard = now;
    p.patience = ELECTION_MS + this.medium.random.int(0, 1_000);
  }

  #meet(now: number): void {
    for (const p of this.peers) {
      for (const m of p.members) {
        if (m.id === p.id) continue;
        const other = [...this.peers].find((q) => q.id === m.id && q.disk.realm === p.disk.realm);
        const contact = p.contacts.get(m.id);
        if (other !== undefined && other.listensAt <= now && this.#linked(p, other)) {
          if (contact === undefined) p.contacts.set(m.id, { since: now, silent: undefined });
          else contact.silent = undefined;
        } else if (other !== undefined) {
          if (contact !== undefined) contact.silent ??= now;
        } else p.contacts.delete(m.id);
      }
      if (p.hearing) p.patience = Math.max(ELECTION_MS, Math.min(p.patience, 2 * ELECTION_MS));
    }
  }

  #nextDue(now: number): number {
    let due = Infinity;
    for (const p of this.peers) {
      if (p.listensAt > now) due = Math.min(due, p.listensAt);
      else if (!this.medium.awake(p.host)) continue;
      else if (p.leads && p.lostSince !== undefined) due = Math.min(due, p.lostSince + ELECTION_MS);
      else if (!p.leads && !p.hearing && isVoter(p.members, p.id)) due = Math.min(due, p.heard + p.patience);
      else if (p.hearing && p.disk.log === emptyLog && p.fetchedAt !== undefined) {
        due = Math.min(due, p.fetchedAt);
      }
    }
    return Math.max(due, now);
  }
}
