/**
 * The types of an author's file, checked by the Deno that runs this: only from source, since an executable has no compiler.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Problem } from "../config/config.ts";

/** What the compiler says of a file and of what it imports, by the settings that an author's folder has as well. */
export async function typeProblems(path: string): Promise<readonly Problem[]> {
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "-q", "--no-lock", "--config", config, path],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  const said = `${decoder.decode(stdout)}${decoder.decode(stderr)}`;
  const problems = await Promise.all([...said.matchAll(ERROR)].map(problemOf));
  if (success || problems.length > 0) return problems;
  const message = `its types could not be checked: ${said.trim().replace(/^error: /, "")}`;
  return [{ severity: "error", path, line: 0, column: 0, message }];
}

/** "TS2345 [ERROR]: …", explanations, the line, its marks, "    at file:///…:LINE:COLUMN". */
const ERROR = /^(TS\d+) \[ERROR\]: ([\s\S]*?)\n {4}at (file:\/\/\S+):(\d+):(\d+)$/gm;

async function problemOf([, code, said = "", url = "", line, column]: RegExpExecArray): Promise<Problem> {
  const path = fileURLToPath(url);
  const lines = said.split("\n");
  // One character is marked by ^, more of them by ~.
  const marks = /[~^]+/.exec(lines.at(-1) ?? "")?.[0].length ?? 0;
  const [message = "", ...why] = marks === 0 ? lines : lines.slice(0, -2);
  return {
    severity: "error",
    path,
    text: await Deno.readTextFile(path),
    line: Number(line),
    column: Number(column),
    endColumn: Number(column) + marks,
    message: `${message} (${code})`,
    hint: why.at(-1)?.trim(),
  };
}
