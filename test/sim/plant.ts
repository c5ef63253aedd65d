/** Plays seeds in a copy of the source in which one bug was planted. */
import type { Hunted } from "./hunt.ts";
import type { Mutant } from "./mutants.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A folder with a copy of what the simulator runs. Throws if the text that is to be changed is not there exactly once. */
export async function hunt(mutant: Mutant, seeds: number, first = 1): Promise<Hunted> {
  const dir = await Deno.makeTempDir({ prefix: "quorate-mutant-" });
  try {
    for (const part of ["src", "plugins", "test/sim", "test/unit"]) {
      await copy(`${root}${part}`, `${dir}/${part}`);
    }
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
    const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "test/sim/hunt.ts", String(first), String(seeds)],
      cwd: dir,
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    const found: Hunted = JSON.parse(new TextDecoder().decode(stdout));
    return found;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copy(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (/\.(ts|sh)$/.test(entry.name)) {
      await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
    }
  }
}
