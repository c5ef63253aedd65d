/**
 * The node checks of a run. Several services look at the same nodes at the same moment: what is asked of one node in
 * one turn of the event loop travels as one script, so that an observation costs each node one round trip.
 *
 * @module
 */
import type { Fleet, Reply } from "../model/fleet.ts";
import type { HostNode, NodeFacts } from "../model/node.ts";
import { checkScript, checkTimeoutMs } from "../node/check.ts";
import { readCheck, unreached } from "../node/parse.ts";
import type { Service } from "../playbook/plugin.ts";
import type { Clock } from "./outside.ts";

export interface Checks {
  check(service: Service, node: HostNode): Promise<NodeFacts>;
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
  const send = async (node: HostNode, services: readonly Service[]): Promise<Answer> => {
    await clock.sleep(0); // the turn ends: all that was asked in it is known
    turns.delete(node.name);
    const sentMs = clock.wall();
    const reply = await fleet.run(node.name, checkScript(services, node), { timeoutMs: checkTimeoutMs });
    return { reply, sentMs, receivedMs: clock.wall() };
  };
  return {
    async check(service, node) {
      let turn = turns.get(node.name);
      if (turn === undefined) {
        const services: Service[] = [];
        turn = { services, answer: send(node, services) };
        turns.set(node.name, turn);
      }
      turn.services.push(service);
      const { reply, sentMs, receivedMs } = await turn.answer;
      return reply.kind === "exited" && reply.code === 0
        ? readCheck(reply.stdout, service, node, { sentMs, receivedMs })
        : unreached(node, reply);
    },
  };
}
