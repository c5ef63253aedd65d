import assert from "node:assert/strict";
import { parse } from "yaml";
import { jsonText, ndjson, yamlText } from "../../../src/report/json.ts";
import { ink } from "../../../src/report/lines.ts";
import { planDocument } from "../../../src/report/plan_json.ts";
import { planText } from "../../../src/report/plan_text.ts";
import { runbook } from "../../../src/report/runbook.ts";
import { type Looked, statusDocument } from "../../../src/report/status.ts";
import { statusText } from "../../../src/report/status_text.ts";
import { golden } from "./golden.ts";
import { events, facts, host, observation, plans, refusal, runs, target } from "./samples.ts";

const seen = observation();
const looked: readonly Looked[] = [
  { plugin: "etcd", target, seen, verdict: { kind: "change", change: { case: "add", node: host("n4") } } },
  {
    plugin: "etcd",
    target,
    seen: {
      ...seen,
      service: "locks",
      state: "lost",
      members: seen.members.map((m, i) =>
        i === 2
          ? { ...m, node: undefined, name: "", role: "learner", health: "unknown", version: undefined }
          : { ...m, leader: false, health: "unhealthy", version: `3.5.1${i}` }
      ),
      nodes: {
        ...seen.nodes,
        n2: facts("n2", {
          unit: { ...facts("n2", {}).unit, load: "masked" },
          disk: { freeBytes: 5 * 2 ** 20, totalBytes: 2 ** 30, readOnly: false },
          missing: ["flock"],
          notices: [
            { code: "certificate", text: "/etc/etcd/peer.pem is valid until Dec  5 19:26:30 2026 GMT" },
            { code: "disk", text: "only 0.0 GiB (0 %) are free on the disk of the data directory" },
          ],
          aside: Array.from({ length: 12 }, (_, i) => `01${i + 10}`).map((day) => ({
            path: `/var/lib/data.quorate-2026${day}T120000Z-c1-a1`,
            at: `2026${day}T120000Z`,
            clusterId: "c1",
            memberId: "a1",
          })),
        }),
        n3: facts("n3", {
          reached: false,
          trouble: {
            code: "hostKeyChanged",
            detail: "the host key is another",
            unblock: "compare it with the console",
          },
        }),
      },
    },
    verdict: { kind: "refused", refusals: [refusal] },
  },
];

Deno.test("the JSON of a plan is as it was: it is a contract", () =>
  golden("plan/plan.json", jsonText(planDocument(plans))));
Deno.test("the text of a plan is as it was", () =>
  golden("plan/plan.txt", ink(plans.flatMap(planText), false)));
Deno.test("the runbook of a plan is as it was", () =>
  golden("plan/plan.sh", runbook(plans, () => target.nodes)));
Deno.test("the JSON of a status is as it was: it is a contract", () =>
  golden("status/status.json", jsonText(statusDocument(looked))));
Deno.test("the text of a status is as it was", () =>
  golden("status/status.txt", ink(looked.flatMap(statusText), false)));

Deno.test("YAML says the same as JSON", async () => {
  assert.deepEqual(parse(await yamlText(planDocument(plans))), JSON.parse(jsonText(planDocument(plans))));
});

Deno.test("a plan's JSON has no key that the contract does not name", () => {
  const keys = (value: unknown): readonly string[] =>
    Array.isArray(value)
      ? value.flatMap(keys)
      : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, one]) => [key, ...keys(one)])
      : [];
  const named = [
    ...["schemaVersion", "services", "name", "case", "quorum", "voters", "healthy", "needed", "margin"],
    ...["changes", "node", "member", "exact", "steps", "id", "title", "on", "effect", "command", "skip"],
    ...["quorumAfter", "refusals", "rule", "evidence", "unblock"],
  ];
  assert.deepEqual([...new Set(keys(planDocument(plans)))].filter((key) => !named.includes(key)), []);
});

Deno.test("64-bit numbers are written in full", () => {
  const event = { ...events("metadata", runs.steady)[0], term: 18446744073709551615n };
  assert.match(ndjson(event as Parameters<typeof ndjson>[0]), /"18446744073709551615"/);
  assert.match(jsonText({ id: 18446744073709551615n }), /"18446744073709551615"/);
});

Deno.test("a runbook is shell text that stops before its first step when it is run as a whole", async () => {
  const script = runbook(plans, () => target.nodes);
  const run = async (args: readonly string[]) => {
    const child = new Deno.Command("sh", {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode(script)).then(() => stdin.close()).catch(() => {});
    return await child.output();
  };
  assert.equal((await run(["-n"])).code, 0);
  assert.equal((await run([])).code, 64);
});

Deno.test("a line break in what a host said cannot end a comment of a runbook", () => {
  const [plan] = plans;
  assert.ok(plan);
  const evil = { ...plan, changes: [], refusals: [{ ...refusal, evidence: "said:\nrm -rf /" }] };
  assert.ok(runbook([evil], () => []).split("\n").every((line) => !line.startsWith("rm")));
});
