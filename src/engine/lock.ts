/**
 * S20 one manager: through a change, `flock` is held on a majority of recorded ∪ desired nodes by sessions that end
 * with their connection. Two managers that both saw a difference can then never both act: their majorities share a
 * node. Whoever loses leaves quietly. The node that sorts first is locked before the others, so that of two managers
 * that start at the same moment one gets through.
 *
 * @module
 */
import type { Session } from "../model/fleet.ts";
import type { Observation, Target } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";
import type { ServiceRun } from "./look.ts";

export type LockReply =
  | { readonly kind: "held"; readonly session: Session }
  | { readonly kind: "busy"; readonly holder: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface Locks {
  /** Takes what is missing of a majority; undefined when it is held. */
  majority(target: Target, seen: Observation): Promise<Exclude<LockReply, { kind: "held" }> | undefined>;
  /** The session on one node, opened if it is not there. */
  on(node: string): Promise<LockReply>;
  /** Asks each session whether it is still alive: before what cannot be taken back. */
  confirm(target: Target, seen: Observation): Promise<Refusal | undefined>;
  close(): Promise<void>;
}

const CONFIRM_TIMEOUT_MS = 5_000;

/** Locks are named after the unit: what two configs call the same service may differ, what runs on the node does not. */
export function nodeLocks({ service, outside }: ServiceRun): Locks {
  const path = `/run/quorate/${service.unit}.lock`;
  const sessions = new Map<string, Session>();
  const on = async (node: string): Promise<LockReply> => {
    const known = sessions.get(node);
    if (known?.held) return { kind: "held", session: known };
    const reply = await outside.fleet.lock(node, path);
    if (reply.kind === "busy") return reply;
    if (reply.kind === "held") {
      sessions.set(node, reply.session);
      return reply;
    }
    const why = reply.reply.kind === "unreachable"
      ? reply.reply.trouble.detail
      : reply.reply.kind === "exited"
      ? new TextDecoder().decode(reply.reply.stderr).trim()
      : "no answer";
    return { kind: "refused", refusal: cannotLock(node, why) };
  };
  return {
    on,
    async majority(target, seen) {
      const { nodes, needed } = electorate(target, seen);
      const [first, ...rest] = [...nodes].sort();
      if (first === undefined) return undefined;
      const replies = [await on(first)];
      if (replies[0]?.kind !== "busy") replies.push(...await Promise.all(rest.map(on)));
      const busy = replies.find((r) => r.kind === "busy");
      if (busy !== undefined) return busy;
      if (replies.filter((r) => r.kind === "held").length >= needed) return undefined;
      return replies.find((r) => r.kind === "refused");
    },
    async confirm(target, seen) {
      const { nodes, needed } = electorate(target, seen);
      const alive = await Promise.all(nodes.map(async (n) => {
        const session = sessions.get(n);
        if (session === undefined || !session.held) return false;
        const reply = await session.run("true", { timeoutMs: CONFIRM_TIMEOUT_MS });
        return reply.kind === "exited" && reply.code === 0;
      }));
      const held = alive.filter(Boolean).length;
      return held >= needed ? undefined : {
        rule: "S20",
        evidence: `the lock is held on ${held} of ${nodes.length} nodes, and ${needed} are needed`,
        unblock: "look at the network between here and the nodes; the next run goes on",
      };
    },
    async close() {
      await Promise.all([...sessions.values()].map((s) => s.close()));
    },
  };
}

/** Nodes that vote on who is the manager; a recorded member that is on no node of the config counts against us. */
function electorate(
  target: Target,
  seen: Observation,
): { readonly nodes: readonly string[]; readonly needed: number } {
  const nodes = new Set([
    ...target.desired.map((n) => n.name),
    ...seen.members.flatMap((m) => m.node === undefined ? [] : [m.node]),
  ]);
  const unknown = seen.members.filter((m) => m.node === undefined).length;
  return { nodes: [...nodes], needed: quorumOf(nodes.size + unknown, 0).needed };
}

const cannotLock = (node: string, why: string): Refusal => ({
  rule: "S20",
  evidence: `the lock on ${node} could not be taken: ${why}`,
  unblock: `make ${node} reachable and /run/quorate on it writable; a majority of the nodes has to be locked`,
});
