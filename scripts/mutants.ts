/**
 * Switches off each safety rule in a copy of the source and sees who notices: the simulator, the planner check, or a unit
 * or golden test. Writes the tables of docs/proof.md: `deno task mutants [SEEDS [JOBS]]`. A mutant that nobody notices ends
 * the script with 1. Rules can be named: `deno task mutants 1000 2 S6 S7` prints their rows and writes nothing.
 *
 * @module
 */
import { type RuleMutant, ruleMutants } from "../test/sim/rule_mutants.ts";
import { playbookMutants, staticMutants, zookeeperMutants } from "../test/sim/mutants.ts";
import { type Copy, hunt, planted } from "../test/sim/plant.ts";
import { told } from "../test/sim/proof.ts";

const [count = "1000", processes = "2", ...only] = Deno.args;
const [seeds, jobs] = [Number(count), Number(processes)];
if (![seeds, jobs].every((n) => Number.isInteger(n) && n > 0)) {
  console.error("Say how many seeds to play at most, and on how many processes: deno task mutants 1000 2");
  Deno.exit(64);
}
const NOBODY = "**nobody**";

const mutants = ruleMutants.filter((m) => only.length === 0 || only.includes(m.rule));
const rules = await each(mutants, async (m) => [m.rule, m.name, await noticed(m) ?? NOBODY]);
const bugs = await each(
  only.length === 0 ? [...playbookMutants, ...zookeeperMutants, ...staticMutants] : [],
  async (m) => {
    const { seed, invariant } = await hunt(m, 10_000);
    return [m.name, seed === undefined ? NOBODY : `seed ${seed}: ${invariant}`];
  },
);
if (only.length === 0) {
  const file = new URL("../docs/proof.md", import.meta.url);
  await Deno.writeTextFile(file, told(await Deno.readTextFile(file), { rules, bugs }));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file.pathname] }).output();
}
Deno.exit([...rules, ...bugs].some((row) => row.includes(NOBODY)) ? 1 : 0);

/** Several at a time; the rows in order. */
async function each<T>(list: readonly T[], rowOf: (one: T) => Promise<string[]>): Promise<string[][]> {
  const rows: string[][] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < list.length; at = next++) {
      const row = await rowOf(list[at] as T);
      rows[at] = row;
      console.log(row.join(" | "));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return rows;
}

/** Who notices first. */
async function noticed(mutant: RuleMutant): Promise<string | undefined> {
  await using copy = await planted(mutant);
  const said = await bySeeds(copy) ?? (mutant.beyondPlanner ? undefined : await byPlanner(copy));
  return said ?? await byTests(copy, mutant.tests);
}

async function bySeeds(copy: Copy): Promise<string | undefined> {
  const { code, out, err } = await copy.deno(
    "run",
    "-A",
    "--no-check",
    "test/sim/hunt.ts",
    "1",
    String(seeds),
  );
  if (code !== 0) throw new Error(err);
  const { seed, invariant }: { readonly seed?: number; readonly invariant?: string } = JSON.parse(out);
  return seed === undefined ? undefined : `simulator, seed ${seed}: ${invariant}`;
}

async function byPlanner(copy: Copy): Promise<string | undefined> {
  const { code, out, err } = await copy.deno("run", "-A", "--no-check", "test/planner/hunt.ts");
  if (code !== 0) throw new Error(err);
  const { wrong }: { readonly wrong?: string } = JSON.parse(out);
  return wrong === undefined ? undefined : `planner check: ${wrong}`;
}

async function byTests(copy: Copy, tests: readonly string[]): Promise<string | undefined> {
  const { code, out } = await copy.deno("test", "-A", "--no-check", ...tests);
  if (code === 0) return undefined;
  // deno-lint-ignore no-control-regex
  const plain = out.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const [, name] = /^(.*?) \.\.\. FAILED/m.exec(plain) ?? [];
  return name === undefined ? undefined : `test: ${name.replace(/^\S+ => /, "")}`;
}
