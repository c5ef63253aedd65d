import { type Cli, EXIT, type GlobalFlags, isVerbose, say } from "./cli.ts";
import { crash } from "./crash.ts";

/** Runs a command; what it could not foresee becomes a message and an exit code. */
export async function guarded(cli: Cli, flags: GlobalFlags, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    const { StateError } = await import("../engine/store.ts");
    if (!(error instanceof StateError)) return crash(cli, isVerbose(flags), error);
    say(cli, flags, [[["red", "quorate: "], error.message]]);
    return EXIT.failed;
  }
}
