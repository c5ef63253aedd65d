/**
 * A steady run of one service of three members, the whole process, against a bare program that sends the same checks;
 * and the least that a start can cost, against the runtime's own.
 *
 * @module
 */
import { labUp } from "../lab/mod.ts";
import { cost } from "./client.ts";
import { mustAnswer, writeChecks } from "./checks.ts";
import { apply, configure, deno, quorate, steadyRun } from "./manager.ts";
import type { Row } from "./rows.ts";

export async function single(rounds = 15): Promise<readonly Row[]> {
  await using lab = await labUp({ name: "bench-single", hosts: 3 });
  const config = await configure(lab, { metadata: ["n1", "n2", "n3"] });
  await apply(lab, config, "state");
  const hosts = await writeChecks(lab, config);
  const ours = [], theirs = [], version = [], runtime = [];
  // The first of each fills caches.
  for (let round = 0; round <= rounds; round++) {
    const mine = await steadyRun(lab, config, "state");
    const bare = await cost(lab, deno("bare.ts", lab.dir, ...hosts));
    mustAnswer(bare.stdout, hosts);
    const start = await cost(lab, quorate("--version"));
    const nothing = await cost(lab, [Deno.execPath(), "eval", "0"]);
    if (round === 0) continue;
    ours.push(mine);
    theirs.push(bare);
    version.push(start);
    runtime.push(nothing);
  }
  return [
    {
      what: "steady, one service: wall",
      unit: "ms",
      ours: ours.map((c) => c.ms),
      peer: { name: "bare ssh2 program", values: theirs.map((c) => c.ms) },
      budget: { times: 1.3 },
    },
    {
      what: "steady, one service: CPU",
      unit: "ms",
      ours: ours.map((c) => c.cpuMs),
      peer: { name: "bare ssh2 program", values: theirs.map((c) => c.cpuMs) },
    },
    { what: "steady, one service: peak memory", unit: "MB", ours: ours.map((c) => c.peakMb) },
    {
      what: "quorate --version: wall",
      unit: "ms",
      ours: version.map((c) => c.ms),
      peer: { name: "deno eval 0", values: runtime.map((c) => c.ms) },
      budget: { times: 3 },
    },
  ];
}
