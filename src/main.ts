/**
 * The executable. What is asked most often and needs least, the version, is answered before anything is imported.
 *
 * @module
 */
import { versionText } from "./cli/version.ts";

/**
 * Commands that write files, or connect: an agent's socket is written to, as Deno sees it. Without one of these words
 * on its line no command can write, whatever it imports.
 */
const WRITING = ["apply", "forget", "init", "plan", "recover", "restore", "schedule", "status", "types"];
if (!Deno.args.some((word) => WRITING.includes(word))) Deno.permissions.revokeSync({ name: "write" });

if (Deno.args[0] === "--version") console.log(versionText());
else {
  const { main } = await import("./cli/main.ts");
  Deno.exit(await main(Deno.args));
}
