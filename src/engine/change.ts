/**
 * One change: its steps in order; when one fails, what a failed add has left behind is taken out again (S13).
 *
 * @module
 */
import type { Failure, StepName } from "../model/event.ts";
import { quiet, sideBySide } from "../playbook/effect.ts";
import { baseId, isActing, type Step, titleOf } from "../playbook/step.ts";
import { forbidsEffect } from "../rules/effects.ts";
import { act } from "./act.ts";
import { ask } from "./ask.ts";
import { resolveWhere } from "../playbook/place.ts";
import { probeText } from "../playbook/probe.ts";
import { brokenOff, filledIn, leaseForbids, type Scene, script, sessionOn, type StepEnd } from "./scene.ts";

export type ChangeEnd =
  & {
    /** Something on a node was changed, if only by an earlier step than the one that ended it. */
    readonly acted: boolean;
    /** Member ids that were removed from the record. */
    readonly removed: readonly string[];
  }
  & (
    | { readonly kind: "done" }
    | Exclude<StepEnd, { readonly kind: "done" } | { readonly kind: "skipped" }>
  );

/** Runs the steps of one change. */
export async function runSteps(scene: Scene, steps: readonly Step[]): Promise<ChangeEnd> {
  const tried: Step[] = [];
  const removed: string[] = [];
  let acted = false;
  for (const group of groupsOf(steps)) {
    const why = brokenOff(scene);
    if (why !== undefined) return { kind: "interrupted", why, acted, removed };
    tried.push(...group.map(({ step }) => step));
    const ends = await Promise.all(group.map(async (one) => ({ ...one, end: await runStep(scene, one) })));
    for (const { step, end } of ends) {
      if (end.kind !== "done" && end.kind !== "failed") continue;
      acted ||= step.effect.does !== "nothing";
      if (end.kind === "done" && step.effect.does === "removes") removed.push(step.effect.member);
    }
    const broken = ends.map(({ end }) => end).find((end) => end.kind !== "done" && end.kind !== "skipped");
    if (broken === undefined) continue;
    if (broken.kind === "failed") await undo(scene, tried);
    return { ...broken, acted, removed };
  }
  return { kind: "done", acted, removed };
}

interface Named {
  readonly step: Step;
  readonly name: StepName;
}

/** The same step on several nodes, one after the other in the list, runs on all of them at once; so does what follows a fetch. */
function groupsOf(steps: readonly Step[]): readonly (readonly Named[])[] {
  const groups: Named[][] = [];
  for (const [at, step] of steps.entries()) {
    const name = { id: step.id, title: titleOf(step), index: at + 1, total: steps.length };
    const last = groups.at(-1);
    if (last?.every((one) => runsBeside(one.step, step))) last.push({ step, name });
    else groups.push([{ step, name }]);
  }
  return groups;
}
const runsBeside = (a: Step, b: Step): boolean =>
  a.on.on === "node" && b.on.on === "node" && a.on.node !== b.on.node &&
  ((baseId(a.id) === baseId(b.id) && sideBySide(a.effect) && sideBySide(b.effect)) ||
    // Bringing a file here takes nothing from another node, on which files are written meanwhile.
    (a.action.do === "fetch" && quiet(b.effect)));

async function runStep(scene: Scene, { step, name }: Named): Promise<StepEnd> {
  const { clock } = scene.run.outside;
  const began = clock.now();
  const { action } = step;
  const end = isActing(action) ? await act(scene, step, action, name) : await ask(scene, step, action, name);
  if (end.kind === "failed") {
    scene.emit({ event: "stepFailed", step: name, ms: clock.now() - began, failure: end.failure });
  }
  return end;
}

/** Takes back what can and must be taken back, the last first; each only if it still is what it was. */
async function undo(scene: Scene, tried: readonly Step[]): Promise<void> {
  for (const step of [...tried].reverse()) {
    if (step.undo === undefined) continue;
    const alive = await scene.locks.alive();
    // One look answers whether it still is what it was, and what the command is: between two it may have become a voter.
    scene.view.touch();
    await scene.view.see("all");
    const still = await scene.view.ask(step.undo.if);
    if (still === "no") continue;
    if (still === "unknown") {
      const detail = `whether ${probeText(step.undo.if)} is not known`;
      scene.emit({ event: "undone", step: step.id, ok: false, detail });
      continue;
    }
    const seen = scene.view.newest;
    const stop = seen.conflicts[0] ?? forbidsEffect(seen, step.undo.effect) ??
      scene.locks.lost(scene.run.target, seen, alive);
    const on = resolveWhere(step.on, seen);
    const text = filledIn(step.undo.command, seen, scene.run);
    if (stop !== undefined || on === undefined || text === undefined) {
      scene.emit({
        event: "undone",
        step: step.id,
        ok: false,
        detail: stop?.evidence ?? "nowhere to run it",
      });
      continue;
    }
    const session = await leaseForbids(scene) ?? await sessionOn(scene, on);
    const reply = "kind" in session
      ? undefined
      : await session.run(script(text, scene.run), { timeoutMs: step.timeoutMs });
    scene.view.touch();
    scene.emit({
      event: "undone",
      step: step.id,
      ok: reply?.kind === "exited" && reply.code === 0,
      detail: `${on}: ${text}`,
    });
  }
}

/** What a failure was, for the run's last line. */
export const failureText = (f: Failure): string => `${f.what}${f.on === "everywhere" ? "" : ` (on ${f.on})`}`;
