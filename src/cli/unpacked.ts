/**
 * The self-extracting executable, looked at from inside.
 *
 * @module
 */
import { dirname } from "node:path";
import { type Distrust, distrust } from "../load/trust.ts";
import { KIND } from "./version.ts";

/**
 * Why what runs here may be somebody else's. Who owns the folder was looked at before anything of it was started; its
 * mode cannot be, without starting another program each time.
 */
export function distrustOfUnpacked(): Distrust | undefined {
  if (KIND !== "self-extracting") return undefined;
  const build = dirname(Deno.execPath());
  for (const folder of [build, dirname(build)]) {
    const found = distrust(folder, Deno.statSync(folder), Deno.uid(), true);
    if (found !== undefined) return found;
  }
  return undefined;
}
