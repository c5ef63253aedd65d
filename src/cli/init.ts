import { dirname, isAbsolute, join } from "node:path";
import { sampleConfig } from "../config/sample.ts";
import { type Cli, EXIT, type GlobalFlags, say } from "./cli.ts";
import { plugins } from "./plugins.ts";

/** `quorate init FILE`: writes a config to start from. */
export default async function init(cli: Cli, flags: GlobalFlags, file: string): Promise<number> {
  const path = isAbsolute(file) ? file : join(cli.cwd, file);
  try {
    // createNew: between a look and a write somebody else could have written it.
    await Deno.writeTextFile(path, sampleConfig(plugins), { createNew: true });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists
      ? "it is there already and was left alone"
      : error instanceof Deno.errors.NotFound
      ? `there is no folder ${dirname(path)}: make it first`
      : error instanceof Deno.errors.PermissionDenied
      ? "this user may not write there"
      : error instanceof Error
      ? error.message
      : String(error);
    say(cli, flags, [[["red", "quorate: "], `cannot write ${file}: ${why}`]]);
    return EXIT.failed;
  }
  if (!flags.quiet) {
    const option = file === "quorate.yaml" ? "" : ` -c ${file}`;
    say(cli, flags, [[`${file} is written: edit it, then run \`quorate validate${option}\``]]);
  }
  return EXIT.ok;
}
