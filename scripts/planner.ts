/**
 * The planner check over a large range, on several processes: `deno task planner [JOBS] [all] [--service NAME]`, NAME being
 * etcd, zookeeper or static. `all` is every kind of each of up to three recorded and three desired nodes, which takes hours.
 * The first situation that is wrong is told as a short story and ends the script with 1.
 *
 * @module
 */
import { check } from "../test/planner/check.ts";
import { habits } from "../test/planner/habits.ts";
import { rangesOf } from "../test/planner/ranges.ts";

const at = Deno.args.indexOf("--service");
const service = at < 0 ? "etcd" : Deno.args[at + 1] ?? "";
const own = Object.entries(habits).find(([name]) => name === service)?.[1];
if (own === undefined) {
  console.error(`Say whose plans: --service ${Object.keys(habits).join(", ")}`);
  Deno.exit(64);
}
const [jobs = String(navigator.hardwareConcurrency), which, name, part] = Deno.args
  .filter((_, i) => at < 0 || (i !== at && i !== at + 1));
const every = Number(jobs);
if (!Number.isInteger(every) || every < 1) {
  console.error("Say on how many processes: deno task planner 2");
  Deno.exit(64);
}
const { all, large } = rangesOf(own);
const ranges = which === "all" ? all : large;

if (part !== undefined) {
  const range = ranges.find((r) => r.name === name);
  if (range === undefined) throw new RangeError(`Cannot find the range ${name}`);
  const { cases, ends, wrong } = check(range.cases(), every, Number(part), own);
  console.log(JSON.stringify({ cases, ends: [...ends], wrong }));
} else {
  for (const range of ranges) {
    const began = performance.now();
    const parts = await Promise.all(Array.from({ length: every }, (_, i) => play(range.name, i)));
    const count = parts.reduce((sum, p) => sum + p.cases, 0);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${String(count).padStart(10)} situations in ${seconds} s: ${range.name}`);
    const wrong = parts.find((p) => p.wrong !== undefined)?.wrong;
    if (wrong === undefined) continue;
    console.log(`\n${wrong}`);
    Deno.exit(1);
  }
}

async function play(
  range: string,
  part: number,
): Promise<{ readonly cases: number; readonly wrong?: string }> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL(import.meta.url).pathname,
      jobs,
      which ?? "large",
      range,
      String(part),
      "--service",
      service,
    ],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const said: { readonly cases: number; readonly wrong?: string } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  return said;
}
