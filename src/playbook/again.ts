/**
 * The order in which a service begins again on one node, the same for every service (S19).
 *
 * @module
 */
import type { Beginning, KeptSnapshot } from "../model/change.ts";
import type { HostNode } from "../model/node.ts";
import type { Observation } from "../model/observation.ts";
import type { Command } from "./command.ts";
import { nothing } from "./effect.ts";
import { fenceFor, type Kept, startAlone, succeed } from "./pieces.ts";
import { given, put, run, type Step, step } from "./step.ts";
import { node } from "./where.ts";

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

/** The replay of a log, and the copy of the data before it. */
const READY_MS = 3_600_000;
const onItself = (n: HostNode) =>
  ({ on: node(n), effect: nothing, idempotent: true, timeoutMs: READY_MS }) as const;

/** The snapshot is brought to the node that is to begin again with it. */
export const putSnapshot = (n: HostNode, snapshot: KeptSnapshot, file: string) =>
  step(`put-snapshot:${n.name}`, put(snapshot.path, file, snapshot.sha256), {
    title: `bring the snapshot to ${n.name} and verify its hash there`,
    ...onItself(n),
  });

/** Makes the data of a new cluster ready beside what lies there: nothing of that is touched yet. */
export const makeReady = (n: HostNode, command: Command, title: string) =>
  step(`ready:${n.name}`, run(command), { title, ...onItself(n) });

/** Whose default lies there: it is set aside as what it was when it was fenced. */
function pristineId(seen: Observation, node: string): string | undefined {
  const identity = seen.nodes[node]?.data.identity;
  return typeof identity === "object" ? identity.memberId : undefined;
}
