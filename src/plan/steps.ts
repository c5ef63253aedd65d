/**
 * The steps of one change as a plan shows them: where each would run now, its exact command, whether its guard says
 * that it is already done, and what is expected to hold afterwards.
 *
 * @module
 */
import type { Change } from "../model/change.ts";
import type { Observation, Target } from "../model/observation.ts";
import type { PlannedChange, PlannedStep } from "../model/plan.ts";
import { lateValue, resolveWhere } from "../playbook/place.ts";
import { titleOf, transferText } from "../playbook/step.ts";
import { shellFor } from "../node/shell.ts";
import type { Command, Late } from "../playbook/command.ts";
import { evaluate } from "../playbook/evaluate.ts";
import type { Service } from "../playbook/plugin.ts";
import { type Probe, probeText } from "../playbook/probe.ts";
import { quote, renderCommand } from "../playbook/render.ts";
import type { Step } from "../playbook/step.ts";
import { whereText } from "../playbook/where.ts";
import { expect, expectFormed, isFuture, project } from "../rules/project.ts";

/** A change with its steps, and the observation that is expected after it. */
export function planChange(
  service: Service,
  target: Target,
  seen: Observation,
  change: Change,
  exact: boolean,
): { readonly planned: PlannedChange; readonly after: Observation } {
  const steps = service.steps(change, {
    seen,
    desired: target.desired,
    backup: target.policy.backup !== false,
    joinTimeoutMs: target.policy.joinTimeoutMs,
  });
  let now = seen;
  const planned = steps.map((step): PlannedStep => {
    const skip = isDone(step, now);
    const text = planStep(step, now, service, target);
    if (!skip) now = outcome(step, now);
    return { ...text, skip };
  });
  return { planned: { change, exact, steps: planned, quorumAfter: now.quorum }, after: now };
}

const isDone = (step: Step, seen: Observation): boolean =>
  (step.unless !== undefined && evaluate(step.unless, seen) === "yes") ||
  (step.onlyIf !== undefined && evaluate(step.onlyIf, seen) === "no");

/** What a step leads to: its effect, or what a wait waits for. */
function outcome(step: Step, seen: Observation): Observation {
  if (step.action.do === "wait") return hoped(step.action.until, seen);
  return project(seen, step.effect);
}
function hoped(probe: Probe, seen: Observation): Observation {
  switch (probe.ask) {
    case "settled": {
      const well = probe.well.flatMap((s) => "node" in s ? [s.node] : []);
      return expect(expectFormed(seen, well), well);
    }
    case "quorum":
      return expect(
        expectFormed(seen, []),
        Object.keys(seen.nodes).filter((n) => seen.nodes[n]?.process === "yes"),
      );
    case "fact":
      return "node" in probe.of && (probe.fact === "healthy" || probe.fact === "caughtUp")
        ? expect(seen, [probe.of.node])
        : seen;
    case "all":
    case "any":
      return probe.probes.reduce((s, p) => hoped(p, s), seen);
    default:
      return seen;
  }
}

function planStep(
  step: Step,
  seen: Observation,
  service: Service,
  target: Target,
): Omit<PlannedStep, "skip"> {
  const on = resolveWhere(step.on, seen) ?? whereText(step.on);
  const guard = step.unless !== undefined
    ? `unless ${probeText(step.unless)}`
    : step.onlyIf !== undefined
    ? `only if ${probeText(step.onlyIf)}`
    : step.idempotent
    ? "twice is the same as once"
    : undefined;
  const common = { id: step.id, title: titleOf(step), on: step.on.on === "management" ? "management" : on };
  const { action } = step;
  switch (action.do) {
    case "run":
      return {
        ...common,
        effect: step.effect.does,
        command: exactText(action.command, seen, service, target),
        runbook: runbookText(step, action.command, seen, service, target),
        ...(guard === undefined ? {} : { guard }),
      };
    case "fetch":
      return {
        ...common,
        effect: step.effect.does,
        command: transferText(action),
        runbook:
          `# copy ${action.from} from here to a safe place, and compare its hash there with:\nsha256sum ${
            quote(action.from)
          }`,
        ...(guard === undefined ? {} : { guard }),
      };
    case "put":
      return {
        ...common,
        effect: step.effect.does,
        command: transferText(action),
        runbook: `# copy ${action.from} of the management node to ${action.to}, and compare its hash:\n` +
          `[ "$(sha256sum <${quote(action.to)} | cut -c 1-64)" = ${action.sha256} ]`,
        ...(guard === undefined ? {} : { guard }),
      };
    case "wait": {
      const asked = service.probeShell(action.until, seen, target.desired);
      // The service's own tools and credentials are on its nodes.
      const runbookOn = nodeIn(action.until) ?? seen.members[0]?.node ?? target.desired[0]?.name;
      return {
        ...common,
        effect: "waits",
        guard: `until ${probeText(action.until)}`,
        ...(asked === undefined || runbookOn === undefined
          ? {}
          : { runbook: alone(bounded(asked, step.timeoutMs, 1_000)), runbookOn }),
      };
    }
    case "must":
      return { ...common, effect: "must hold", guard: probeText(action.hold) };
    case "refuse":
      return { ...common, effect: "refuses", guard: action.why };
  }
}

/** What runs; a value that does not exist yet stands by its name. */
function exactText(command: Command, seen: Observation, service: Service, target: Target): string {
  return renderCommand(command, (late) => {
    const value = knownValue(late, seen, service, target);
    return value === undefined ? `<${lateName(late)}>` : quote(value);
  });
}
/** A late value that exists already; that of a member that does not stands for itself as `<id of n4>`. */
function knownValue(late: Late, seen: Observation, service: Service, target: Target): string | undefined {
  const value = isOpen(late, seen) ? undefined : lateValue(late, seen, service, target.desired);
  return value?.startsWith("<") ? undefined : value;
}
/** What is derived while a member has no id yet would be a guess. */
const isOpen = (late: Late, seen: Observation): boolean => {
  if (late.late === "memberId") {
    const { of } = late;
    return "node" in of && seen.members.some((m) => m.node === of.node && isFuture(m));
  }
  return (late.key === "initialCluster" && seen.members.some(isFuture)) ||
    (late.key === "clusterId" && seen.clusterId?.startsWith("<") === true);
};
const lateName = (late: Late): string =>
  late.late === "derived" ? late.key : `id of ${"node" in late.of ? late.of.node : late.of.member}`;

function runbookText(
  step: Step,
  command: Command,
  seen: Observation,
  service: Service,
  target: Target,
): string {
  const text = renderCommand(command, (late) => {
    const value = knownValue(late, seen, service, target);
    return value === undefined ? `"$(${service.lateShell(late, seen, target.desired)})"` : quote(value);
  });
  const body = alone(step.retry === undefined ? text : bounded(text, step.retry.forMs, step.retry.everyMs));
  const functions = shellFor(body, service.shell);
  return functions === "" ? body : `${functions}\n${body}`;
}
/** The first node that a probe asks about. */
function nodeIn(probe: Probe): string | undefined {
  switch (probe.ask) {
    case "fact":
      return "node" in probe.of ? probe.of.node : undefined;
    case "settled":
      return probe.well.flatMap((s) => "node" in s ? [s.node] : [])[0];
    case "all":
    case "any":
      return probe.probes.map(nodeIn).find((n) => n !== undefined);
    default:
      return undefined;
  }
}
/** What may leave its shell gets one of its own: the person who typed it stays. */
const alone = (command: string): string => /\bexit\b/.test(command) ? `(\n${command}\n)` : command;
/** Again and again, for a while. */
const bounded = (command: string, forMs: number, everyMs: number): string =>
  `tries=0\nuntil ${command}; do\n  tries=$((tries + 1))\n  [ $tries -lt ${
    Math.ceil(forMs / Math.max(everyMs, 1000))
  } ] || exit 1\n  sleep ${Math.max(1, Math.round(everyMs / 1000))}\ndone`;
