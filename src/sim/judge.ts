/**
 * What a run of a manager must never do, judged by what is so in the simulated fleet and not by what the run saw: each
 * invariant stands here once more, on grounds of its own, beside the rule that keeps it.
 *
 * A manager can only know what was so a moment ago, so nothing is held against it that happened within `NOTICE_MS`.
 *
 * @module
 */
import type { Case } from "../model/change.ts";
import type { RecordedMember } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import { type Quorum, quorumOf } from "../model/quorum.ts";
import { changesMembership, type Effect, irreversible } from "../playbook/effect.ts";
import type { Host } from "./host.ts";
import { emptyLog, isVoter, majority, type Peer, votersOf } from "./peer.ts";
import type { World } from "./world.ts";

/** So old is what a manager may have judged by: an observation, the way to the node, the time until which it may start. */
export const NOTICE_MS = 15_000;

/** What one run has done so far. */
export class Deeds {
  /** The case of the change under way. */
  case: Case | undefined;
  /** In this change: a snapshot was fetched, somebody was promoted. */
  snapshot = false;
  promoted = false;
  removed = 0;
  voters = 0;
  /** When it last looked at a host. */
  lookedAt = -Infinity;
  /** When the last change that touched what serves was done. */
  disturbed = -Infinity;

  constructor(readonly who: string, readonly target: Target) {}
}

/** Cases after which the cluster has to come to rest. */
const disturbing: readonly Case[] = [
  "bootstrap",
  "restart",
  "add",
  "remove",
  "replace",
  "repairCrashed",
  "repairWiped",
];

/** Nothing has happened for so long that whoever looked knows how it is. */
const known = (w: World): boolean => w.time.now - Math.max(w.lastFault, w.lastMend) > NOTICE_MS;

/** S11: a leader is touched while others could lead, and who leads has been so for long enough to be known. */
const mustHandOver = (w: World, had: Quorum): boolean =>
  w.cluster.handsOver && had.healthy > 1 && known(w) && w.time.now - w.lastElection > NOTICE_MS;

/** A run begins a change. */
export function begins(w: World, by: Deeds, kind: Case): void {
  if (w.time.now - by.disturbed < by.target.policy.stabilizeMs) {
    w.violate(
      "the cluster comes to rest between two changes",
      `${kind} begins ${w.time.now - by.disturbed} ms after`,
    );
  }
  by.case = kind;
  by.snapshot = by.promoted = false;
  by.voters = Math.max(by.voters, votersOf(w.record() ?? []).length);
}

/** A run has completed a change. */
export function completes(w: World, by: Deeds): void {
  if (by.case !== undefined && disturbing.includes(by.case)) by.disturbed = w.time.now;
  by.case = undefined;
}

/** A step with an effect starts on a node. */
export function acts(w: World, by: Deeds, step: string, effect: Effect): void {
  if (effect.does === "nothing") return;
  if (by.target.policy.paused) w.violate("nothing is changed while it is paused", step);
  const nodes = (w.record() ?? []).flatMap((m) =>
    w.nodes.filter((n) => m.peerUrls.includes(w.model.peerUrl(n)))
  );
  const locked = nodes.filter((n) => w.host(n.name).lock?.by === by).length;
  if (
    (irreversible(effect) || changesMembership(effect)) && 2 * locked <= nodes.length && nodes.length > 0 &&
    known(w)
  ) {
    w.violate(
      "one manager at a time",
      `${by.who} begins ${step} with the lock on ${locked} of ${nodes.length} nodes`,
    );
  }
  // Whoever is latched is this service's from then on.
  const latched = [...w.hosts.values()].some((h) => h.marks.has("latch"));
  const mine = nodes.filter((n) => by.target.desired.some((d) => d.name === n.name)).length;
  if (effect.does === "latches" && !latched && 2 * mine <= by.target.desired.length && known(w)) {
    w.violate(
      "another's service is left alone",
      `${by.who} takes that on ${nodes.map((n) => n.name).join(", ")}`,
    );
  }
}

/** `member add`, `remove`, `promote` or `update` changes the record from `before` to `after`. */
export function changesMembers(
  w: World,
  by: Deeds,
  what: string,
  leader: Peer,
  before: readonly RecordedMember[],
  after: readonly RecordedMember[],
  had: Quorum,
  has: Quorum,
): void {
  const gone = before.find((m) => after.every((a) => a.id !== m.id));
  // Who comes back into the list and ran all the time is not new.
  const come = after.find((m) => before.every((b) => b.id !== m.id) && !w.cluster.started(m));
  if (had.margin >= 0 && has.margin < 0 && w.time.now - w.lastFault > NOTICE_MS) {
    w.violate("no action of ours costs the quorum", `${what} leaves ${has.healthy} of ${has.voters} voters`);
  }
  const hurt = votersOf(before).find((m) => m.id !== gone?.id && !serves(w, leader, m));
  if (hurt !== undefined && has.margin < had.margin && known(w)) {
    w.violate(
      "no safety is spent while a voter is out of order",
      `${what} while ${hurt.name || hurt.id} is down: margin ${had.margin} to ${has.margin}`,
    );
  }
  const waiting = (m: RecordedMember) => m.role === "learner" || m.name === "";
  if (come !== undefined && before.some(waiting)) {
    w.violate("one membership change at a time", `${what} while ${before.find(waiting)?.id} has not joined`);
  }
  const unstarted = votersOf(after).find((m) => !w.cluster.started(m));
  if (unstarted !== undefined && !before.some((m) => m.id === unstarted.id && m.role === "voter")) {
    w.violate("no voter that never started", `${what} makes ${unstarted.id} a voter before it runs`);
  }
  if (by.target.policy.backup !== false && !by.snapshot) {
    w.violate("the members change only after a snapshot", what);
  }
  if (gone?.id === leader.id && mustHandOver(w, had)) {
    w.violate("the leader hands over first", what);
  }
  if (come !== undefined) judgeComing(w, what, come);
  if (gone !== undefined && gone.role === "voter" && w.cluster.started(gone)) {
    judgeGoing(w, by, what, leader, gone, before);
  }
  if (votersOf(after).length > votersOf(before).length) {
    by.promoted = true;
    by.removed = Math.max(0, by.removed - 1);
  }
}

const serves = (w: World, leader: Peer, m: RecordedMember): boolean =>
  [...w.cluster.peers].some((p) =>
    p.id === m.id && p.disk.realm === leader.disk.realm && p.listensAt <= w.time.now &&
    (p === leader || w.linked(p.host, leader.host))
  );

/** Voters of a configuration that this leader can hear. */
export const strength = (w: World, leader: Peer, config: readonly RecordedMember[]) =>
  quorumOf(
    votersOf(config).length,
    [...w.cluster.peers].filter((p) =>
      p.disk.realm === leader.disk.realm && isVoter(config, p.id) &&
      (p === leader || (w.linked(p.host, leader.host) && p.listensAt <= w.time.now))
    ).length,
  );

function judgeComing(w: World, what: string, come: RecordedMember): void {
  const h = [...w.hosts.values()].find((x) => come.peerUrls.includes(w.model.peerUrl(x.node)));
  if (h === undefined || !known(w)) return;
  if (h.fence || !h.unit.loaded || (h.volume.disk !== undefined)) {
    w.violate("a node is made ready before it is registered", what);
  }
}

function judgeGoing(
  w: World,
  by: Deeds,
  what: string,
  leader: Peer,
  gone: RecordedMember,
  before: readonly RecordedMember[],
): void {
  const { desired, policy } = by.target;
  const hosts = [...w.hosts.values()];
  const cap = Math.max(1, Math.floor((by.voters - 1) / 2));
  const planned = by.case === "remove" || by.case === "replace";
  // One whose replacement has joined is none the fewer.
  const joined = by.promoted || votersOf(before).length > by.voters;
  if (planned && !joined && by.removed++ >= cap) {
    w.violate("one run removes a minority at most", `${what}, the ${by.removed}th of ${by.voters} voters`);
  }
  const stays = votersOf(before).some((m) => desired.some((n) => m.peerUrls.includes(w.model.peerUrl(n))));
  if (planned && !policy.moveAll && !stays && known(w)) {
    w.violate("a config that keeps no member is not followed", what);
  }
  // One that boots on an empty disk writes its id there before it ends: that is nothing of what it had.
  const holder = hosts.find(({ own: { disk } }) => disk?.memberId === gone.id && disk.log !== emptyLog);
  if (by.case === "repairWiped" && holder !== undefined) {
    w.violate("only what is gone for good is repaired as wiped", `${what}: ${holder.name} holds its data`);
  }
  const well = serves(w, leader, gone) && w.time.now - w.lastCut > NOTICE_MS;
  const peer = [...w.cluster.peers].find((p) => p.id === gone.id);
  if (
    by.case === "replace" && !joined && well && known(w) && peer?.ready &&
    w.time.now - peer.listensAt > NOTICE_MS
  ) {
    w.violate("who is well is not replaced as dead", what);
  }
}

/** A process is stopped; one that votes is missed from then on. */
export function stops(w: World, h: Host, what: string): void {
  const { peer } = h;
  const leader = peer === undefined ? undefined : w.cluster.leaderOf(peer);
  if (!peer?.ready || leader === undefined || !isVoter(leader.electorate, peer.id)) return;
  const all = votersOf(leader.electorate);
  const up = all.filter((m) => serves(w, leader, m));
  const had = quorumOf(all.length, up.length);
  const has = quorumOf(all.length, up.filter((m) => m.id !== peer.id).length);
  // Where it leads itself the others count by lists of their own from then on.
  const others = [...w.cluster.peers].filter((p) =>
    p !== peer && p.disk.realm === leader.disk.realm && p.listensAt <= w.time.now &&
    w.linked(p.host, leader.host)
  );
  const heir = peer === leader &&
    others.some((p) => isVoter(p.electorate, p.id) && majority(p.electorate, others));
  const lost = had.voters > 1 && had.margin >= 0 && has.margin < 0 && !heir;
  if (lost && w.time.now - w.lastFault > NOTICE_MS) {
    w.violate(
      "no action of ours costs the quorum",
      `${what} ${h.name} leaves ${has.healthy} of ${has.voters} voters`,
    );
  }
  // Who is counted and is no member any more is on its way out.
  const hurt = all.some((m) => !up.includes(m) && isVoter(leader.members, m.id));
  if (had.healthy > 1 && hurt && up.some((m) => m.id === peer.id) && known(w)) {
    w.violate("no safety is spent while a voter is out of order", `${what} ${h.name}`);
  }
  if (peer === leader && mustHandOver(w, had)) {
    w.violate("the leader hands over first", `${what} ${h.name}`);
  }
}

/** A data directory is renamed. */
export function setsAside(w: World, h: Host): void {
  const { disk } = h.volume;
  if (disk === undefined) return;
  const { memberId, realm } = disk;
  const served = w.leaders()[0]?.disk.realm;
  if (served === realm && w.record()?.some((m) => m.id === memberId)) {
    w.violate("data of a current member stays", `${h.name} sets the data of member ${memberId} aside`);
  }
  if (served !== undefined && served !== realm && !disk.pristine && !w.givenUp.has(realm)) {
    w.violate("data of another cluster stays", `${h.name} sets that of ${disk.clusterId} aside`);
  }
  if (w.acknowledged !== undefined && w.isCopy(h)) {
    const others = [...w.hosts.values()].filter((x) => x !== h && x.volume === x.own && w.isCopy(x));
    if (others.length === 0) w.violate("the last copy stays", `${h.name} sets it aside`);
  }
  if (h.process) w.violate("nothing runs on data that is set aside", `${h.name} runs`);
}

/** S19: a new cluster is decided on. Nobody serves, who is there and could is fenced, and no disk that is there holds more. */
export function succeeds(w: World, h: Host): void {
  const { next } = h;
  const serving = w.leaders()[0];
  if (serving !== undefined) {
    w.violate("never two clusters", `${h.name} is made another one while ${serving.host} leads`);
  }
  for (const x of w.hosts.values()) {
    const disk = x.volume.disk;
    if (x === h || !x.awake || disk === undefined || disk.pristine || disk.realm === next?.realm) continue;
    if (!x.fence && w.time.now - w.lastMend > NOTICE_MS) {
      w.violate(
        "who could serve beside it is fenced",
        `${x.name} is not, and ${h.name} is made another cluster`,
      );
    }
    const more = w.restored === undefined && disk.realm === h.volume.disk?.realm &&
      (disk.log.term > (h.volume.disk?.log.term ?? 0) ||
        (disk.log.term === h.volume.disk?.log.term && disk.log.index > h.volume.disk.log.index));
    if (more && w.time.now - w.lastMend > NOTICE_MS) {
      w.violate("the most advanced disk is taken", `${x.name} goes further than ${h.name}`);
    }
  }
  // What nobody has any more was lost with the majority, and clients are told so; all that the log held is kept.
  if (h.volume.disk !== undefined) w.givenUp.add(h.volume.disk.realm);
  if (w.restored !== undefined) {
    [...w.hosts.values()].forEach(({ own: { disk } }) => disk && w.givenUp.add(disk.realm));
  }
  if (w.restored !== undefined || !w.isCopy(h)) w.acknowledged = undefined;
  w.acknowledgedIn = undefined;
}

/** A data directory is deleted. */
export function deletes(w: World, h: Host): void {
  if (h.volume.disk === undefined) return;
  w.violate("data is set aside, never deleted", `${h.name} deletes that of member ${h.volume.disk.memberId}`);
}

/** A process starts a first time as `new`: nothing of another cluster may lie anywhere. */
export function startsNew(w: World, h: Host): void {
  const realm = w.cluster.realmTold(h);
  const other = [...w.hosts.values()].find(({ own }) =>
    own.disk !== undefined && !own.disk.pristine && own.disk.realm !== realm
  );
  if (other !== undefined) {
    w.violate(
      "absent means proven absent",
      `${h.name} starts as new, and ${other.name} holds data of ${other.own.disk?.clusterId}`,
    );
  }
}

/**
 * Who comes back empty under its old id may vote: with one that is behind it makes a majority that has never heard of
 * what was acknowledged, unless a majority has served without it since it lost its data.
 */
function startsEmpty(w: World, h: Host): void {
  if (!w.cluster.votesEmpty(h) || w.acknowledged === undefined || h.marks.has("intent")) return;
  const recorded = w.recorded.has(w.model.peerUrl(h.node));
  const served = w.leaders().some((l) => l.host !== h.name);
  if (recorded && !served && known(w) && w.time.now - w.lastElection > NOTICE_MS) {
    w.violate(
      "who lost its data starts only beside a majority of the others",
      `${h.name} starts without any`,
    );
  }
}

/**
 * A unit is started that a person has stopped and disabled, with the member's data in it. While a bootstrap has not
 * enabled it nothing tells a person's word from the playbook's own.
 */
export function starts(w: World, h: Host): void {
  startsEmpty(w, h);
  if (h.marks.has("intent") && !h.marks.has("latch")) return;
  const since = h.stoppedByPerson;
  const member = w.record()?.find((m) => m.id === h.volume.disk?.memberId);
  if (since !== undefined && member !== undefined && w.time.now - since > NOTICE_MS) {
    w.violate("a person's word on a unit is respected", `${h.name} is started`);
  }
}
