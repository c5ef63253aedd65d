/**
 * `deno compile`: one file that is the runtime and holds the bundle. It needs a runtime of its own, `denort`, which Deno
 * takes from `DENORT_BIN`, from its cache, or from its download site; npm has none.
 *
 * @module
 */
import { heap, permissions } from "./permissions.ts";
import type { Machine } from "./runtime.ts";

/** Writes the executable, or says why there is none. What it wrote may be no Quorate yet: `DENORT_BIN` can be anything. */
export async function standalone(
  path: string,
  bundle: string,
  machine: Machine,
): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--no-config",
      "--no-lock",
      "--no-npm",
      "--no-remote",
      "--no-prompt",
      heap,
      ...permissions,
      `--target=${machine.target}`,
      `--output=${path}`,
      `${bundle}/main.js`,
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) {
    await Deno.remove(path).catch(() => {});
    return reasonOf(new TextDecoder().decode(stderr));
  }
  const elf = await elfMachine(path);
  if (elf === machine.elf) return undefined;
  await Deno.remove(path);
  return `the runtime that it was given is for another machine (ELF ${elf}, not ${machine.elf})`;
}

/** The innermost causes are the ones that tell; a stack tells nothing. */
function reasonOf(said: string): string {
  const lines = said.split(/\n\s*Stack backtrace/, 1)[0]?.split("\n") ?? [];
  const causes = lines.map((line) => line.replace(/^\s*\d+:\s*/, "").trim()).filter((line) => line !== "");
  return causes.filter((line) => !/^(?:Caused by:|error: Writing |Setting up base|Writing binary)/.test(line))
    .slice(0, 2).join(": ");
}

async function elfMachine(path: string): Promise<number | undefined> {
  using file = await Deno.open(path);
  const head = new Uint8Array(20);
  await file.read(head);
  const isElf = head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
  return isElf ? new DataView(head.buffer).getUint16(18, true) : undefined;
}
