/**
 * @module
 */

/** The state directory cannot be used as it is; the message says what to do. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** What the file system said of a path, without the path in it. */
export function reasonOf(error: unknown, work: "read" | "write" = "write"): string {
  if (error instanceof Deno.errors.PermissionDenied) return `this user may not ${work} there`;
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is no folder";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotFound && work === "read") return "there is no such file";
  const text = error instanceof Error ? error.message : String(error);
  const known = /\(os error (\d+)\)/.exec(text)?.[1];
  return known === "28"
    ? "no room is left on that file system"
    : known === "30"
    ? "that file system is read-only"
    : known === "122"
    ? "the quota there is used up"
    : text;
}
