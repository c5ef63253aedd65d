/**
 * Whose own word a question needs. The record is the same whoever reads it, so one healthy voter is enough for it. How a
 * service is only its own node can tell, and what runs and lies on a host only a deed on that host changes. Where votes
 * are counted, everybody is looked at.
 *
 * @module
 */
import { memberById, memberOn, type Observation } from "../model/observation.ts";
import type { Subject } from "../playbook/command.ts";
import type { Effect } from "../playbook/effect.ts";
import type { FactName, Probe } from "../playbook/probe.ts";
import type { Where } from "../playbook/where.ts";

/** Everybody who has a part in the change; or these nodes, and whoever reads the record, who is looked at in any case. */
export type Whom = "all" | {
  /** Asked how the service on them is: seen after the last deed, wherever it was done. */
  readonly service: readonly string[];
  /** Asked what runs and lies on them: seen after the last deed there. */
  readonly host: readonly string[];
};

/** The record alone. */
export const anyReader: Whom = { service: [], host: [] };
const service = (nodes: readonly string[]): Whom => ({ service: nodes, host: [] });
const host = (nodes: readonly string[]): Whom => ({ service: [], host: nodes });

const together = (whoms: readonly Whom[]): Whom => {
  const named = whoms.filter((w) => w !== "all");
  return named.length < whoms.length
    ? "all"
    : { service: named.flatMap((w) => w.service), host: named.flatMap((w) => w.host) };
};

/** For the answer to a probe. */
export function whomToAsk(probe: Probe, seen: Observation): Whom {
  switch (probe.ask) {
    case "fact":
      return forFact(probe.fact, probe.of, seen);
    case "setting":
      return service([probe.node]);
    case "quorum":
    case "command":
      return anyReader;
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
  const own = "node" in of ? of.node : memberById(seen, of.member)?.node;
  const nodes = own === undefined ? [] : [own];
  switch (fact) {
    case "recorded":
    case "started":
    case "voter":
    case "learner":
    case "leader":
      return anyReader;
    case "healthy":
      return service(nodes);
    case "caughtUp": {
      // Both indexes have to come from one look.
      const leads = seen.members.find((m) => m.leader)?.node;
      return service(leads === undefined ? nodes : [...nodes, leads]);
    }
    default:
      return host(nodes);
  }
}

/** For the rules on an effect, at the place where it runs. */
export function whomItConcerns(effect: Effect, on: Where, seen: Observation): Whom {
  if (on.on === "leader") return "all";
  switch (effect.does) {
    case "registersLearner":
    case "promotes":
    case "removes":
    case "movesLeaderFrom":
    case "updatesPeerUrl":
    case "restarts":
    case "prunes":
      return "all";
    case "fences":
      return memberOn(seen, effect.node) === undefined ? host([effect.node]) : "all";
    case "setsAside":
    case "starts":
      return host([effect.node]);
    default:
      return anyReader;
  }
}
