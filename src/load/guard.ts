/**
 * What an author's own file does at run time stays with its own service: an error that it throws, or steps that break
 * the rules, become a refusal that names the file and the line. Nothing of it may look like proof of anything (S24).
 *
 * @module
 */
import type { Problem } from "../config/config.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Change } from "../model/change.ts";
import type { Service, Sight, StepContext } from "../playbook/plugin.ts";
import { refuse, type Step, step } from "../playbook/step.ts";
import type { Modules } from "./modules.ts";
import { judgeSteps } from "./steps.ts";

type Kind = Extract<Refusal["rule"], "playbook" | "plugin">;

const placeText = ({ path, line, column }: Problem): string =>
  line === 0 ? path : `${path}:${line}:${column}`;

/** A problem as the refusal that it comes to. */
const refusalOf = (rule: Refusal["rule"], what: string, problem: Problem): Refusal => ({
  rule,
  evidence: `${placeText(problem)}: ${what}: ${problem.message}`,
  unblock: problem.hint ??
    `mend it; \`quorate check ${problem.path}\` runs every case without touching a host`,
});

/** Steps that say no. */
const no = ({ rule, evidence, unblock }: Refusal): readonly Step[] => [
  step("refuse", refuse(rule, evidence, unblock), { title: "refuse what the playbook asks for" }),
];

/** A service whose steps come from an author's playbook. */
export const guardPlaybook = (service: Service, modules: Modules, path: string): Service => ({
  ...service,
  steps: (change, context) => stepsOf("playbook", service, change, context, modules, path),
});

function stepsOf(
  kind: Kind,
  service: Service,
  change: Change,
  context: StepContext,
  modules: Modules,
  path: string,
): readonly Step[] {
  let steps: readonly Step[];
  try {
    steps = service.steps(change, context);
  } catch (error) {
    return no(refusalOf(kind, `the case ${change.case} threw`, modules.problemOf(error, path)));
  }
  const wrong = judgeSteps(steps, context.backup && context.seen.state === "held", modules, path);
  if (wrong === undefined) return steps;
  return no(refusalOf(wrong.rule ?? kind, `in the case ${change.case}`, wrong.problem));
}

const NOTHING_KNOWN: Sight = {
  view: undefined,
  disk: "unknown",
  dataPath: undefined,
  settings: undefined,
  installed: undefined,
  notices: [],
};

/** A service that an author's plugin describes. What it threw once forbids every change of this run. */
export function guardPlugin(service: Service, modules: Modules, path: string): Service {
  let broken: Refusal | undefined;
  const attempt = <T>(what: string, otherwise: T, call: () => T): T => {
    try {
      return call();
    } catch (error) {
      broken ??= refusalOf("plugin", `${what} threw`, modules.problemOf(error, path));
      return otherwise;
    }
  };
  return {
    ...service,
    check: (node) => attempt("check", "ask broken 0 false", () => service.check(node)),
    read: (asks, node) => {
      const sight = attempt("read", NOTHING_KNOWN, () => service.read(asks, node));
      return broken === undefined
        ? sight
        : { ...sight, disk: "unknown", notices: [...sight.notices, { code: "tool", text: broken.evidence }] };
    },
    askPeers: (members, from) => attempt("askPeers", "", () => service.askPeers(members, from)),
    readPeers: (asks, members) => attempt("readPeers", {}, () => service.readPeers(asks, members)),
    claims: (member, node) => attempt("claims", false, () => service.claims(member, node)),
    caughtUp: (learner, leader) => attempt("caughtUp", "unknown", () => service.caughtUp(learner, leader)),
    drift: (facts, node, member, seen) =>
      attempt("drift", { settings: {} }, () => service.drift(facts, node, member, seen)),
    forbids: (change, seen) => {
      const forbidden = attempt("forbids", undefined, () => service.forbids(change, seen));
      return broken ?? forbidden;
    },
    derived: (key, seen, desired) => attempt("derived", undefined, () => service.derived(key, seen, desired)),
    lateShell: (late, seen, desired) =>
      attempt("lateShell", "false", () => service.lateShell(late, seen, desired)),
    probeShell: (probe, seen, desired) =>
      attempt("probeShell", undefined, () => service.probeShell(probe, seen, desired)),
    steps: (change, context) => {
      const steps = stepsOf("plugin", service, change, context, modules, path);
      return broken === undefined ? steps : no(broken);
    },
  };
}
