import assert from "node:assert/strict";
import { parseConfig } from "../../../src/config/read.ts";
import { plugins } from "./plugins.ts";

const seen = (text: string) =>
  parseConfig(text, "q.yaml", plugins).problems.map((p) => `${p.line}:${p.column} ${p.message}`);

Deno.test("a file without end of brackets is an error, not a crash", () => {
  assert.deepEqual(seen("[".repeat(100_000)), ["1:1 the file cannot be read: it is nested too deeply"]);
});

Deno.test("an alias inside its own anchor is an error, not a crash", () => {
  assert.ok(seen("a: &a [*a]\nversion: 1\n").includes('1:1 unknown key "a"'));
  const message = "the aliases of this file contain themselves or multiply without end";
  assert.deepEqual(seen("nodes: &n { n1: &m { <<: *m } }\n"), [`1:26 ${message}`]);
  assert.deepEqual(seen("version: 1\nnodes: &n { <<: *n }\n"), [`2:17 ${message}`]);
});

Deno.test("aliases that multiply are stopped before they fill the memory", () => {
  const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 12; i++) bomb.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  assert.deepEqual(seen(bomb.join("\n")), [
    "2:10 the aliases of this file contain themselves or multiply without end",
  ]);
});

Deno.test("hundreds of services may share one anchor", () => {
  const names = Array.from({ length: 300 }, (_, i) => i);
  const text = `version: 1
nodes:
${names.flatMap((i) => [1, 2, 3].map((j) => `  n${i}-${j}: { host: h${i}-${j} }`)).join("\n")}
services:
  first: { plugin: &etcd etcd, members: [n0-1, n0-2, n0-3], policy: &calm { stabilize: &s 10s } }
${
    names.slice(1).map((i) =>
      `  s${i}: { plugin: *etcd, members: [n${i}-1, n${i}-2, n${i}-3], policy: { <<: *calm, deadAfter: *s } }`
    ).join("\n")
  }
`;
  const { config, problems } = parseConfig(text, "q.yaml", plugins);
  assert.deepEqual(problems, []);
  assert.equal(config?.services.at(-1)?.policy.stabilizeMs, 10_000);
  assert.equal(config?.services.at(-1)?.policy.deadAfterMs, 10_000);
});

Deno.test("a problem behind an alias is told once, where it is written", () => {
  const text = `version: 1
nodes: { n1: { host: h1 }, n2: { host: h2 }, n3: { host: h3 }, n4: { host: h4 }, n5: { host: h5 }, n6: { host: h6 } }
services:
  a: { plugin: etcd, members: [n1, n2, n3], policy: &p { stabilize: soon } }
  b: { plugin: etcd, members: [n4, n5, n6], policy: *p }
`;
  assert.deepEqual(seen(text), ["4:69 stabilize cannot be soon"]);
});

Deno.test("keys are text, also where they look like numbers or nothing", () => {
  const text = `version: 1
nodes: { 1: { host: h1 }, 02: { host: h2 }, null: { host: h3 } }
services: { 1e3: { plugin: etcd, members: ["1", "02", "null"] } }
`;
  const { config, problems } = parseConfig(text, "q.yaml", plugins);
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.nodes.map((n) => n.name), ["1", "02", "null"]);
  assert.deepEqual(config?.services.map((s) => s.name), ["1e3"]);
});

Deno.test("lines end with a carriage return as well", () => {
  assert.deepEqual(seen("version: 1\r\nnodes:\r\n  n1: { hosst: h1 }\r\nservices: {}\r\n"), [
    '3:9 unknown key "hosst" in n1',
    "4:11 services cannot be an empty map",
  ]);
});

Deno.test("YAML of other kinds is refused in plain words", () => {
  assert.deepEqual(seen("version: 1\n---\nversion: 1\n"), ["2:1 the file holds more than one document"]);
  assert.deepEqual(seen("nodes:\n\tn1: {}\n"), ["2:1 a tab cannot indent"]);
  assert.deepEqual(seen("? [a]\n: b\n"), ["1:3 a key must be plain text"]);
  assert.ok(seen("version: !v 1\n").includes("1:10 Unresolved tag: !v"));
  assert.deepEqual(seen("a: 1\nssh: { <<: 5 }\n"), ["2:8 << cannot merge this"]);
  assert.deepEqual(seen("a: &a x\nssh: { <<: [*a] }\n"), ["2:8 << cannot merge this"]);
  assert.deepEqual(seen("nodes: *nowhere\n"), ["1:8 no anchor &nowhere before this alias"]);
});
