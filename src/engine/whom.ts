/**
 * Whose own word a question needs. The record is the same whoever reads it, so one healthy voter is enough for it. How a
 * service is only its own node can tell, and what runs and lies on a host only a deed on that host changes. Where votes
 * are counted, everybody is looked at.
 *
 * @module
 */
import { memberById, memberOn, type Observation } from "../model/observation.ts";
import type { Subject } from "../playbook/command.ts";
import type { Effect, Written } from "../playbook/effect.ts";
import type { FactName, Probe } from "../playbook/probe.ts";
import type { Where } from "../playbook/where.ts";

/** Everybody who has a part in the change; or these nodes, and whoever reads the record, who is looked at in any case. */
export type Whom = "all" | {
  /** Asked how the service on them is: seen after the last deed, wherever it was done. */
  readonly service: readonly string[];
  /** Asked what runs and lies on them: seen after the last deed there. */
  readonly host: readonly string[];
  /** Asked what our own files on them say: seen after what was last written there. */
  readonly files: readonly { readonly node: string; readonly fact: Written }[];
};

const nobody = { service: [], host: [], files: [] } as const;
/** The record alone. */
export const anyReader: Whom = nobody;

const everyOf = (whoms: readonly Whom[]): Whom => {
  const named = whoms.filter((w) => w !== "all");
  return named.length < whoms.length ? "all" : {
    service: named.flatMap((w) => w.service),
    host: named.flatMap((w) => w.host),
    files: named.flatMap((w) => w.files),
  };
};

/** For the answer to a probe. */
export function whomToAsk(probe: Probe, seen: Observation): Whom {
  switch (probe.ask) {
    case "fact":
      return forFact(probe.fact, probe.of, seen);
    case "setting":
      return { ...nobody, files: [{ node: probe.node, fact: "setting" }] };
    case "quorum":
    case "command":
      return anyReader;
    case "settled":
      return "all";
    case "not":
      return whomToAsk(probe.probe, seen);
    case "all":
    case "any":
      return everyOf(probe.probes.map((p) => whomToAsk(p, seen)));
  }
}

function forFact(fact: FactName, of: Subject, seen: Observation): Whom {
  const node = "node" in of ? of.node : memberById(seen, of.member)?.node;
  switch (fact) {
    case "recorded":
    case "started":
    case "voter":
    case "learner":
    case "leader":
      return anyReader;
    case "healthy":
      // Of a member on no node of the config only the others can tell.
      return node === undefined ? "all" : { ...nobody, service: [node] };
    case "caughtUp": {
      // Both indexes have to come from one look.
      const leads = seen.members.find((m) => m.leader)?.node;
      return { ...nobody, service: [node, leads].filter((n) => n !== undefined) };
    }
    case "running":
    case "dataEmpty":
    case "dataBlank":
    case "dataPristine":
      return node === undefined ? anyReader : { ...nobody, host: [node] };
    case "latched":
    case "intended":
    case "markedStarted":
    case "enabled":
    case "fenced":
      return node === undefined ? anyReader : { ...nobody, host: [node], files: [{ node, fact }] };
  }
}

/** For the rules on an effect, at the place where it runs. */
export function whomItConcerns(effect: Effect, on: Where, seen: Observation): Whom {
  const host = (nodes: readonly string[]): Whom => ({ ...nobody, host: nodes });
  switch (effect.does) {
    case "registersLearner":
    case "promotes":
    case "removes":
    case "movesLeaderFrom":
    case "updatesPeerUrl":
    case "restarts":
    case "succeeds":
    case "prunes":
      return "all";
    case "fences":
      return memberOn(seen, effect.node) === undefined ? host([effect.node]) : "all";
    case "setsAside":
    case "starts":
      return host([effect.node]);
    default:
      // Who is well enough to run it has to be seen.
      return on.on === "leader" || on.on === "voter" ? "all" : anyReader;
  }
}
