/** Runs things in a copy of the source in which one bug was planted. */
import type { Hunted } from "./hunt.ts";
import type { Mutant } from "./mutants.ts";

const root = new URL("../../", import.meta.url).pathname;

export interface Copy extends AsyncDisposable {
  /** Runs Deno in the copy: its exit code and what it said. */
  deno(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
}

/** A copy of the source with a bug. Throws if the text that is to be changed is not there exactly once. */
export async function planted(mutant: Mutant): Promise<Copy> {
  const dir = await Deno.makeTempDir({ prefix: "quorate-mutant-" });
  const gone = () => Deno.remove(dir, { recursive: true });
  try {
    for (const part of ["src", "plugins", "test", "examples"]) await copy(`${root}${part}`, `${dir}/${part}`);
    for (const file of ["mod.ts", "deno.json", "deno.lock"]) {
      await Deno.copyFile(`${root}${file}`, `${dir}/${file}`);
    }
    for (const { file, find, plant } of mutant.edits) {
      const text = await Deno.readTextFile(`${dir}/${file}`);
      if (text.split(find).length !== 2) {
        throw new RangeError(`Cannot plant "${mutant.name}": its text stands in ${file} not exactly once`);
      }
      await Deno.writeTextFile(`${dir}/${file}`, text.replace(find, () => plant));
    }
  } catch (error) {
    await gone();
    throw error;
  }
  return {
    [Symbol.asyncDispose]: gone,
    async deno(...args) {
      const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: dir })
        .output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    },
  };
}

/** Plays seeds in it until an invariant is violated. */
export async function hunt(mutant: Mutant, seeds: number, first = 1): Promise<Hunted> {
  await using copy = await planted(mutant);
  const { code, out, err } = await copy.deno(
    "run",
    "-A",
    "--no-check",
    "test/sim/hunt.ts",
    String(first),
    String(seeds),
    mutant.service ?? "etcd",
  );
  if (code !== 0) throw new Error(err);
  const found: Hunted = JSON.parse(out);
  return found;
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copy(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}
