/**
 * After a change: the cluster has to be seen healthy for a while before the next one (S7).
 *
 * @module
 */
import type { Happening } from "../model/event.ts";
import type { Member, Observation } from "../model/observation.ts";
import type { ServiceRun } from "./outside.ts";
import type { View } from "./view.ts";

/** A cluster that does not come to rest is classified anew: that may be what mends it. */
const BOUND_MS = 15_000;

/** Waits until nobody who was well after the change has got worse for `policy.stabilize`. */
export async function stabilize(
  { target, outside: { clock } }: ServiceRun,
  view: View,
  emit: (h: Happening) => void,
  stop: AbortSignal,
  deadlineAt: number,
): Promise<void> {
  const ms = target.policy.stabilizeMs;
  if (ms === 0) return;
  emit({ event: "stabilizing", ms });
  const well = healthy(await view.see("all")).map((m) => m.id);
  const bound = clock.now() + Math.max(3 * ms, BOUND_MS);
  let since = clock.now();
  while (!stop.aborted && clock.now() < Math.min(bound, deadlineAt)) {
    const left = since + ms - clock.now();
    if (left <= 0) return;
    await clock.sleep(Math.min(left, Math.max(ms / 4, 100)), stop);
    view.touch();
    if (!atRest(await view.see("all"), well)) since = clock.now();
  }
}

const healthy = (o: Observation): readonly Member[] => o.members.filter((m) => m.health === "healthy");
const atRest = (o: Observation, well: readonly string[]): boolean =>
  o.state === "held" && o.conflicts.length === 0 &&
  o.members.every((m) => !well.includes(m.id) || m.health === "healthy");
