import assert from "node:assert/strict";
import type { Verdict } from "../../../src/model/change.ts";
import { byUrgency, fleetText, type Glance } from "../../../src/report/fleet.ts";
import { plainText } from "../../../src/report/lines.ts";
import { host, observation, refusal, target } from "./samples.ts";

const one = (service: string, verdict: Verdict, tries = 0): Glance => ({
  plugin: "etcd",
  target,
  seen: { ...observation(), service },
  verdict,
  memory: { attempts: tries === 0 ? {} : { "repairCrashed:n2": { count: tries, lastMs: 0 } } },
});
const change: Verdict = { kind: "change", change: { case: "add", node: host("n4") } };
const glances: readonly Glance[] = [
  one("well", { kind: "steady" }),
  one("pending", change),
  one("tried", change, 2),
  one("refused", { kind: "refused", refusals: [refusal] }),
  { service: "unread", failed: "The memory is damaged" },
  one("lost", { kind: "quorumLost", lost: [], refusal }),
  one("fine", { kind: "steady" }),
];
const text = (all: readonly Glance[], verbose = false) => fleetText(all, verbose).map(plainText);

Deno.test("status puts first what needs people most", () => {
  assert.deepEqual(byUrgency(glances).map((g) => "failed" in g ? g.service : g.seen.service), [
    "lost",
    "tried",
    "unread",
    "refused",
    "pending",
    "well",
    "fine",
  ]);
});

Deno.test("one line is about all, and who is well has one line, unless more is asked for", () => {
  const lines = text(glances);
  assert.equal(
    lines[0],
    "7 services: 1 quorum lost, 2 failed, 1 refused, 1 with changes pending, 2 steady",
  );
  assert.match(lines.at(-1) ?? "", /^fine \(etcd\): steady, /);
  assert.equal(lines.filter((l) => l.startsWith("well (etcd)")).length, 1);
  assert.ok(text(glances, true).length > lines.length + 10, "in full");
});

Deno.test("a single service is shown in full, without a line about all", () => {
  const lines = text(glances.slice(0, 1));
  assert.match(lines[0] ?? "", /^well \(etcd\): quorum held/);
  assert.ok(lines.length > 5 && lines.at(-1) !== "");
});
