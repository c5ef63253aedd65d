import type { Trouble } from "../model/fleet.ts";

/** A connection that did not come about. `timedOut` says that nobody answered in time, rather than said no. */
export interface Failure {
  readonly kind: "failure";
  readonly trouble: Trouble;
  readonly timedOut: boolean;
}

/** Wraps a trouble as a failed connection. */
export function failure(trouble: Trouble, timedOut = false): Failure {
  return { kind: "failure", trouble, timedOut };
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The error code that the operating system or a library gave (`ECONNREFUSED`), or undefined. */
export function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string") return thrown.code;
  return undefined;
}

/** Quotes a word for a POSIX shell, only where it needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
