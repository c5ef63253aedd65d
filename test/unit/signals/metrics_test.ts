import assert from "node:assert/strict";
import type { Event } from "../../../src/model/event.ts";
import { type Account, add } from "../../../src/signals/account.ts";
import { metricsText, type Samples, samplesIn, updated } from "../../../src/signals/metrics.ts";
import { events, runs } from "../report/samples.ts";

const account = (service: string, name: keyof typeof runs): Account => {
  const sum = events(service, runs[name]).reduce<Account | undefined>((a, e: Event) => add(a, e), undefined);
  assert.ok(sum !== undefined);
  return sum;
};
const none: Samples = new Map();

Deno.test("the file says how the newest run ended, what it saw, and counts", () => {
  const once = updated(none, [account("a", "refused")], ["a"]);
  const twice = updated(samplesIn(metricsText(once, "1.2.3")), [account("a", "converged")], ["a"]);
  const text = metricsText(twice, "1.2.3");
  for (
    const line of [
      'quorate_build_info{version="1.2.3"} 1',
      'quorate_run_outcome{service="a",outcome="converged"} 1',
      'quorate_run_outcome{service="a",outcome="refused"} 0',
      'quorate_runs_total{service="a",outcome="refused"} 1',
      'quorate_runs_total{service="a",outcome="converged"} 1',
      'quorate_changes_total{service="a"} 1',
      'quorate_quorum_held{service="a"} 1',
      'quorate_voters{service="a"} 4',
      'quorate_run_duration_seconds{service="a"} 9.8',
    ]
  ) assert.ok(text.includes(`\n${line}\n`), line);
  assert.ok(!text.includes("quorate_refused"), "what refused before does not any more");
  assert.ok(metricsText(once, "1").includes('\nquorate_refused{service="a",rule="S9"} 1\n'));
});

Deno.test("a service that a run was not about keeps its lines, and one that left the config loses them", () => {
  const both = updated(none, [account("a", "steady"), account("b", "refused")], ["a", "b"]);
  const one = updated(samplesIn(metricsText(both, "1")), [account("a", "steady")], ["a", "b"]);
  assert.equal(one.get('quorate_runs_total{service="b",outcome="refused"}'), 1);
  assert.equal(one.get('quorate_runs_total{service="a",outcome="steady"}'), 2);
  const left = updated(one, [], ["a"]);
  assert.deepEqual([...left.keys()].filter((key) => key.includes('"b"')), []);
});

Deno.test("a file that is no file of ours is begun anew", () => {
  assert.deepEqual(samplesIn("# x\nnode_load1 0.5\nquorate_voters{service=\n\0\0"), none);
});
