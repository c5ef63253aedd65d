/** Golden texts; `UPDATE_GOLDEN=1` writes them anew: read the difference before it is committed. */
import assert from "node:assert/strict";

export function golden(name: string, said: string): void {
  const path = new URL(`../../golden/report/${name}`, import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") Deno.writeTextFileSync(path, said);
  assert.equal(said, Deno.readTextFileSync(path));
}
