/**
 * What a shell completes from the config.
 *
 * @module
 */
import { loadConfigs } from "../config/folder.ts";
import { ownFiles } from "./config.ts";
import { plugins } from "./plugins.ts";

/** Service and node names of the config that a command line names, or of the one that would be found. */
export async function namesIn(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<{ readonly services: readonly string[]; readonly nodes: readonly string[] }> {
  const at = args.findLastIndex((arg) => arg === "-c" || arg === "--config");
  const path = args[at + 1];
  const wanted = { env, cwd, ...(at === -1 || path === undefined ? {} : { path }) };
  const { files } = await loadConfigs(wanted, plugins, ownFiles);
  const configs = files.flatMap(({ config }) => config ?? []);
  return {
    services: configs.flatMap((config) => config.services.map((s) => s.name)),
    nodes: [...new Set(configs.flatMap((config) => config.nodes.map((n) => n.name)))],
  };
}
