/**
 * Commands as plain data: text with arguments between, quoted when they are rendered. What a plan prints is what runs.
 *
 * @module
 */

/** Whom a fact or a late value is about: a node of the config, or a member by its id (a member may have no node). */
export type Subject = { readonly node: string } | { readonly member: string };

/**
 * A value that is read from the newest observation when the step starts, never carried from step to step: a step that
 * is run again after a crash reads the same thing from the same place.
 */
export type Late =
  | { readonly late: "memberId"; readonly of: Subject }
  /** What the plugin derives from an observation, e.g. etcd's live `initialCluster`. */
  | { readonly late: "derived"; readonly key: string };

/** Several pieces that make one word or one file content; pieces go in as they are. */
export interface Text {
  readonly plain: readonly string[];
  readonly with: readonly (string | number | Late)[];
}

/** An argument of a command. Strings, numbers, late values and texts become one quoted word each. */
export type Arg = string | number | Late | Text | Command | readonly Arg[];

export interface Command {
  readonly sh: readonly string[];
  readonly args: readonly Arg[];
}

/**
 * A shell command (POSIX sh). Arguments are quoted when it is rendered; a command inside a command is spliced in as
 * it stands; a list becomes words with blanks between.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sh } from "./command.ts";
 * import { renderCommand } from "./render.ts";
 *
 * assert.equal(renderCommand(sh`rm -- ${"a b"}`, () => ""), "rm -- 'a b'");
 * ```
 */
export const sh = (parts: TemplateStringsArray, ...args: readonly Arg[]): Command => ({
  sh: [...parts],
  args,
});

/** One word or one file content made of pieces. */
export const text = (parts: TemplateStringsArray, ...pieces: readonly (string | number | Late)[]): Text => ({
  plain: [...parts],
  with: pieces,
});

/** The id that the service gave a member: known only once it is recorded. */
export const memberId = (of: Subject): Late => ({ late: "memberId", of });

/** A value that the plugin derives from the newest observation; a plugin narrows `key` to the ones it has. */
export const derived = <K extends string>(key: K): Late => ({ late: "derived", key });

/** All late values that a command reads. */
export function latesOf(command: Command): readonly Late[] {
  const of = (arg: Arg): readonly Late[] => {
    if (typeof arg === "string" || typeof arg === "number") return [];
    if ("late" in arg) return [arg];
    if ("plain" in arg) return arg.with.filter((p): p is Late => typeof p === "object");
    if ("sh" in arg) return arg.args.flatMap(of);
    return arg.flatMap(of);
  };
  return command.args.flatMap(of);
}
