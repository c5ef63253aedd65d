/**
 * What a node check reads of a simulated etcd: its settings in effect, and what it says of itself.
 *
 * @module
 */
import type { ServiceView } from "../../model/node.ts";
import { known } from "../../model/tri.ts";
import type { Host } from "../host.ts";
import { emptyLog, isVoter, type Peer } from "../peer.ts";
import type { Etcd } from "./model.ts";

/** Those in effect: what the file says now is for the next start. */
export const settingsOf = (h: Host): Readonly<Record<string, string>> =>
  Object.fromEntries(h.process && h.told !== undefined ? inEffect(h.env, h.told) : h.env);
const inEffect = (file: ReadonlyMap<string, string>, told: ReadonlyMap<string, string>) =>
  [...file].flatMap(([key, value]): readonly (readonly [string, string])[] => {
    if (key.startsWith("ETCD_INITIAL_")) return [[key, value]];
    const now = told.get(key);
    return now === undefined ? [] : [[key, now]];
  });

const silent: ServiceView = {
  identity: undefined,
  linearizable: "unknown",
  local: "no",
  members: undefined,
  leaderId: undefined,
  role: undefined,
  term: undefined,
  index: undefined,
  version: undefined,
  alarms: [],
  pristine: "unknown",
  trouble: "etcd does not listen yet",
};

export function viewOf({ world: w, raft, version }: Etcd, peer: Peer | undefined): ServiceView {
  if (peer === undefined || peer.listensAt > w.time.now) return silent;
  // It listens from the beginning, and serves once it has heard of a leader.
  if (!peer.ready) return { ...silent, local: "unknown", trouble: "etcdctl did not answer in time" };
  const { disk } = peer;
  const leader = raft.leaderOf(peer);
  const follows = peer.leads || peer.hearing || w.time.now - peer.heard < 1_000;
  const role = disk.log === emptyLog || !isVoter(disk.commit.config, peer.id) ? "learner" : "voter";
  const reads = role === "learner" ? "no" : leader !== undefined ? "yes" : follows ? "unknown" : "no";
  // etcd before 3.5 answers from its own state; later ones do not answer without a leader.
  const lists = reads === "yes" || (role === "voter" && version === "3.4");
  return {
    identity: { clusterId: disk.clusterId, memberId: disk.memberId },
    linearizable: reads,
    local: known(follows),
    members: lists ? disk.commit.config : undefined,
    leaderId: follows ? peer.leader : undefined,
    role,
    term: BigInt(disk.term),
    index: BigInt(disk.commit.index),
    version: `${version}.30`,
    alarms: [],
    pristine: disk.pristine ? reads : "no",
    trouble: follows ? undefined : "etcdserver: no leader",
  };
}
