/** Prints what the planner check finds as one line of JSON: for copies of the source in which a bug was planted. */
import { check } from "./check.ts";
import { habits } from "./habits.ts";
import { rangesOf } from "./ranges.ts";

if (import.meta.main) {
  const [service = "etcd"] = Deno.args;
  const own = Object.entries(habits).find(([name]) => name === service)?.[1] ?? habits.etcd;
  let wrong: string | undefined;
  for (const range of rangesOf(own).small) wrong ??= check(range.cases(), 1, 0, own).wrong;
  console.log(JSON.stringify({ wrong: wrong?.split("\n").at(-1)?.replace(/^then: /, "") }));
}
