/**
 * From a command line to an exit code.
 *
 * @module
 */
import { ExitCode, run } from "@stricli/core";
import { app } from "./app.ts";
import { normalise } from "./argv.ts";
import { type Cli, EXIT } from "./cli.ts";
import { crash } from "./crash.ts";
import { streamTo } from "./streams.ts";
import { distrustOfUnpacked } from "./unpacked.ts";

const VARIABLES = [
  "HOME",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "NO_COLOR",
  "QUORATE_CONFIG",
  "QUORATE_STATE",
  "TERM",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
];

/** Runs one command. Never throws. */
export async function main(args: readonly string[]): Promise<number> {
  const out = streamTo(Deno.stdout, { strict: true });
  const err = streamTo(Deno.stderr, { strict: false });
  const env = Object.fromEntries(VARIABLES.map((name) => [name, Deno.env.get(name)]));
  const cli: Cli = {
    process: { stdout: out, stderr: err },
    out,
    err,
    env,
    cwd: Deno.cwd(),
    names: async () => (await import("./names.ts")).namesIn(args, env, Deno.cwd()),
  };
  const loud = args.some((arg) => arg === "--verbose" || /^-[a-z]*v/.test(arg));
  // What escapes from a timer or a socket is a defect as well: the same message, the same exit code.
  const escaped = (event: Event, reason: unknown): void => {
    event.preventDefault();
    Deno.exit(crash(cli, loud, reason));
  };
  addEventListener("unhandledrejection", (event) => escaped(event, event.reason));
  addEventListener("error", (event) => escaped(event, event.error));
  try {
    const distrust = distrustOfUnpacked();
    if (distrust !== undefined) {
      err.write(`quorate: ${distrust.message}: what lies there is not started: ${distrust.hint}\n`);
      return EXIT.failed;
    }
    if (args[0] === "__complete") {
      await (await import("./complete.ts")).default(cli, args.slice(1));
      return EXIT.ok;
    }
    await run(app, normalise(args), cli);
    return exitOf(cli.process.exitCode);
  } catch (error) {
    return crash(cli, loud, error);
  }
}

function exitOf(code: number | string | null | undefined): number {
  if (code === ExitCode.InvalidArgument || code === ExitCode.UnknownCommand) return EXIT.usage;
  return typeof code === "number" && code >= 0 ? code : EXIT.crash;
}
