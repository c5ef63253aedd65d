/**
 * The node checks of a run. Several services look at the same nodes at the same moment: what is asked of one node in
 * one turn of the event loop travels as one script, so that an observation costs each node one round trip.
 *
 * @module
 */
import type { Fleet, Reply } from "../model/fleet.ts";
import type { HostNode, NodeFacts, RecordedMember } from "../model/node.ts";
import type { Tri } from "../model/tri.ts";
import { askScript, checkScript, checkTimeoutMs } from "../node/check.ts";
import { readAsks, readCheck, unreached } from "../node/parse.ts";
import type { Service, Surveyed } from "../playbook/plugin.ts";
import type { Clock } from "./outside.ts";

const PEERS_TIMEOUT_MS = 12_000;
/** The end of a log is found by reading the whole of its last file, which may be gigabytes. */
const SURVEY_TIMEOUT_MS = 300_000;
/** A node that did not answer once is not waited for longer than this again: it counts as not seen (S24). */
const GRACE_MS = 500;
/** Who takes half as long again as most did is asked about; a busy fleet is no reason to make it busier. */
const LATE_MS = 300;

export interface Checks {
  check(service: Service, node: HostNode): Promise<NodeFacts>;
  /**
   * Most nodes of a look have answered within `tookMs`: resolves when it is time to ask others about the rest, or when
   * `enough` aborts.
   */
  late(tookMs: number, enough: AbortSignal): Promise<void>;
  /**
   * Asks healthy members' nodes about members whose own nodes could not be asked (S4). Who does not answer takes
   * seconds to be asked, so a "no" is taken again; but a member may be removed for it (S5), so it is at most as old as
   * what it is judged with may be.
   */
  peers(
    service: Service,
    members: readonly RecordedMember[],
    from: readonly HostNode[],
    maxAgeMs: number,
  ): Promise<Readonly<Record<string, Tri>>>;
  /** What a node's disk holds, and whether these silent hosts answer it (S19); nothing where that cannot be asked. */
  survey(service: Service, node: HostNode, silent: readonly HostNode[]): Promise<Surveyed | undefined>;
}

interface Turn {
  readonly services: Service[];
  readonly answer: Promise<Answer>;
}
interface Answer {
  readonly reply: Reply;
  readonly sentMs: number;
  readonly receivedMs: number;
}

/** Checks over a fleet. */
export function nodeChecks(fleet: Fleet, clock: Clock): Checks {
  const turns = new Map<string, Turn>();
  /** Nodes whose last check failed, and the attempt at them that is still under way. */
  const silent = new Map<string, { readonly last: Answer; attempt: Promise<Answer> | undefined }>();

  const send = async (node: HostNode, services: readonly Service[]): Promise<Answer> => {
    const sentMs = clock.wall();
    const reply = await fleet.run(node.name, checkScript(services, node), { timeoutMs: checkTimeoutMs });
    const answer = { reply, sentMs, receivedMs: clock.wall() };
    if (reply.kind === "exited") silent.delete(node.name);
    else silent.set(node.name, { last: answer, attempt: undefined });
    return answer;
  };
  const refusedAt = new Map<string, number>();
  const ask = async (node: HostNode, services: readonly Service[]): Promise<Answer> => {
    await clock.sleep(0); // the turn ends: all that was asked in it is known
    turns.delete(node.name);
    const known = silent.get(node.name);
    if (known === undefined) return await send(node, services);
    // An attempt of an earlier look may still be waiting for the node: its answer would be old, so only the next
    // one, over a connection that it has opened, counts.
    const late = known.attempt !== undefined;
    known.attempt ??= send(node, services);
    const enough = new AbortController();
    const answer = await Promise.race([known.attempt, clock.sleep(GRACE_MS, enough.signal)]);
    enough.abort();
    return answer === undefined || late ? known.last : answer;
  };
  return {
    async check(service, node) {
      let turn = turns.get(node.name);
      if (turn === undefined) {
        const services: Service[] = [];
        turn = { services, answer: ask(node, services) };
        turns.set(node.name, turn);
      }
      turn.services.push(service);
      const { reply, sentMs, receivedMs } = await turn.answer;
      return reply.kind === "exited" && reply.code === 0
        ? readCheck(reply.stdout, service, node, { sentMs, receivedMs })
        : unreached(node, reply);
    },
    late: (tookMs, enough) => clock.sleep(Math.max(LATE_MS, tookMs / 2), enough),
    async peers(service, members, from, maxAgeMs) {
      const key = (m: RecordedMember) => `${service.name} ${m.id}`;
      const silent = (m: RecordedMember) => clock.now() - (refusedAt.get(key(m)) ?? -Infinity) < maxAgeMs;
      const open = members.filter((m) => !silent(m));
      const said = open.length === 0 ? [] : await Promise.all(from.map(async (n) => {
        const script = askScript(service, service.askPeers(open, n));
        const reply = await fleet.run(n.name, script, { timeoutMs: PEERS_TIMEOUT_MS });
        const asks = reply.kind === "exited" ? readAsks(reply.stdout, service) : undefined;
        return asks === undefined ? {} : service.readPeers(asks, open);
      }));
      return Object.fromEntries(members.map((m) => {
        const answer = open.includes(m) ? together(said.map((s) => s[m.id] ?? "unknown")) : "no";
        if (answer !== "no") refusedAt.delete(key(m));
        else if (open.includes(m)) refusedAt.set(key(m), clock.now());
        return [m.id, answer];
      }));
    },
    async survey(service, node, silent) {
      const { survey } = service;
      if (survey === undefined) return undefined;
      const script = askScript(service, survey.ask(node, silent));
      const reply = await fleet.run(node.name, script, { timeoutMs: SURVEY_TIMEOUT_MS });
      const asks = reply.kind === "exited" ? readAsks(reply.stdout, service) : undefined;
      return asks === undefined ? undefined : survey.read(asks, silent);
    },
  };
}

/** What one healthy member says is enough for "it answers"; that it does not, all of them have to say. */
const together = (words: readonly Tri[]): Tri =>
  words.includes("yes") ? "yes" : words.length > 0 && words.every((w) => w === "no") ? "no" : "unknown";
