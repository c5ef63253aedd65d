import { isAbsolute, join } from "node:path";
import { typeProblems } from "../author/type_check.ts";
import type { Config, OwnPlaybook, OwnPlugin, Problem, ServiceConfig } from "../config/config.ts";
import { parseConfig } from "../config/read.ts";
import { renderProblem } from "../config/render.ts";
import { targetsOf } from "../config/targets.ts";
import { placeOfStep } from "../load/located.ts";
import { caseNames, subjectOf } from "../model/change.ts";
import { sampleCase, samplesOf } from "../plan/sample.ts";
import { planChange } from "../plan/steps.ts";
import type { Line } from "../report/lines.ts";
import { type Cli, coloured, EXIT, type GlobalFlags, misused, print, say } from "./cli.ts";
import { chosen, readConfigs } from "./config.ts";
import { own, rehearsed } from "./own.ts";
import { plugins, serviceOf } from "./plugins.ts";
import { KIND } from "./version.ts";

interface Checked {
  readonly config: Config;
  readonly service: ServiceConfig;
}

/** `quorate check FILE`: loads a playbook or a plugin, runs every case on sample facts, and checks its types. */
export default async function check(cli: Cli, flags: GlobalFlags, file: string): Promise<number> {
  const path = isAbsolute(file) ? file : join(cli.cwd, file);
  const tell = (problems: readonly Problem[]): number => {
    const colour = coloured(cli, cli.err, flags);
    for (const problem of problems) cli.err.write(`${renderProblem(problem, "", { colour })}\n`);
    return EXIT.config;
  };
  const loaded = await own.either(path);
  if ("severity" in loaded) return tell([loaded]);
  // What the compiler says is nearer to the cause than what comes of it when it runs.
  const typed = KIND === "from source" ? await typeProblems(path) : [];
  if (typed.length > 0) return tell(typed);
  const found = flags.config === undefined ? onSamples(path, loaded) : await inConfig(cli, flags, path, file);
  if (typeof found === "number") return found;
  if ("problems" in found) return tell(found.problems);
  const forms = report(cli, flags, file, found);
  const types = KIND === "from source" ? "its types too" : "its types not";
  if (!flags.quiet) {
    say(cli, flags, [[
      ["green", `${file} is well: `],
      `${forms} forms of ${caseNames.length} cases checked, ${types}`,
    ]]);
  }
  if (KIND !== "from source") {
    say(cli, flags, [[
      "this executable has no compiler: `quorate types` makes a folder in which tsc and `deno check` do it",
    ]]);
  }
  return EXIT.ok;
}

/** By the service of a config that names the file. */
async function inConfig(cli: Cli, flags: GlobalFlags, path: string, file: string): Promise<Checked | number> {
  const read = await readConfigs(cli, flags);
  if (read === undefined) return EXIT.config;
  const all = chosen(cli, flags, read, []);
  if (typeof all === "number") return all;
  const found = all.find(({ service: s }) => s.playbook?.path === path || s.own?.path === path);
  return found ?? misused(cli, flags, `no service of ${read.path} names ${file}`);
}

/** By hosts that are names only: three members and one to spare. A playbook is taken for one of etcd. */
function onSamples(
  path: string,
  loaded: OwnPlugin | OwnPlaybook,
): Checked | { readonly problems: readonly Problem[] } {
  const named = "plugin" in loaded
    ? { plugins: new Map([[path, loaded]]), playbooks: new Map() }
    : { plugins: new Map(), playbooks: new Map([[path, loaded]]) };
  const plugin = "plugin" in loaded ? path : plugins[0]?.name;
  const text = JSON.stringify({
    version: 1,
    nodes: Object.fromEntries(["n1", "n2", "n3", "n4"].map((name) => [name, { host: name }])),
    services: {
      service: { plugin, members: ["n1", "n2", "n3"], ...("plugin" in loaded ? {} : { playbook: path }) },
    },
  });
  const { config, problems } = parseConfig(text, path, plugins, named);
  const [service] = config?.services ?? [];
  if (config === undefined || service === undefined) {
    const hint = "name a config whose service uses it: quorate check -c quorate.yaml FILE";
    return { problems: problems.map((p) => ({ ...p, line: 0, column: 0, hint })) };
  }
  const wrong = rehearsed(config);
  return wrong.length > 0 ? { problems: wrong } : { config, service };
}

/** The steps of each case; those of the author's own file are marked. Returns how many forms of cases there are. */
function report(cli: Cli, flags: GlobalFlags, file: string, { config, service }: Checked): number {
  const bound = serviceOf(config, service, service.playbook?.cases);
  const target = targetsOf(config).find((t) => t.service === service.name);
  if (target === undefined) return 0;
  const spare = target.nodes.find((n) => !target.desired.includes(n))?.name;
  const lines = caseNames.flatMap((kind): readonly Line[] => {
    const { seen, change } = sampleCase(target, kind, kind === "add" ? spare : undefined);
    const { desired, policy } = target;
    const backup = policy.backup !== false;
    const steps = bound.steps(change, { seen, desired, backup, joinTimeoutMs: policy.joinTimeoutMs });
    const { planned } = planChange(bound, target, seen, change, false);
    return [
      [["bold", `${kind} ${subjectOf(change)}`]],
      ...planned.steps.map((step, i): Line => {
        const made = steps[i];
        const mine = made !== undefined && placeOfStep(made) !== undefined;
        const where = ` on ${step.on === "management" ? "this host" : step.on}`;
        return mine && service.own === undefined
          ? [["green", `  + ${step.id}`], where, [
            "cyan",
            step.command === undefined ? "" : `  $ ${step.command}`,
          ]]
          : [`    ${step.id}`, ["dim", where]];
      }),
    ];
  });
  const what = service.playbook === undefined ? `${file}: the plugin` : `${file}: a playbook of the plugin`;
  print(cli, flags, [[`${what} ${service.plugin.name}, on sample facts: no host was asked`], ...lines]);
  return caseNames.flatMap((kind) => samplesOf(target, kind)).length;
}
