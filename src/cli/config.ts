/**
 * Reading the config for a command.
 *
 * @module
 */
import type { Config, OwnFiles, ServiceConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { nearest } from "../config/nearest.ts";
import { renderProblem } from "../config/render.ts";
import { type Cli, coloured, type GlobalFlags, misused } from "./cli.ts";
import { plugins } from "./plugins.ts";

/** The config, or undefined when it is broken or missing; its problems are told, warnings only if `warn`. */
export async function readConfig(
  cli: Cli,
  flags: GlobalFlags,
  warn = !flags.quiet,
): Promise<Config | undefined> {
  const { env, cwd } = cli;
  const wanted = { env, cwd, ...(flags.config === undefined ? {} : { path: flags.config }) };
  const loaded = await loadConfig(wanted, plugins, ownFiles);
  const { config, text } = loaded;
  const wrong = config?.services.some((s) => s.own ?? s.playbook)
    ? (await import("./own.ts")).rehearsed(config)
    : [];
  const problems = [...loaded.problems, ...wrong];
  const colour = coloured(cli, cli.err, flags);
  for (const problem of problems) {
    if (problem.severity === "error" || warn) cli.err.write(renderProblem(problem, text, { colour }) + "\n");
  }
  return wrong.length > 0 ? undefined : config;
}

/** What loads the files that a config names. */
export const ownFiles = async (): Promise<OwnFiles> => (await import("./own.ts")).own;

/** The services that were named, all where none was; or the exit code of a name that is none. */
export function chosen(
  cli: Cli,
  flags: GlobalFlags,
  config: Config,
  names: readonly string[],
): readonly ServiceConfig[] | number {
  const known = config.services.map((s) => s.name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) return misused(cli, flags, noSuch("service", wrong, known, config));
  return names.length === 0 ? config.services : config.services.filter((s) => names.includes(s.name));
}

/** "there is no service metdata in quorate.yaml, did you mean metadata?" */
export function noSuch(what: string, name: string, known: readonly string[], config: Config): string {
  const near = nearest(name, known);
  return `there is no ${what} ${name} in ${config.path}` +
    (near === undefined ? `; it has ${known.join(", ")}` : `, did you mean ${near}?`);
}
