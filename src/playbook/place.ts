/**
 * Where a step runs, and what its late values are: both are read from the newest observation, right before it starts.
 *
 * @module
 */
import { type Member, memberById, memberOn, type Observation } from "../model/observation.ts";
import type { HostNode } from "../model/node.ts";
import type { Service } from "./plugin.ts";
import type { Late } from "./command.ts";
import type { Where } from "./where.ts";

/** "management", or a node's name; undefined while there is no such node. */
export function resolveWhere(where: Where, seen: Observation): string | undefined {
  switch (where.on) {
    case "management":
      return "management";
    case "node":
      return where.node;
    case "leader":
      return able(seen).find((m) => m.leader)?.node;
    case "voter": {
      const fit = able(seen).filter((m) => m.id !== where.not);
      return (fit.find((m) => !m.leader) ?? fit[0])?.node;
    }
  }
}

/** Healthy voters whose node can be reached. */
const able = (seen: Observation): readonly Member[] =>
  seen.members.filter((m) =>
    m.role === "voter" && m.health === "healthy" && m.node !== undefined &&
    seen.nodes[m.node]?.reached === true
  );

/** A late value as it is now; undefined while it does not exist. */
export function lateValue(
  late: Late,
  seen: Observation,
  service: Pick<Service, "derived">,
  desired: readonly HostNode[],
): string | undefined {
  if (late.late === "derived") return service.derived(late.key, seen, desired);
  if (seen.state !== "held") return undefined;
  return ("node" in late.of ? memberOn(seen, late.of.node) : memberById(seen, late.of.member))?.id;
}
