/**
 * The executable. What is asked most often and needs least, the version, is answered before anything is imported.
 *
 * @module
 */
import { VERSION } from "./cli/version.ts";

if (Deno.args[0] === "--version") console.log(VERSION);
else {
  const { main } = await import("./cli/main.ts");
  Deno.exit(await main(Deno.args));
}
