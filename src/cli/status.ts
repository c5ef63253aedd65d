import { lookAt, type ServiceRun } from "../engine/mod.ts";
import { StateError } from "../engine/store.ts";
import { fleetText, type Glance } from "../report/fleet.ts";
import { jsonText, yamlText } from "../report/json.ts";
import { type Looked, statusDocument } from "../report/status.ts";
import type { StatusFlags } from "./commands/keep.ts";
import { type Cli, EXIT, isVerbose, print, say, stateDir } from "./cli.ts";
import { compose } from "./compose.ts";
import { chosen, readConfigs, withBroken } from "./config.ts";

/** `quorate status`: looks, and shows what is there. */
export default async function status(cli: Cli, flags: StatusFlags, ...names: string[]): Promise<number> {
  const read = await readConfigs(cli, flags, false);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, names);
  if (typeof services === "number") return services;
  const composed = compose(services, stateDir(cli, flags));
  try {
    const glances = await Promise.all(composed.runs.map(glanceAt));
    const looked = glances.filter((one): one is Looked => "verdict" in one);
    const failed = glances.flatMap((one) => "failed" in one ? [one] : []);
    if (flags.output === "json") cli.out.write(jsonText(statusDocument(looked)));
    else if (flags.output === "yaml") cli.out.write(await yamlText(statusDocument(looked)));
    else print(cli, flags, fleetText(glances, isVerbose(flags)));
    if (flags.output !== "text") {
      say(cli, flags, failed.map((one) => [["red", "quorate: "], `${one.service}: ${one.failed}`]));
    }
    return withBroken(read, failed.length > 0 ? EXIT.failed : EXIT.ok);
  } finally {
    await composed.close();
  }
}

/** A memory that cannot be read is told for its service, and hides no other. */
async function glanceAt(run: ServiceRun): Promise<Glance> {
  try {
    return { plugin: run.service.plugin, target: run.target, ...await lookAt(run) };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { service: run.service.name, failed: error.message };
  }
}
