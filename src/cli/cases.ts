/**
 * The cases in words, for `explain`.
 *
 * @module
 */
import type { Case } from "../model/change.ts";

export interface CaseWords {
  readonly when: string;
  readonly does: string;
}

export const cases: Readonly<Record<Case, CaseWords>> = {
  bootstrap: {
    when: "no member was ever formed, proven on every host, or an unfinished bootstrap of ours is found",
    does:
      "writes the intent on all nodes, starts each once as new, waits until all are healthy, and latches who they are",
  },
  restart: {
    when: "it was formed before and has no quorum, the members' own data is there, the processes are down",
    does: "starts them all on their own data",
  },
  add: {
    when: "a node is desired and not recorded, or recorded and was never started",
    does: "stages the node, registers it as a learner, starts it, waits until it has caught up, promotes it",
  },
  remove: {
    when: "a member is recorded and not desired",
    does: "hands leadership over, removes the member, fences its node, sets its data aside",
  },
  replace: {
    when: "there is one member to remove and one node to add",
    does:
      "takes a dead member out before the new one joins, and a healthy one only after the new one has joined",
  },
  retire: {
    when: "a node holds data or an enabled unit of this cluster, but is no current member",
    does: "fences the node and sets its data aside",
  },
  repairCrashed: {
    when: "a member is recorded and desired, its process is down, its own data is there",
    does: "starts it and waits until it is healthy; tries a bounded number of times over runs",
  },
  repairWiped: {
    when:
      "a member is recorded and desired and was started before, and its data directory is proven empty, or holds no more than a start on the empty disk left",
    does:
      "removes the stale id and lets the node join again under a new one; or, where the service allows that safely, " +
      "lets the others bring it up to date under its own",
  },
  repairConfig: {
    when: "a setting that Quorate owns differs on a node, or the peer URL in the record does",
    does: "updates the member, rewrites the setting and restarts, one node at a time, the leader last",
  },
  prune: {
    when:
      "nothing differs, all members are healthy, and more data lies aside on a node than policy.backup.keep says",
    does: "deletes the oldest of it, and never the newest of a cluster",
  },
  recover: {
    when: "a person runs `quorate recover`: the quorum is lost for good",
    does:
      "fences all others, replays a copy of the most advanced disk, and begins a new cluster of one voter with it; the next changes add the others with fresh disks",
  },
  restore: {
    when: "a person runs `quorate restore`: a snapshot is to be the new beginning",
    does: "fences all that is left, and begins a new cluster of one voter with the snapshot",
  },
  quorumLost: {
    when: "it was formed before, and a majority cannot be started",
    does: "changes nothing: names who is missing and what would bring it back",
  },
};
