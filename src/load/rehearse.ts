/**
 * Every case of an author's file, run on sample facts before any host is asked: what it throws, steps that are not
 * whole, an order that the rules forbid, and ids that no step has.
 *
 * @module
 */
import type { Problem } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import { type Case, caseNames, isCase } from "../model/change.ts";
import type { Target } from "../model/observation.ts";
import { samplesOf } from "../plan/sample.ts";
import type { Service } from "../playbook/plugin.ts";
import { baseId, type Step } from "../playbook/step.ts";
import { extended } from "./located.ts";
import type { Modules } from "./modules.ts";
import { spotOfKey } from "./spots.ts";
import { judgeSteps } from "./steps.ts";

export interface Rehearsal {
  /** The service by its own playbook, unguarded: `bind` may throw what the author's file throws. */
  readonly bind: () => Service;
  /** The same service by another playbook: what `extend` was called on. */
  readonly bindTo: (playbook: unknown) => Service | undefined;
  readonly target: Target;
  readonly path: string;
}

/** What is wrong; one problem a case at most. */
export function rehearse({ bind, bindTo, target, path }: Rehearsal, modules: Modules): readonly Problem[] {
  let service: Service;
  try {
    service = bind();
  } catch (error) {
    return [modules.problemOf(error, path)];
  }
  const wrong = new Map<string, Problem>();
  for (const kind of caseNames) {
    const problem = rehearseCase(service, target, kind, modules, path);
    if (problem !== undefined) wrong.set(`${problem.path}:${problem.line}:${problem.message}`, problem);
  }
  return [...wrong.values(), ...unknownIds(bindTo, target, modules, path)];
}

const contextOf = (target: Target, backup: boolean) => ({
  desired: target.desired,
  backup,
  joinTimeoutMs: target.policy.joinTimeoutMs,
});

function rehearseCase(
  service: Service,
  target: Target,
  kind: Case,
  modules: Modules,
  path: string,
): Problem | undefined {
  const backup = target.policy.backup !== false;
  for (const { about, seen, change } of samplesOf(target, kind)) {
    const hint = `seen in the case ${kind}${about === "" ? "" : ` ${about}`}, on sample facts`;
    let steps: readonly Step[];
    try {
      steps = service.steps(change, { seen, ...contextOf(target, backup) });
    } catch (error) {
      return { ...modules.problemOf(error, path), hint };
    }
    const bad = judgeSteps(steps, backup && seen.state === "held", modules, path);
    if (bad !== undefined) return { ...bad.problem, hint: bad.problem.hint ?? hint };
  }
  return undefined;
}

/** Where an amendment puts steps. `extend` looks at these keys and at no other: under a misspelt one steps are lost. */
const PLACES = ["before", "after", "replace"];

/**
 * Amendments of ids that the case has in none of its forms, and those that are neither before, after nor in place of a
 * step: the compiler would have said so.
 */
function unknownIds(
  bindTo: Rehearsal["bindTo"],
  target: Target,
  modules: Modules,
  path: string,
): readonly Problem[] {
  const reached = modules.reach(path);
  return extended().flatMap(({ base, ids, places, at }) => {
    const made = modules.problemOf(at, path);
    const service = made.line > 0 && reached.has(made.path) ? bindTo(base) : undefined;
    if (service === undefined) return [];
    const unknown = (key: string, known: readonly string[], message: string): Problem =>
      modules.problem(made.path, spotOfKey(made.text ?? "", key, made.line), {
        message,
        expected: `one of ${known.join(", ")}`,
        didYouMean: nearest(key, known),
      });
    const misplaced = places.filter(({ case: kind, place }) => isCase(kind) && !PLACES.includes(place))
      .map(({ case: kind, place }) => unknown(place, PLACES, `${kind} cannot be amended by ${place}`));
    return [
      ...misplaced,
      ...ids.flatMap(({ case: kind, id }): readonly Problem[] => {
        if (!isCase(kind)) return [unknown(kind, caseNames, `there is no case ${kind}`)];
        const known = idsOf(service, target, kind);
        return known.has(id) ? [] : [unknown(id, [...known], `no step of ${kind} has the id ${id}`)];
      }),
    ];
  });
}

function idsOf(service: Service, target: Target, kind: Case): ReadonlySet<string> {
  const ids = samplesOf(target, kind).flatMap(({ seen, change }) => {
    try {
      return service.steps(change, { seen, ...contextOf(target, true) }).map((s) => baseId(s.id));
    } catch {
      return []; // what it throws is told where it is run for itself
    }
  });
  return new Set(ids);
}
