/**
 * Files that systemd reads as `EnvironmentFile=`.
 *
 * @module
 */

/** The variables of such a file; of two assignments of one, the last counts. */
export function readEnvFile(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const assignment =
    /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=((?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\n\\])*)/gm;
  for (const [, key = "", value = ""] of text.matchAll(assignment)) found[key] = unquoted(value);
  return found;
}

/** Quotes may stand around any part of a value; a backslash takes its next character as it is. */
function unquoted(value: string): string {
  const parts = value.trim().matchAll(/"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'|\\([\s\S])|([^\\"']+|["'\\])/g);
  return [...parts].map(([, double, single, escaped, plain]) =>
    double !== undefined
      ? double.replace(/\\(["\\`$\n])/g, (_, c: string) => (c === "\n" ? "" : c))
      : single ?? (escaped === "\n" ? "" : escaped) ?? plain ?? ""
  ).join("");
}
