import { configJsonSchema } from "../config/json_schema.ts";
import { jsonText } from "../report/json.ts";
import { type Cli, EXIT, type GlobalFlags } from "./cli.ts";
import { plugins } from "./plugins.ts";

/** `quorate schema`: the JSON Schema of the config. */
export default function schema(cli: Cli, _flags: GlobalFlags): Promise<number> {
  cli.out.write(jsonText(configJsonSchema(plugins)));
  return Promise.resolve(EXIT.ok);
}
