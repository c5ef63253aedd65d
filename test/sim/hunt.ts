/**
 * Plays seeds until an invariant is violated, and prints what was found as one line of JSON: for copies of the source in
 * which a bug was planted. `deno run -A hunt.ts FIRST COUNT [SERVICE]`.
 */
import { playSchedule } from "../../src/sim/schedule.ts";
import { subjects } from "./subject.ts";

export interface Hunted {
  readonly seed: number | undefined;
  readonly invariant: string | undefined;
  readonly story: string | undefined;
}

if (import.meta.main) {
  const [from = "1", seeds = "1", service = "etcd"] = Deno.args;
  const [first, count] = [Number(from), Number(seeds)];
  const subject = subjects[service === "zookeeper" || service === "static" ? service : "etcd"]();
  let found: Hunted = { seed: undefined, invariant: undefined, story: undefined };
  for (let seed = first; seed < first + count && found.seed === undefined; seed++) {
    const { violation } = await playSchedule(subject, seed);
    if (violation !== undefined) found = { seed, ...violation };
  }
  console.log(JSON.stringify(found));
}
