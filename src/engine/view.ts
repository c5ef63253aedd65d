/**
 * The newest observation of a run, taken anew only when something could have changed since.
 *
 * @module
 */
import type { NodeFacts } from "../model/node.ts";
import type { Observation } from "../model/observation.ts";
import type { Tri } from "../model/tri.ts";
import { type CommandProbe, commandsOf, evaluate } from "../playbook/evaluate.ts";
import type { Probe } from "../playbook/probe.ts";
import type { Step } from "../playbook/step.ts";
import { look, type ServiceRun } from "./look.ts";

/** What was seen longer ago than this is looked at again before anything is judged by it. */
const FRESH_MS = 5_000;
/** How long something may be unknown (an election, a node that just started) before it stops the case (S24). */
const UNKNOWN_PATIENCE_MS = 8_000;
const POLL_MS = 100;

export interface View {
  /** The newest observation; looked at again if a step has acted since, or if it began longer ago than `maxAgeMs`. */
  fresh(maxAgeMs?: number): Promise<Observation>;
  /** Looks, whatever is known. */
  again(): Promise<Observation>;
  /** Something was done: what was seen before does not count any more. */
  touch(): void;
  /** Answers a probe from a fresh observation; unknown only after some patience. */
  ask(probe: Probe): Promise<Tri>;
  /** Looks until a probe is answered with yes; undefined when `giveUp` says so first. */
  until(probe: Probe, giveUp: (answer: Tri, seen: Observation) => boolean): Promise<Observation | undefined>;
}

/** The view of one change with these steps. `answer` runs the command of a probe on its node. */
export function viewOf(
  run: ServiceRun,
  first: Observation,
  steps: readonly Step[],
  answer: (probe: CommandProbe, seen: Observation) => Promise<Tri>,
): View {
  const { clock } = run.outside;
  let newest = first;
  // On all others nothing was found under the lock. In a large fleet they are most, and looking at them is the cost.
  const named = [
    ...run.target.desired.map((n) => n.name),
    ...hostsOf(first),
    ...Object.values(first.nodes).filter(holdsSomething).map((f) => f.node),
    ...steps.flatMap(({ effect }) => "node" in effect ? [effect.node] : []),
  ];
  /** Counts what was done: a look that began before the last of it shows an older world. */
  let deeds = 0;
  let seenAfter = 0;
  let under: { readonly after: number; readonly look: Promise<Observation> } | undefined;
  const take = async (after: number): Promise<Observation> => {
    const part = new Set([...named, ...hostsOf(newest)]);
    // Who was silent a moment ago is taken to be so still: that only makes the arithmetic more careful.
    const seen = await look(run, { before: newest, part });
    if (after >= seenAfter) [newest, seenAfter] = [seen, after];
    if (under?.after === after) under = undefined;
    return seen;
  };
  const again = () => {
    // Steps that run side by side share a look.
    if (under?.after !== deeds) under = { after: deeds, look: take(deeds) };
    return under.look;
  };
  const fresh = (maxAgeMs = FRESH_MS) =>
    seenAfter < deeds || clock.now() - newest.at > maxAgeMs ? again() : Promise.resolve(newest);
  const judge = async (probe: Probe, seen: Observation): Promise<Tri> => {
    const answers = new Map<CommandProbe, Tri>();
    for (const c of commandsOf(probe)) answers.set(c, await answer(c, seen));
    return evaluate(probe, seen, answers);
  };
  return {
    fresh,
    again,
    touch: () => {
      deeds++;
    },
    async ask(probe) {
      const since = clock.now();
      let said = await judge(probe, await fresh());
      while (said === "unknown" && clock.now() - since < UNKNOWN_PATIENCE_MS) {
        await clock.sleep(POLL_MS);
        said = await judge(probe, await again());
      }
      return said;
    },
    async until(probe, giveUp) {
      let seen = await fresh();
      for (;;) {
        const said = await judge(probe, seen);
        if (said === "yes") return seen;
        if (giveUp(said, seen)) return undefined;
        await clock.sleep(POLL_MS);
        seen = await again();
      }
    },
  };
}

const hostsOf = (seen: Observation): readonly string[] => seen.members.flatMap((m) => m.node ?? []);
const holdsSomething = (f: NodeFacts): boolean =>
  f.reached && (f.process !== "no" || f.data.state !== "empty");
