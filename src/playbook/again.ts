/**
 * The order in which a service begins again on one node, the same for every service (S19).
 *
 * @module
 */
import type { Beginning } from "../model/change.ts";
import type { Observation } from "../model/observation.ts";
import type { Command } from "./command.ts";
import { fenceFor, type Kept, startAlone, succeed } from "./pieces.ts";
import { given, type Step } from "./step.ts";

/** How a service is made ready, beside its data, and started. */
export interface Successor<Id extends string> {
  /** Whose data lies on the node now: a member id, `pristine`, or `none`. */
  readonly whose: string;
  /** Before the node itself is fenced, which takes a unit. */
  readonly unit: readonly Step<Id>[];
  /** Left out where it was decided before: what is ready then only has to be put in place. */
  readonly steps: readonly Step<Id>[];
  /** Left out: the unit is started as it is. */
  readonly start?: Command;
}

/** All others first, then the node itself: nothing of the old cluster runs any more when the new one is decided on. */
export function again<Id extends string>(
  { node: n, others, former, decided }: Beginning,
  seen: Observation,
  k: Kept,
  { whose, unit, steps, start }: Successor<Id>,
) {
  return [
    ...others.map((other) => fenceFor(n, other, k)),
    ...given(!decided && unit, (all) => all),
    fenceFor(n, n, k, whose === "pristine" ? pristineId(seen, n.name) : undefined),
    ...given(!decided && steps, (all) => all),
    succeed(n, whose, former, k),
    ...startAlone(n, k, start),
  ];
}

/** Whose default lies there: it is set aside as what it was when it was fenced. */
function pristineId(seen: Observation, node: string): string | undefined {
  const identity = seen.nodes[node]?.data.identity;
  return typeof identity === "object" ? identity.memberId : undefined;
}
