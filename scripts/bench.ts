/**
 * Benchmarks on real hosts of this machine: `deno task bench [NAME…] [--rounds N]`. Nothing is asserted: the table says
 * what is within its budget, and what is over. A peer is always measured in the same run, in turns with Quorate, so that
 * a busy machine is as busy for both; even so, read the load beside the numbers.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Row } from "../bench/rows.ts";
import { table } from "../bench/rows.ts";
import { warm } from "./warm.ts";

type Bench = (rounds?: number) => Promise<readonly Row[]>;

/** By name; what one of them needs is imported only for that one. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  "steady": async () => (await import("../bench/steady.ts")).steady,
  "single": async () => (await import("../bench/single.ts")).single,
  "check-cost": async () => (await import("../bench/check_cost.ts")).checkCost,
  "memory-200": async () => (await import("../bench/memory.ts")).memory,
  "plan-1000": async () => (await import("../bench/plan.ts")).plan,
  "operations": async () => (await import("../bench/operations.ts")).operations,
};

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { rounds: { type: "string" } },
});
const unknown = positionals.find((name) => benches[name] === undefined);
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (unknown !== undefined || !(rounds === undefined || rounds >= 1)) {
  console.error(`deno task bench [NAME…] [--rounds N], with these names: ${Object.keys(benches).join(", ")}`);
  Deno.exit(64);
}

await warm();
const load = (): string => Deno.loadavg().map((one) => one.toFixed(1)).join(" ");
for (const [name, bench] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(`── ${name} (load ${load()} on ${navigator.hardwareConcurrency} cores)`);
  const rows = await (await bench())(rounds);
  console.log(`\n${table(rows)}\n── ${name} (load ${load()})\n`);
}
