/**
 * What `etcdctl` does in the simulated fleet, with the quirks that were measured on 3.4 and 3.5: strict
 * reconfiguration looks at connections, so a member that is silently cut off counts as well for a while.
 *
 * @module
 */
import type { RecordedMember } from "../../model/node.ts";
import { quorumOf } from "../../model/quorum.ts";
import { changesMembers, type Deeds, strength } from "../judge.ts";
import { type Peer, votersOf } from "../peer.ts";
import type { Said } from "../shell.ts";
import type { Etcd } from "./model.ts";
import { SILENT_MS } from "./raft.ts";

const failed = (err: string): Said => ({ code: 1, err: `Error: ${err}` });
const HEALTHY_FOR_MS = 5_000;

/** Runs one etcdctl command on a host; nobody's `by` is another hand's. */
export async function etcdctl(
  etcd: Etcd,
  from: string,
  endpoints: readonly string[],
  words: readonly string[],
  by: Deeds | undefined,
): Promise<Said> {
  const { world: w, raft } = etcd;
  await w.time.sleep(w.random.int(10, 30));
  const peers = [...raft.peers].filter((p) =>
    endpoints.includes(w.model.clientUrl(w.host(p.host).node)) && p.listensAt <= w.time.now &&
    w.linked(from, p.host) && !p.disk.pristine
  );
  const peer = peers[0];
  if (peer === undefined) {
    await w.time.sleep(5_000);
    return failed("context deadline exceeded");
  }
  const [verb = "", noun = ""] = words;
  if (verb === "snapshot") {
    w.host(from).files.set(words[2] ?? "", peer.disk.commit);
    return { code: 0 };
  }
  const leader = raft.leaderOf(peer);
  if (leader === undefined) {
    // A leader that has lost its majority still takes what it is told, and may make it true much later.
    if (peer.leads && verb === "member") change(etcd, peer, peer, words, by);
    await w.time.sleep(w.random.int(2_000, 7_000));
    return failed("etcdserver: request timed out");
  }
  if (verb === "member" && noun !== "list") return change(etcd, peer, leader, words, by);
  if (verb === "move-leader") return moveLeader(etcd, peers, leader, noun);
  return { code: 0 };
}

const named = (config: readonly RecordedMember[]): number =>
  config.filter((m) => m.role === "voter" && m.name !== "").length;

/** `member add`, `remove`, `promote`, `update`. */
function change(
  etcd: Etcd,
  peer: Peer,
  leader: Peer,
  words: readonly string[],
  by: Deeds | undefined,
): Said {
  const { world: w, raft } = etcd;
  const config = leader.members;
  const [, verb = "", subject = ""] = words;
  const flag = (name: string) => words.find((x) => x.startsWith(`--${name}=`))?.slice(name.length + 3);
  const urls = (flag("peer-urls") ?? "").split(",");
  const own = config.find((m) => m.id === subject);
  if (verb !== "add" && own === undefined) return failed("etcdserver: member not found");
  const refusal = verb === "add"
    ? mayAdd(etcd, peer, config, urls, words.includes("--learner"))
    : verb === "remove" && own?.role === "voter"
    ? mayRemove(etcd, peer, config, own)
    : verb === "promote"
    ? mayPromote(etcd, leader, own)
    : undefined;
  if (refusal !== undefined) return failed(`etcdserver: ${refusal}`);
  const role = words.includes("--learner") ? "learner" as const : "voter" as const;
  const added = { id: w.random.hex(16).replace(/^0/, "b"), name: "", role, peerUrls: urls, clientUrls: [] };
  if (verb === "add") (by === undefined ? w.byHand : w.registered).add(added.id);
  const next = verb === "add"
    ? [...config, added]
    : verb === "remove"
    ? config.filter((m) => m.id !== subject)
    : config.map((m) =>
      m.id !== subject ? m : verb === "promote" ? { ...m, role: "voter" as const } : { ...m, peerUrls: urls }
    );
  next.forEach((m) => m.peerUrls.forEach((u) => w.recorded.add(u)));
  const before = strength(w, leader, config);
  const what = `member ${verb} ${verb === "add" ? urls.join() : subject}`;
  w.tell(
    leader.host,
    `${what}: ${next.map((m) => `${m.name || "?"}${m.role === "learner" ? "*" : ""}`).join(" ")}`,
  );
  if (by !== undefined) {
    changesMembers(w, by, what, leader, config, next, before, strength(w, leader, next));
  }
  return raft.propose(leader, next) ? { code: 0 } : failed("etcdserver: request timed out");
}

// ---- server/etcdserver/server.go: mayAddMember, mayRemoveMember, mayPromoteMember --------------------------------

function connected({ raft, version, time }: Etcd, peer: Peer, id: string): boolean {
  const since = raft.connectedSince(peer, id, SILENT_MS[version]);
  return since !== undefined && time.now - since >= HEALTHY_FOR_MS;
}

function mayAdd(
  etcd: Etcd,
  peer: Peer,
  config: readonly RecordedMember[],
  urls: readonly string[],
  learner: boolean,
): string | undefined {
  const voters = votersOf(config);
  if (
    !learner && !(named(config) === 1 && voters.length === 1) &&
    named(config) < quorumOf(voters.length + 1, 0).needed
  ) {
    return "re-configuration failed due to not enough started members";
  }
  if (!voters.every((m) => connected(etcd, peer, m.id))) return "unhealthy cluster";
  if (config.some((m) => m.peerUrls.some((u) => urls.includes(u)))) return "Peer URLs already exists";
  if (learner && config.some((m) => m.role === "learner")) return "too many learner members in cluster";
  return undefined;
}

function mayRemove(
  etcd: Etcd,
  peer: Peer,
  config: readonly RecordedMember[],
  own: RecordedMember,
): string | undefined {
  const others = votersOf(config).filter((m) => m.id !== own.id);
  const { needed } = quorumOf(others.length, 0);
  if (others.length === 0 || named(others) < needed) {
    return "re-configuration failed due to not enough started members";
  }
  if (etcd.raft.connectedSince(peer, own.id, SILENT_MS[etcd.version]) === undefined) return undefined;
  const active = votersOf(config).filter((m) => connected(etcd, peer, m.id)).length;
  return active - 1 < needed ? "unhealthy cluster" : undefined;
}

function mayPromote(
  { raft, world: w }: Etcd,
  leader: Peer,
  own: RecordedMember | undefined,
): string | undefined {
  const peer = [...raft.peers].find((p) => p.id === own?.id && p.disk.realm === leader.disk.realm);
  if (own?.role !== "learner") return "can only promote a learner member";
  return peer !== undefined && peer.disk.log === leader.disk.log && w.linked(peer.host, leader.host)
    ? undefined
    : "can only promote a learner member which is in sync with leader";
}

async function moveLeader(
  { world: w, raft }: Etcd,
  peers: readonly Peer[],
  leader: Peer,
  to: string,
): Promise<Said> {
  if (!peers.includes(leader)) return failed("no leader endpoint given at");
  await w.time.sleep(w.random.int(20, 120));
  const heir = [...raft.peers].find((p) => p.id === to && p.disk.realm === leader.disk.realm);
  if (
    !leader.leads || heir === undefined || heir.disk.log !== leader.disk.log ||
    !w.linked(heir.host, leader.host)
  ) {
    return failed("etcdserver: request timed out, leader transfer took too long");
  }
  raft.handOver(leader, heir);
  return { code: 0 };
}
