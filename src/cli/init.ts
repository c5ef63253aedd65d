import { dirname, isAbsolute, join } from "node:path";
import { sampleConfig } from "../config/sample.ts";
import type { InitFlags } from "./commands/config.ts";
import { builtIn } from "./built_in.ts";
import { type Cli, EXIT, misused, say } from "./cli.ts";
import { plugins } from "./plugins.ts";
import { nearest } from "../config/nearest.ts";

/** `quorate init FILE`: writes a config to start from; with `--from`, one that keeps what runs there. */
export default async function init(cli: Cli, flags: InitFlags, file: string): Promise<number> {
  const { service = builtIn[0] } = flags;
  const plugin = plugins.find((p) => p.name === service);
  if (plugin === undefined) {
    const names = plugins.map((p) => p.name);
    const near = nearest(service, names);
    return misused(
      cli,
      flags,
      `there is no plugin ${service}: --service takes ${names.join(" or ")}` +
        (near === undefined ? "" : `; did you mean ${near}?`),
    );
  }
  if ((flags.from ?? []).length > 0) return await (await import("./adopt.ts")).default(cli, flags, file);
  if ((flags.option ?? []).length > 0) return misused(cli, flags, "--option is of use with --from only");
  if (!await writeNew(cli, flags, file, sampleConfig([plugin]))) return EXIT.failed;
  if (!flags.quiet && file !== "-") {
    say(cli, flags, [[`${file} is written: edit it, then run \`quorate validate${configFlag(file)}\``]]);
  }
  return EXIT.ok;
}

/** How a command names this file; the one that is found without a flag needs none. */
export const configFlag = (file: string): string =>
  file === "quorate.yaml" || file === "-" ? "" : ` -c ${file}`;

/** Writes a file that is not there yet, or says why it cannot. */
export async function writeNew(cli: Cli, flags: InitFlags, file: string, text: string): Promise<boolean> {
  if (file === "-") {
    cli.out.write(text);
    return true;
  }
  const path = isAbsolute(file) ? file : join(cli.cwd, file);
  try {
    // createNew: between a look and a write somebody else could have written it.
    await Deno.writeTextFile(path, text, { createNew: true });
    return true;
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists
      ? THERE
      : error instanceof Deno.errors.NotFound
      ? `there is no folder ${dirname(path)}: make it first`
      : error instanceof Deno.errors.PermissionDenied
      ? "this user may not write there"
      : error instanceof Error
      ? error.message
      : String(error);
    say(cli, flags, [[["red", "quorate: "], `cannot write ${file}: ${why}`]]);
    return false;
  }
}
export const THERE = "it is there already and was left alone";
