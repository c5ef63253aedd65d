/**
 * Command lines as people type them, brought into the form that the parser takes.
 *
 * @module
 */

const WITH_VALUE = ["-c", "--config", "--color", "-o", "--output", "--state"];
/** `--config=`: a value that is empty, which the parser would take for an argument. */
const EMPTY = /^(--[a-z][a-z-]+|-[a-z])=$/;
/** Short flags whose value may be glued to them: `-ojson`, `-n5`. */
const GLUED = /^-([con])([^=].*)$/;

/**
 * Flags before the command go behind it (`quorate -c FILE plan`), `-ojson` becomes `-o json`, and `help plan` becomes
 * `plan --help`.
 */
export function normalise(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  const own = (end === -1 ? args : args.slice(0, end)).flatMap((arg) => {
    const empty = EMPTY.exec(arg)?.[1];
    if (empty !== undefined) return [empty, ""];
    const glued = GLUED.exec(arg);
    return glued === null ? [arg] : [`-${glued[1]}`, glued[2] ?? ""];
  });
  const rest = end === -1 ? [] : args.slice(end);
  const at = commandAt(own);
  if (at === own.length) return [...own, ...rest];
  const [command = "", ...after] = own.slice(at);
  const before = own.slice(0, at);
  return command === "help" ? [...after, ...before, "--help"] : [command, ...before, ...after, ...rest];
}

/** Where the command stands among flags that may come before it; the length where there is none. */
export function commandAt(args: readonly string[]): number {
  let at = 0;
  while (at < args.length && args[at]?.startsWith("-")) at += WITH_VALUE.includes(args[at] ?? "") ? 2 : 1;
  return Math.min(at, args.length);
}
