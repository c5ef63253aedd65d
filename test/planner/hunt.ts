/** Prints what the planner check finds as one line of JSON: for copies of the source in which a bug was planted. */
import { check } from "./check.ts";
import { etcdHabits } from "./habits.ts";
import { rangesOf } from "./ranges.ts";

if (import.meta.main) {
  let wrong: string | undefined;
  for (const range of rangesOf(etcdHabits).small) wrong ??= check(range.cases()).wrong;
  console.log(JSON.stringify({ wrong: wrong?.split("\n").at(-1)?.replace(/^then: /, "") }));
}
