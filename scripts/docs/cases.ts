/**
 * docs/cases.md: what each case is, and the steps that the built-in playbook of etcd takes for it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { cases } from "../../src/cli/cases.ts";
import { bind, plugins } from "../../src/cli/plugins.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type Case, isCase } from "../../src/model/change.ts";
import type { PlannedStep } from "../../src/model/plan.ts";
import { explainCase } from "../../src/plan/explain.ts";
import { baseId } from "../../src/playbook/step.ts";
import { code, row } from "./markdown.ts";

export async function casesPage(): Promise<string> {
  const path = fileURLToPath(new URL("../../examples/quorate.yaml", import.meta.url));
  const { config } = await loadConfig({ path, env: {}, cwd: "/" }, plugins);
  const [service] = config?.services ?? [];
  if (config === undefined || service === undefined) throw new Error(`${path} cannot be read`);
  const bound = bind(config, service);
  const steps = (kind: Case): string => {
    const planned = explainCase(bound.service, bound.target, kind).changes.flatMap((change) => change.steps);
    return planned.length === 0 ? "It has no steps." : table(planned);
  };
  return [
    "# The cases",
    "<!-- Made by `deno task docs` of src/cli/cases.ts and the playbook of etcd. -->",
    "Each run compares the members that the config names with those that the service records, and names one case. " +
    "Repairs go before changes of membership, and the dead go before anybody is added. After each change it looks " +
    "again.",
    "The steps are those of `examples/quorate.yaml` on sample facts. `quorate explain CASE` prints them for your " +
    "config, with each command; `quorate plan` prints what would run now. Between any two steps the safety rules " +
    "([refusals.md](refusals.md)) may say no.",
    ...Object.entries(cases).flatMap(([name, { when, does }]) => [
      `## ${name}`,
      `When ${when}. It ${does}.`,
      isCase(name) ? steps(name) : "",
    ]),
  ].join("\n\n");
}

/** A step that runs on several nodes stands once. */
function table(steps: readonly PlannedStep[]): string {
  const byId = Map.groupBy(steps, (step) => baseId(step.id));
  const lines = [...byId].map(([id, same]) => {
    const [first] = same;
    return first === undefined ? "" : row(
      code(id),
      same.map((step) => step.on).join(", "),
      first.title,
      [first.effect === "nothing" ? "" : first.effect, first.guard ?? ""].filter((t) => t !== "").join(", "),
    );
  });
  return [
    row("step", "on", "what", "effect, and why twice is safe"),
    row("---", "---", "---", "---"),
    ...lines,
  ]
    .join("\n");
}
