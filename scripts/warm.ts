/**
 * Fills Deno's cache with what the executable imports. With a lock file Deno 2.9 asks the npm registry at every start
 * for packages that it has never resolved itself, and says so on standard error; resolving them once, without the
 * lock file, ends that. What runs is what the lock file says all the same.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Throws with what Deno said when the packages cannot be had. */
export async function warm(): Promise<void> {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "-q", "--no-lock", main],
  }).output();
  if (!success) throw new Error(`Cannot fetch the npm packages: ${new TextDecoder().decode(stderr)}`);
}
