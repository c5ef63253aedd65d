/**
 * Steps that only look: a wait, a condition that must hold, a refusal.
 *
 * @module
 */
import type { StepName } from "../model/event.ts";
import { type Probe, probeText } from "../playbook/probe.ts";
import type { Asking, Step } from "../playbook/step.ts";
import { notKnown } from "./act.ts";
import type { Scene, StepEnd } from "./scene.ts";

/** Runs a step that looks. */
export async function ask(
  scene: Scene,
  step: Step,
  action: Asking,
  name: StepName,
): Promise<StepEnd> {
  switch (action.do) {
    case "refuse":
      return {
        kind: "refused",
        refusal: { rule: action.rule, evidence: action.why, unblock: action.unblock },
      };
    case "must": {
      const { clock } = scene.run.outside;
      const began = clock.now();
      scene.emit({ event: "stepStarted", step: name, on: "everywhere" });
      const said = await scene.view.ask(action.hold);
      if (said === "yes") {
        scene.emit({ event: "stepDone", step: name, ms: clock.now() - began });
        return { kind: "done" };
      }
      return {
        kind: "refused",
        refusal: said === "unknown"
          ? notKnown(step.id, action.hold)
          : { rule: "playbook", evidence: action.why, unblock: action.unblock },
      };
    }
    case "wait":
      return await waitFor(scene, step, action.until, name);
  }
}

async function waitFor(scene: Scene, step: Step, until: Probe, name: StepName): Promise<StepEnd> {
  const { clock } = scene.run.outside;
  const began = clock.now();
  let told = false;
  scene.emit({ event: "stepStarted", step: name, on: "everywhere" });
  const over = () => clock.now() - began > step.timeoutMs;
  const seen = await scene.view.until(until, () => {
    if (!told) scene.emit({ event: "stepWaiting", step: name, why: probeText(until) });
    told = true;
    return scene.stop.aborted || clock.now() > scene.deadlineAt || over();
  });
  const ms = clock.now() - began;
  if (seen !== undefined) {
    scene.emit({ event: "stepDone", step: name, ms });
    return { kind: "done" };
  }
  if (scene.stop.aborted) return { kind: "interrupted", why: "asked to stop" };
  if (!over()) return { kind: "interrupted", why: "policy.deadline has passed" };
  return {
    kind: "failed",
    failure: {
      on: "everywhere",
      what: `this did not become true in ${Math.round(step.timeoutMs / 1000)} s: ${probeText(until)}`,
      next:
        "see `quorate status` and the service's log on the nodes; the next run goes on from what it finds",
    },
  };
}
