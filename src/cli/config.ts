/**
 * Reading the config for a command.
 *
 * @module
 */
import type { Config, OwnFiles, Problem, ServiceConfig } from "../config/config.ts";
import { loadConfigs } from "../config/folder.ts";
import type { Loaded } from "../config/load.ts";
import { nearest } from "../config/nearest.ts";
import { renderProblem } from "../config/render.ts";
import { type Cli, coloured, EXIT, type GlobalFlags, misused } from "./cli.ts";
import { plugins } from "./plugins.ts";

/** What can be worked with of a config, which is one file or a folder of them. */
export interface Configs {
  /** The file or the folder, as it was found. */
  readonly path: string;
  /** Those without an error; one at least. */
  readonly configs: readonly Config[];
  /** So many files have errors, which are told: their services take no part. Only in a folder. */
  readonly broken: number;
}

/** A service and the file that it is in. */
export interface Chosen {
  readonly config: Config;
  readonly service: ServiceConfig;
}

/**
 * The config, or undefined when it is missing or all of it is broken; its problems are told, warnings only if `warn`.
 */
export async function readConfigs(
  cli: Cli,
  flags: GlobalFlags,
  warn = !flags.quiet,
): Promise<Configs | undefined> {
  const { env, cwd } = cli;
  const wanted = { env, cwd, ...(flags.config === undefined ? {} : { path: flags.config }) };
  const { path, files } = await loadConfigs(wanted, plugins, ownFiles);
  const colour = coloured(cli, cli.err, flags);
  const configs: Config[] = [];
  for (const file of files) {
    const wrong = await rehearsed(file);
    for (const problem of [...file.problems, ...wrong]) {
      if (problem.severity !== "error" && !warn) continue;
      cli.err.write(renderProblem(problem, file.text, { colour }) + "\n");
    }
    if (file.config !== undefined && wrong.length === 0) configs.push(file.config);
  }
  return configs.length === 0 ? undefined : { path, configs, broken: files.length - configs.length };
}

const rehearsed = async ({ config }: Loaded): Promise<readonly Problem[]> =>
  config?.services.some((s) => s.own ?? s.playbook) ? (await import("./own.ts")).rehearsed(config) : [];

/** What loads the files that a config names. */
export const ownFiles = async (): Promise<OwnFiles> => (await import("./own.ts")).own;

/** The services that were named, all where none was; or the exit code of a name that is none. */
export function chosen(
  cli: Cli,
  flags: GlobalFlags,
  { path, configs, broken }: Configs,
  names: readonly string[],
): readonly Chosen[] | number {
  const all = configs.flatMap((config) => config.services.map((service) => ({ config, service })));
  const known = all.map(({ service }) => service.name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    const code = misused(cli, flags, noSuch("service", wrong, known, { path }));
    return broken > 0 ? EXIT.config : code; // it may be in a file that could not be read
  }
  return names.length === 0 ? all : all.filter(({ service }) => names.includes(service.name));
}

/**
 * The exit code of a command on a config with broken files: 78 goes after what a service came to that needs people (4, 3,
 * 1), since that is worse than a slip in a file, and before what the next run does by itself.
 */
export const withBroken = ({ broken }: Configs, code: number): number =>
  broken === 0 || [4, 3, 1].includes(code) ? code : EXIT.config;

/** "there is no service metdata in quorate.yaml, did you mean metadata?" */
export function noSuch(
  what: string,
  name: string,
  known: readonly string[],
  { path }: Pick<Config, "path">,
): string {
  const near = nearest(name, known);
  const some = known.slice(0, 12).join(", ") + (known.length > 12 ? ", …" : "");
  return `there is no ${what} ${name} in ${path}` +
    (near === undefined ? `; it has ${some}` : `, did you mean ${near}?`);
}
