import type { Reply, Trouble } from "../model/fleet.ts";

/** A script that was not sent. */
export function unreachable(trouble: Trouble): Reply {
  return { kind: "unreachable", trouble };
}

/** Whether something that was wanted is the reason why it could not be had. */
export function isTrouble(value: object): value is Trouble {
  return "unblock" in value;
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
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
