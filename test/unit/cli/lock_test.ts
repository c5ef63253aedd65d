import assert from "node:assert/strict";
import { endpointsOf } from "../../../src/cli/leases.ts";
import { plugins } from "../../../src/cli/plugins.ts";
import { parseConfig } from "../../../src/config/read.ts";
import { inFolder } from "./run.ts";

/** Two services whose nodes nobody answers for; the first one's etcd would listen on port 1, which is closed. */
const config = (lock: string): string =>
  `version: 1
ssh: { user: nobody, port: 1, connectTimeout: 2s }
lock: ${lock}
nodes:
  n1: { host: 127.0.0.1 }
  n2: { host: 127.0.0.2 }
  n3: { host: 127.0.0.3 }
  n4: { host: 127.0.0.4 }
services:
  locks: { plugin: etcd, members: [n1, n2, n3], options: { clientPort: 1 } }
  other: { plugin: etcd, members: [n4] }
`;
const read = (lock: string) => parseConfig(config(lock), "q.yaml", plugins);
const said = (lock: string): readonly string[] =>
  read(lock).problems.filter((p) => p.severity === "error").map((p) =>
    `${p.line}:${p.column} ${p.message}; ${p.expected}${
      p.didYouMean === undefined ? "" : `; ${p.didYouMean}?`
    }`
  );

Deno.test("lock: names an etcd of the config or endpoints; durations, files and defaults are read", () => {
  const { config } = read("{ etcd: locks }");
  assert.deepEqual(config?.lock, { etcd: "locks", ttlMs: 30_000, prefix: "/quorate/lock/" });
  assert.deepEqual(
    config?.lock && endpointsOf(config, config.lock),
    ["http://127.0.0.1:1", "http://127.0.0.2:1", "http://127.0.0.3:1"],
  );
  const other =
    read("{ etcd: ['https://e1', 'https://[::1]:443/'], ttl: 1m, ca: ca.pem, cert: ~/c, key: /k }").config;
  assert.deepEqual(other?.lock && endpointsOf(other, other.lock), ["https://e1:2379", "https://[::1]:443"]);
  assert.deepEqual([other?.lock?.ca, other?.lock?.cert, other?.lock?.key], ["ca.pem", "~/c", "/k"]);
});

Deno.test("lock: an etcd of the config that never forgets is warned of, and one that does is not", () => {
  const warned = (text: string): number =>
    parseConfig(text, "q.yaml", plugins).problems.filter((p) => /keeps all that ever was/.test(p.message))
      .length;
  const text = config("{ etcd: locks }");
  assert.equal(warned(text), 1);
  const told = "options: { clientPort: 1, env: { ETCD_AUTO_COMPACTION_RETENTION: '1' } }";
  assert.equal(warned(text.replace("options: { clientPort: 1 }", told)), 0);
  assert.equal(warned(config("{ etcd: ['http://e:1'] }")), 0);
});

Deno.test("lock: what is wrong with it is said at its place", () => {
  assert.deepEqual(said("{ etcd: lokcs }"), [
    "3:15 lokcs is not under services:; the name of an etcd service of this file, or a list of URLs; locks?",
  ]);
  assert.deepEqual(said("{ etcd: ['http://a:1', 'https://b:1'] }").length, 1);
  for (const url of ["http://a:99999", "http://999.1.1.1:1", "http://[::::]:1"]) {
    assert.deepEqual(said(`{ etcd: ['${url}'] }`), [
      `3:16 ${url} is no URL; one such as https://10.0.0.1:2379`,
    ]);
  }
  assert.match(said("{ etcd: ['a:2379'] }").join(), /expected|URL/);
  assert.match(said("{ etcd: locks, ttl: 1s }").join(), /^3:27 ttl cannot be 1s; a duration .*5 s at least/);
  assert.deepEqual(said("{ etcd: locks, cert: c }"), ["3:22 cert needs key as well; both or none"]);
});

for (const etcd of ["locks", "['http://127.0.0.2:1']"]) {
  Deno.test(`while the lock's etcd (${etcd}) is silent, its own service is looked at, and no other`, () =>
    inFolder(async ({ run, write }) => {
      await write("quorate.yaml", config(`{ etcd: ${etcd} }`));
      const { code, err } = await run("apply", "-v");
      assert.equal(code, 3);
      assert.match(err, /^locks: keeps the leases itself and does not answer/m);
      assert.match(err, /^locks: observed/m);
      assert.match(
        err,
        /^other: refused by a safety rule\n {2}S20 {4}whether another manager is at work on other/m,
      );
      assert.doesNotMatch(err, /^other: observed/m);
    }));
}
