/**
 * Whose own word a question needs. The record is the same whoever reads it, so one healthy voter is enough for it;
 * health and what lies on a node only that node can tell; and where votes are counted, everybody is looked at.
 *
 * @module
 */
import { memberById, memberOn, type Observation } from "../model/observation.ts";
import type { Subject } from "../playbook/command.ts";
import type { Effect } from "../playbook/effect.ts";
import type { FactName, Probe } from "../playbook/probe.ts";
import type { Where } from "../playbook/where.ts";

/** Everybody who has a part in the change, or these nodes; somebody who reads the record is looked at in any case. */
export type Whom = "all" | readonly string[];

export const together = (whoms: readonly Whom[]): Whom => {
  const named: string[] = [];
  for (const whom of whoms) {
    if (whom === "all") return "all";
    named.push(...whom);
  }
  return [...new Set(named)];
};

/** For the answer to a probe. */
export function whomToAsk(probe: Probe, seen: Observation): Whom {
  switch (probe.ask) {
    case "fact":
      return forFact(probe.fact, probe.of, seen);
    case "setting":
      return [probe.node];
    case "quorum":
    case "command":
      return [];
    case "settled":
      return "all";
    case "not":
      return whomToAsk(probe.probe, seen);
    case "all":
    case "any":
      return together(probe.probes.map((p) => whomToAsk(p, seen)));
  }
}

function forFact(fact: FactName, of: Subject, seen: Observation): Whom {
  switch (fact) {
    case "recorded":
    case "started":
    case "voter":
    case "learner":
    case "leader":
      return [];
    case "caughtUp": {
      // Both indexes have to come from one look.
      const leads = seen.members.find((m) => m.leader)?.node;
      return [...nodesOf(of, seen), ...(leads === undefined ? [] : [leads])];
    }
    default:
      return nodesOf(of, seen);
  }
}
const nodesOf = (of: Subject, seen: Observation): readonly string[] =>
  "node" in of
    ? [of.node]
    : memberById(seen, of.member)?.node === undefined
    ? []
    : [memberById(seen, of.member)?.node ?? ""];

/** For the rules on an effect. */
export function whomItConcerns(effect: Effect, seen: Observation): Whom {
  switch (effect.does) {
    case "registersLearner":
    case "promotes":
    case "removes":
    case "movesLeaderFrom":
    case "updatesPeerUrl":
    case "restarts":
      return "all";
    case "fences":
      return memberOn(seen, effect.node) === undefined ? [effect.node] : "all";
    case "setsAside":
    case "starts":
      return [effect.node];
    default:
      return [];
  }
}

/** For the place where a step runs. */
export const whomItRunsOn = (on: Where): Whom => (on.on === "leader" ? "all" : []);
