/**
 * S20 one manager: through a change, `flock` is held on a majority of recorded ∪ desired nodes, and of each of the
 * two, by sessions that end with their connection. Two managers that both saw a difference can then never both act: their majorities share a
 * node. Whoever loses leaves quietly. The node that sorts first is locked before the others, so that of two managers
 * that start at the same moment one gets through.
 *
 * What was seen before the locks were taken may be another manager's half-done work. Whoever lets a lock go writes down
 * when, and whoever takes it reads what stood there. So where every lock that we took still holds the line that the look
 * found, and that line is older than the look, nobody was at work since it began: he would have held one of them.
 *
 * @module
 */
import type { Session } from "../model/fleet.ts";
import type { Observation, Target } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";
import type { ServiceRun } from "./outside.ts";

export type LockReply =
  | { readonly kind: "held"; readonly session: Session }
  | { readonly kind: "busy"; readonly holder: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface Locks {
  /** Takes what is missing of a majority; undefined when it is held. */
  majority(target: Target, seen: Observation): Promise<Exclude<LockReply, { kind: "held" }> | undefined>;
  /** The session on one node, opened if it is not there. */
  on(node: string): Promise<LockReply>;
  /** Nobody else has held the lock of any of these nodes since before this look began. */
  quietSince(seen: Observation): boolean;
  /** The nodes whose agents are there, as they said just now: before what cannot be taken back. */
  alive(): Promise<ReadonlySet<string>>;
  /** Why these nodes are not a majority any more. */
  lost(target: Target, seen: Observation, alive: ReadonlySet<string>): Refusal | undefined;
  close(): Promise<void>;
}

/** An agent lets the lock go 45 s after it has heard the last of us: whoever answered just now holds it still. */
const HEARD_MS = 2_000;

/**
 * `every`: where the quorum is lost its majority cannot be locked; then the lock is held on each of these nodes, all that
 * can be reached, and whoever holds it anywhere is at work (S19).
 *
 * Locks are named after the unit: what two configs call the same service may differ, what runs on the node does not.
 */
export function nodeLocks({ service, outside }: ServiceRun, every?: readonly string[]): Locks {
  const votesOf = (target: Target, seen: Observation): readonly Electorate[] =>
    every?.map((name) => ({ name, nodes: [name], size: 1 })) ?? electorates(target, seen);
  const path = `/run/quorate/${service.unit}.lock`;
  const sessions = new Map<string, Session>();
  /** Nodes whose lock was lost once: another manager may have held a majority since, so they count no more. */
  const broken = new Set<string>();
  const on = async (node: string): Promise<LockReply> => {
    const known = sessions.get(node);
    if (known?.held) return { kind: "held", session: known };
    if (known !== undefined) broken.add(node);
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
  const isAlive = async (node: string): Promise<boolean> => {
    const session = sessions.get(node);
    if (session === undefined || !session.held || broken.has(node)) return false;
    return await session.alive(HEARD_MS);
  };
  return {
    on,
    async majority(target, seen) {
      const votes = votesOf(target, seen);
      const nodes = [...new Set(votes.flatMap((v) => v.nodes))].sort();
      // Nodes that were just seen; the others would be waited for in vain, and may only be missing from a majority.
      const seenNow = nodes.filter((n) => seen.nodes[n]?.reached === true);
      const [first, ...rest] = seenNow;
      const replies = first === undefined ? [] : [await on(first)];
      if (replies[0]?.kind !== "busy") replies.push(...await Promise.all(rest.map(on)));
      const busy = replies.find((r) => r.kind === "busy");
      if (busy !== undefined) return busy;
      const held = new Set([...sessions].filter(([, s]) => s.held).map(([n]) => n));
      const short = votes.find((v) => !enough(v, held));
      if (short === undefined) return undefined;
      const silent = nodes.find((n) => !seenNow.includes(n));
      return replies.find((r) => r.kind === "refused") ?? {
        kind: "refused",
        refusal: silent === undefined
          ? tooFew(short, held)
          : cannotLock(silent, seen.nodes[silent]?.trouble?.detail ?? "it was not seen"),
      };
    },
    quietSince(seen) {
      const tookMs = outside.clock.now() - seen.at;
      return [...sessions].every(([node, { found }]) => {
        const lock = seen.nodes[node]?.lock;
        return typeof lock === "object" && lock.line === found && lock.freeMs > tookMs;
      });
    },
    async alive() {
      const nodes = [...sessions.keys()];
      const answers = await Promise.all(nodes.map(isAlive));
      return new Set(nodes.filter((_, i) => answers[i]));
    },
    lost(target, seen, alive) {
      const short = votesOf(target, seen).find((v) => !enough(v, alive));
      return short === undefined ? undefined : tooFew(short, alive);
    },
    async close() {
      await Promise.all([...sessions.values()].map((s) => s.close()));
    },
  };
}

interface Electorate {
  readonly name: string;
  readonly nodes: readonly string[];
  /** Members on no node of the config count against us: their nodes cannot be locked. */
  readonly size: number;
}

/**
 * Who votes on who is the manager: recorded, desired, and both together. Two managers see the same record, whatever
 * their configs say, so their majorities of it meet.
 */
function electorates(target: Target, seen: Observation): readonly Electorate[] {
  const recorded = seen.members.flatMap((m) => m.node === undefined ? [] : [m.node]);
  const desired = target.desired.map((n) => n.name);
  const both = [...new Set([...recorded, ...desired])];
  const unknown = target.policy.removeUnfenced ? 0 : seen.members.length - recorded.length;
  return [
    { name: "recorded", nodes: recorded, size: recorded.length + unknown },
    { name: "desired", nodes: desired, size: desired.length },
    { name: "recorded and desired", nodes: both, size: both.length + unknown },
  ].filter((e) => e.size > 0);
}
const enough = (e: Electorate, held: ReadonlySet<string>): boolean =>
  e.nodes.filter((n) => held.has(n)).length >= quorumOf(e.size, 0).needed;

const tooFew = (short: Electorate, held: ReadonlySet<string>): Refusal => ({
  rule: "S20",
  evidence: `the lock is held on ${short.nodes.filter((n) => held.has(n)).length} of the ${short.size} ` +
    `${short.name} nodes, and ${quorumOf(short.size, 0).needed} are needed`,
  unblock: "look at the network between here and the nodes; the next run goes on",
});
const cannotLock = (node: string, why: string): Refusal => ({
  rule: "S20",
  evidence: `the lock on ${node} could not be taken: ${why}`,
  unblock: `make ${node} reachable and /run/quorate on it writable; a majority of the nodes has to be locked`,
});
