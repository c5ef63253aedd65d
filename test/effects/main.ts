/**
 * `deno run -A main.ts CONFIG STATE`: applies the next change of a config over SSH as `quorate apply` does, watched; one
 * line of JSON tells what came of it.
 *
 * @module
 */
import { compose } from "../../src/cli/compose.ts";
import { plugins } from "../../src/cli/plugins.ts";
import { loadConfig } from "../../src/config/load.ts";
import { watchChange } from "./watch.ts";

const [path = "", state = ""] = Deno.args;
const { config } = await loadConfig({ path, env: {}, cwd: Deno.cwd() }, plugins);
if (config === undefined) throw new Error(`${path} is no config`);
const composed = compose(config.services.map((service) => ({ config, service })), state);
const [run] = composed.runs;
if (run === undefined) throw new Error(`${path} has no service`);
try {
  console.log(JSON.stringify(await watchChange(run)));
} finally {
  await composed.close();
}
