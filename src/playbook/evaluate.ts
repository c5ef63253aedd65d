/**
 * Probes answered from one observation. Pure: what only a command on a node can tell comes in as an answer.
 *
 * @module
 */
import {
  latchHolds,
  type Member,
  memberById,
  memberOn,
  neverStarted,
  type Observation,
} from "../model/observation.ts";
import { allTri, anyTri, known, notTri, type Tri } from "../model/tri.ts";
import type { Subject } from "./command.ts";
import type { FactName, Probe } from "./probe.ts";

export type CommandProbe = Extract<Probe, { readonly ask: "command" }>;

/** The questions in a probe that only a command can answer. */
export function commandsOf(probe: Probe): readonly CommandProbe[] {
  switch (probe.ask) {
    case "command":
      return [probe];
    case "not":
      return commandsOf(probe.probe);
    case "all":
    case "any":
      return probe.probes.flatMap(commandsOf);
    default:
      return [];
  }
}

/** Answers a probe; a command whose answer is not given is unknown. */
export function evaluate(
  probe: Probe,
  seen: Observation,
  answers: ReadonlyMap<CommandProbe, Tri> = new Map(),
): Tri {
  switch (probe.ask) {
    case "fact":
      return factOf(probe.fact, probe.of, seen);
    case "setting": {
      const settings = seen.nodes[probe.node]?.settings;
      return settings === undefined ? "unknown" : known(settings[probe.key] === probe.is);
    }
    case "quorum":
      return seen.state === "held" ? "yes" : seen.state === "unknown" ? "unknown" : "no";
    case "settled":
      return allTri([
        ...probe.well.flatMap((of) => [factOf("voter", of, seen), factOf("healthy", of, seen)]),
        seen.state === "held" ? known(seen.members.some((m) => m.leader)) : "no",
        // Who was well and is gone was removed; who is still recorded has to be well again.
        ...probe.before.map((id) => memberById(seen, id)).map((m) => m === undefined ? "yes" : health(m)),
      ]);
    case "command":
      return answers.get(probe) ?? "unknown";
    case "not":
      return notTri(evaluate(probe.probe, seen, answers));
    case "all":
      return allTri(probe.probes.map((p) => evaluate(p, seen, answers)));
    case "any":
      return anyTri(probe.probes.map((p) => evaluate(p, seen, answers)));
  }
}

const health = (m: Member): Tri =>
  m.health === "healthy" ? "yes" : m.health === "unhealthy" ? "no" : "unknown";

function factOf(fact: FactName, of: Subject, seen: Observation): Tri {
  const m = "node" in of ? memberOn(seen, of.node) : memberById(seen, of.member);
  const node = "node" in of ? of.node : m?.node;
  switch (fact) {
    case "recorded":
    case "started":
    case "voter":
    case "learner":
    case "leader":
    case "healthy":
    case "caughtUp":
      // Without a quorum the record is evidence only (S2): nothing about members is proven, either way.
      if (seen.state !== "held") return "unknown";
      return m === undefined ? "no" : memberFact(fact, m);
    default:
      return node === undefined ? "unknown" : nodeFact(fact, node, m, seen);
  }
}

function memberFact(
  fact: "recorded" | "started" | "voter" | "learner" | "leader" | "healthy" | "caughtUp",
  m: Member,
): Tri {
  switch (fact) {
    case "recorded":
      return "yes";
    case "started":
      return known(!neverStarted(m));
    case "voter":
      return known(m.role === "voter");
    case "learner":
      return known(m.role === "learner");
    case "leader":
      return known(m.leader);
    case "healthy":
      return health(m);
    case "caughtUp":
      return m.role === "learner" ? m.caughtUp : "no";
  }
}

function nodeFact(
  fact: Exclude<FactName, Parameters<typeof memberFact>[0]>,
  node: string,
  m: Member | undefined,
  seen: Observation,
): Tri {
  const f = seen.nodes[node];
  if (f === undefined || !f.reached) return "unknown";
  switch (fact) {
    case "running":
      return f.process;
    case "dataEmpty":
      return f.data.state === "unknown" ? "unknown" : known(f.data.state === "empty");
    case "dataBlank":
      return f.data.state === "unknown" ? "unknown" : known(f.data.state === "blank");
    case "dataPristine":
      return f.data.state === "unknown" ? "unknown" : known(f.data.state === "pristine");
    case "latched":
      if (f.latch === "unknown" || seen.clusterId === undefined) return "unknown";
      return known(f.latch !== "none" && m !== undefined && latchHolds(f.latch, m, seen));
    case "intended":
      return f.intent === "unknown" ? "unknown" : known(f.intent !== "none");
    case "markedStarted":
      return f.started === "unknown" ? "unknown" : known(f.started !== "none");
    case "enabled":
      return f.unit.enabled === "" ? "unknown" : known(f.unit.enabled.startsWith("enabled"));
    case "fenced":
      return allTri([f.fenced, notTri(f.process)]);
  }
}
