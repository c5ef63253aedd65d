/**
 * Looks before and after each command of an apply, and compares what is then seen with what its declared effect
 * predicts. It stands between the engine and the sessions that run its steps; the engine knows nothing of it, and it does
 * not know whether the hosts are real.
 *
 * @module
 */
import { applyService, lookAt, type ServiceRun } from "../../src/engine/mod.ts";
import type { About, Fleet, Reply, Session } from "../../src/model/fleet.ts";
import type { Happening, Outcome } from "../../src/model/event.ts";
import type { Observation } from "../../src/model/observation.ts";
import { planChange } from "../../src/plan/steps.ts";
import type { Effect } from "../../src/playbook/effect.ts";
import { project } from "../../src/rules/project.ts";
import { type Difference, differences } from "./differences.ts";

/** What a step can declare: a test of all cases sees each of them. */
export const everyEffect: readonly Effect["does"][] = [
  "configures",
  "fences",
  "formed",
  "intends",
  "latches",
  "movesLeaderFrom",
  "nothing",
  "promotes",
  "registersLearner",
  "removes",
  "restarts",
  "setsAside",
  "starts",
  "unfences",
  "unlatches",
  "updatesPeerUrl",
];

/** One command that a step ran. */
export interface Watched {
  readonly step: string;
  readonly does: string;
  /** Empty where all came as predicted. */
  readonly differences: readonly Difference[];
}

export interface WatchedChange {
  readonly case: string;
  readonly outcome: Outcome;
  readonly why: string;
  readonly steps: readonly Watched[];
  /** Where the end of the whole change differs from what its plan had shown. */
  readonly plan: readonly Difference[];
}

/** What a command has begun needs a moment to be seen: a process that starts, a leader that takes over. */
const SETTLE_MS = 15_000;
const POLL_MS = 200;

/** Applies one change, the next one, and watches it. */
export async function watchChange(run: ServiceRun): Promise<WatchedChange> {
  const { verdict, seen } = await lookAt(run);
  if (verdict.kind !== "change") throw new Error(`There is nothing to change: ${verdict.kind}`);
  const { after } = planChange(run.service, run.target, seen, verdict.change, true);
  const steps: Watched[] = [];
  const stop = new AbortController();
  let why = "";
  const emit = (h: Happening): void => {
    // The next change would be another one's.
    if (h.event === "changeDone") stop.abort();
    if (h.event === "stepFailed") why += `${h.step.id}: ${h.failure.what} ${h.failure.output ?? ""}\n`;
    if (h.event === "refused") why += h.refusals.map((r) => `${r.rule}: ${r.evidence}\n`).join("");
  };
  const fleet = watchedFleet(run, (watched) => steps.push(watched));
  const { outcome } = await applyService({ ...run, outside: { ...run.outside, fleet } }, emit, stop.signal);
  const plan = await settled(run, (now) => differences(after, now));
  return { case: verdict.change.case, outcome, why, steps, plan };
}

function watchedFleet(run: ServiceRun, tell: (watched: Watched) => void): Fleet {
  const { fleet } = run.outside;
  // One at a time, so that what each has changed can be told.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  const watchedRun = async (
    session: Session,
    script: string,
    options: RunOptions,
    about: About,
  ): Promise<Reply> => {
    const before = await look(run);
    const reply = await session.run(script, options);
    if (reply.kind !== "exited" || reply.code !== 0) return reply;
    // Every effect that a step declares is one of these.
    const effect = about.effect as Effect;
    const predicted = project(before, effect);
    const found = await settled(run, (now) => differences(predicted, now, effect));
    tell({ step: about.step, does: effect.does, differences: found });
    return reply;
  };
  return {
    run: (...all) => fleet.run(...all),
    fetch: (...all) => fleet.fetch(...all),
    close: () => fleet.close(),
    lock: async (node, path) => {
      const reply = await fleet.lock(node, path);
      if (reply.kind !== "held") return reply;
      const { session } = reply;
      return {
        kind: "held",
        session: {
          node: session.node,
          found: session.found,
          get held() {
            return session.held;
          },
          alive: (withinMs) => session.alive(withinMs),
          close: () => session.close(),
          run: (script, options) => {
            const { about } = options;
            return about === undefined
              ? session.run(script, options)
              : inTurn(() => watchedRun(session, script, options, about));
          },
        },
      };
    },
  };
}
const look = async (run: ServiceRun): Promise<Observation> => (await lookAt(run)).seen;
type RunOptions = Parameters<Session["run"]>[1];

/** Looks until nothing differs, or for a while; what differs then. */
async function settled(
  run: ServiceRun,
  compare: (now: Observation) => readonly Difference[],
): Promise<readonly Difference[]> {
  const { clock } = run.outside;
  const until = clock.now() + SETTLE_MS;
  for (;;) {
    const found = compare(await look(run));
    if (found.length === 0 || clock.now() > until) return found;
    await clock.sleep(POLL_MS);
  }
}

/** What did not come as predicted, one line each; a change that was not completed among it. */
export function told({ case: kind, outcome, why, steps, plan }: WatchedChange): readonly string[] {
  const line = (where: string, d: Difference) =>
    `${kind}, ${where}: ${d.field} is ${JSON.stringify(d.observed)}, not ${JSON.stringify(d.predicted)}`;
  return [
    ...(outcome === "unfinished" || outcome === "converged" ? [] : [`${kind}: ${outcome}: ${why}`]),
    ...steps.flatMap((step) => step.differences.map((d) => line(`${step.step} (${step.does})`, d))),
    ...plan.map((d) => line("as planned", d)),
  ];
}
