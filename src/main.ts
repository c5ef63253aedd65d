/**
 * The executable. What is asked most often and needs least, the version, is answered before anything is imported.
 *
 * @module
 */
import { versionText } from "./cli/version.ts";

/** Commands that write files here. Without their words on its line no command can, whatever it imports. */
const WRITING = ["apply", "init", "types"];
if (!Deno.args.some((word) => WRITING.includes(word))) Deno.permissions.revokeSync({ name: "write" });

if (Deno.args[0] === "--version") console.log(versionText());
else {
  const { main } = await import("./cli/main.ts");
  Deno.exit(await main(Deno.args));
}
