import { lookAt, type ServiceRun } from "../engine/mod.ts";
import { jsonText, yamlText } from "../report/json.ts";
import { blank } from "../report/lines.ts";
import { type Looked, statusDocument } from "../report/status.ts";
import { statusText } from "../report/status_text.ts";
import type { StatusFlags } from "./app.ts";
import { type Cli, EXIT, print, stateDir } from "./cli.ts";
import { compose } from "./compose.ts";
import { chosen, readConfig } from "./config.ts";

/** `quorate status`: looks, and shows what is there. */
export default async function status(cli: Cli, flags: StatusFlags, ...names: string[]): Promise<number> {
  const config = await readConfig(cli, flags, false);
  if (config === undefined) return EXIT.config;
  const services = chosen(cli, flags, config, names);
  if (typeof services === "number") return services;
  const composed = compose(config, services, stateDir(cli, flags));
  try {
    const looked = await Promise.all(composed.runs.map(lookedAt));
    if (flags.output === "json") cli.out.write(jsonText(statusDocument(looked)));
    else if (flags.output === "yaml") cli.out.write(await yamlText(statusDocument(looked)));
    else print(cli, flags, looked.flatMap((l, i) => i === 0 ? statusText(l) : [blank, ...statusText(l)]));
    return EXIT.ok;
  } finally {
    await composed.close();
  }
}

const lookedAt = async (run: ServiceRun): Promise<Looked> => ({
  plugin: run.service.plugin,
  target: run.target,
  ...await lookAt(run),
});
