/**
 * Steps that only look: a wait, a condition that must hold, a refusal.
 *
 * @module
 */
import type { StepName } from "../model/event.ts";
import { memberById, type Observation } from "../model/observation.ts";
import { type Probe, probeText } from "../playbook/probe.ts";
import type { Asking, Step } from "../playbook/step.ts";
import { notKnown } from "./act.ts";
import { type Scene, type StepEnd, whyStopped } from "./scene.ts";

/** What was started and has ended by itself is not waited for; a start that is only queued looks the same for a moment. */
const ENDED_MS = 5_000;

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
  let alive = began;
  let ended: string | undefined;
  scene.emit({ event: "stepStarted", step: name, on: "everywhere" });
  const over = () => clock.now() - began > step.timeoutMs;
  const seen = await scene.view.until(until, (_, seen) => {
    if (!told) scene.emit({ event: "stepWaiting", step: name, why: probeText(until) });
    told = true;
    ended = endedOn(until, seen);
    if (ended === undefined) alive = clock.now();
    return scene.stop.aborted || clock.now() > scene.deadlineAt || over() || clock.now() - alive > ENDED_MS;
    // What is waited for is mostly there at the first look, and what comes next then needs no look of its own.
  }, "all");
  const ms = clock.now() - began;
  if (seen !== undefined) {
    scene.emit({ event: "stepDone", step: name, ms });
    return { kind: "done" };
  }
  if (scene.stop.aborted) return { kind: "interrupted", why: whyStopped(scene.stop) };
  if (ended !== undefined) {
    return {
      kind: "failed",
      failure: {
        on: ended,
        what: "the service has ended again",
        next:
          `see its log on ${ended} (journalctl -u ${scene.run.service.unit}); the next run goes on from what it finds`,
      },
    };
  }
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

function endedOn(until: Probe, seen: Observation): string | undefined {
  return awaited(until, seen).find((node) => {
    const f = seen.nodes[node];
    return f?.process === "no" && (f.unit.active === "inactive" || f.unit.active === "failed");
  });
}

/**
 * The nodes whose service has to run for a probe to become true: also those that were well before the change, because
 * one of them that has ended meanwhile is the next run's to repair, and costs margin as long as it is waited for.
 */
function awaited(probe: Probe, seen: Observation): readonly string[] {
  switch (probe.ask) {
    case "settled":
      return [
        ...probe.well.flatMap((of) => "node" in of ? [of.node] : []),
        ...probe.before.flatMap((id) => memberById(seen, id)?.node ?? []),
      ];
    case "fact":
      return (probe.fact === "healthy" || probe.fact === "caughtUp") && "node" in probe.of
        ? [probe.of.node]
        : [];
    case "all":
    case "any":
      return probe.probes.flatMap((p) => awaited(p, seen));
    default:
      return [];
  }
}
