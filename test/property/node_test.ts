import assert from "node:assert/strict";
import fc from "fast-check";
import { readEtcd, readPeers } from "../../plugins/etcd/read.ts";
import { readEnvFile } from "../../plugins/etcd/envfile.ts";
import type { Asked, Asks, Service } from "../../src/playbook/plugin.ts";
import type { NodeFacts } from "../../src/model/node.ts";
import { shellFor } from "../../src/node/shell.ts";
import { readCheck } from "../../src/node/parse.ts";
import { checkScript } from "../../src/node/check.ts";
import { diskIdShell } from "../../plugins/etcd/disk.ts";
import { etcdCheck } from "../../plugins/etcd/check.ts";
import { Host, n1, service } from "../unit/node/host.ts";
import { options } from "../unit/etcd/options.ts";

// Only for the paths, and for one run: it is gone when the tests begin.
await using host = new Host();
const etcd: Service = service(host, {
  shell: diskIdShell,
  check: (n) => etcdCheck({ ...options, dataDir: host.path("data"), envFile: host.path("etc/env") }, n),
  read: (asks, n) => readEtcd(asks, n, options),
});
const real = (await host.sh(checkScript([etcd], n1))).bytes;
const clock = { sentMs: 0, receivedMs: 0 };
const read = (bytes: Uint8Array): NodeFacts => readCheck(bytes, etcd, n1, clock);

/** What a rule could take for proof that there is nothing. */
const proofs = (f: NodeFacts): readonly string[] => [
  ...(f.process === "no" ? ["process"] : []),
  ...(f.data.state === "empty" || f.data.state === "pristine" ? ["data"] : []),
  ...(f.data.identity === "none" ? ["identity"] : []),
  ...(f.latch === "none" ? ["latch"] : []),
  ...(f.intent === "none" ? ["intent"] : []),
  ...(f.started === "none" ? ["started"] : []),
];

Deno.test("the undamaged document proves what it says", () => {
  assert.deepEqual(proofs(read(real)), ["process", "data", "identity", "latch", "intent", "started"]);
});

Deno.test("a document that was cut off anywhere proves nothing", () => {
  fc.assert(
    fc.property(fc.nat(real.length - 2), (length) => {
      assert.deepEqual(proofs(read(real.subarray(0, length))), []);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a document with a piece missing does not make something into nothing", async () => {
  await using full = new Host();
  const place = "dataPath=/d\nfsId=f\n";
  full.write("state/metadata/latch", `quorate=1\n${place}clusterId=c1\nmemberId=a1\nvoters=n1\n`);
  full.write("state/metadata/intent", "quorate=1\ntoken=t\nmembers=n1\n");
  full.write("state/metadata/started", `quorate=1\n${place}`);
  full.write("data/member/wal/0000000000000000-0000000000000000.wal", "torn");
  full.unit({ LoadState: "loaded", ActiveState: "active", MainPID: "1" });
  const s = { ...etcd, dataDir: full.path("data"), process: full.process };
  const { bytes } = await full.sh(checkScript([s], n1));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 400 }), (at, length) => {
      const rest = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
      assert.deepEqual(proofs(readCheck(rest, s, n1, clock)), []);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("bytes of any kind are read without an error, and prove nothing", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.string({ maxLength: 500, unit: "binary" }).map((s) => new TextEncoder().encode(`\n{"quorate":1,${s}`)),
    fc.json().map((s) => new TextEncoder().encode(`\n{"quorate":1,"missing":[],"services":${s}}\n`)),
    fc.json().map((s) =>
      new TextEncoder().encode(
        `\n{"quorate":1,"missing":[],"services":[{"name":"metadata","files":${s},"bytes":""}]}\n`,
      )
    ),
  );
  fc.assert(fc.property(noise, (bytes) => assert.deepEqual(proofs(read(bytes)), [])), { numRuns: 500 });
});

Deno.test("a path as long as an answer can be is read, whatever it is made of", () => {
  const sight = { ...etcd.read({}, n1), disk: "none" as const };
  for (const path of ["/".repeat(262_144) + "x", "/x" + "/".repeat(262_144), "/" + "x/".repeat(131_072)]) {
    const far: Service = { ...etcd, dataDir: "/d", read: () => ({ ...sight, dataPath: path }) };
    assert.equal(readCheck(real, far, n1, clock).data.state, "unknown");
  }
});

const names = [
  "unit",
  "pids",
  "latch",
  "intent",
  "started",
  "fenced",
  "fence",
  "path",
  "disk-free",
  "mount",
  "status",
  "get",
  "members",
  "port",
  "disk",
  "used",
  "env",
  "version",
  "cert.0",
];
const hostile = fc.oneof(
  fc.string({ maxLength: 200, unit: "binary" }),
  fc.json(),
  fc.constantFrom(
    "[{}]",
    '[{"Status":null}]',
    '[{"Status":{"header":{"cluster_id":"1","member_id":[]},"errors":{},"leader":-1}}]',
    '{"header":{"cluster_id":1,"member_id":1},"members":[null]}',
    '{"header":{"cluster_id":1,"member_id":1},"members":[{"ID":1e400,"peerURLs":[1]}]}',
    "quorate=1\n",
    "quorate=1\ndataPath=\nfsId=\nclusterId=\nmemberId=\nvoters=\n",
    "ActiveState=inactive\n",
  ),
);
const asked: fc.Arbitrary<Asked> = fc.record({
  code: fc.oneof(
    fc.constantFrom<number | "timedOut">(0, 2, 9, 127, "timedOut"),
    fc.integer({ min: 2, max: 255 }),
  ),
  out: hostile,
  err: hostile,
});
const asks: fc.Arbitrary<Asks> = fc.dictionary(fc.constantFrom(...names), asked);

Deno.test("etcd's answers of any kind are read without an error, and make nobody a proven member", () => {
  fc.assert(
    fc.property(asks, (given) => {
      const { view, disk } = readEtcd(given, n1, options);
      assert.notEqual(disk, "none");
      assert.notEqual(view?.pristine, "yes");
      if (view?.identity === undefined) {
        assert.notEqual(view?.linearizable, "yes");
        assert.notEqual(view?.local, "yes");
        assert.equal(view?.members, undefined);
      }
      const peer = {
        id: "1f",
        name: "x",
        role: "voter",
        peerUrls: ["http://x:1"],
        clientUrls: ["http://x:1"],
      } as const;
      assert.notEqual(
        readPeers({ "peer.1f": given.get ?? { code: 0, out: "", err: "" } }, [peer])["1f"],
        "yes",
      );
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a value goes through an environment file and comes back as it was", async () => {
  await using host = new Host();
  const value = fc.string({ maxLength: 30, unit: fc.constantFrom(..."ab \"'\\$`=#;,:/é\t") });
  await fc.assert(
    fc.asyncProperty(
      fc.array(value, { minLength: 1, maxLength: 20 }),
      fc.constantFrom("", "K0=old\nOTHER=1", "# c\n"),
      async (values, was) => {
        host.write("etc/keys", was);
        const words = values.map((v, i) => `'K${i}=${v.replaceAll("'", `'\\''`)}'`).join(" ");
        const command = `quorate_set_keys ${host.path("etc/keys")} ${words}`;
        const { code, err } = await host.sh(`${shellFor(command, "")}\n${command}\n`);
        assert.equal(code, 0, err);
        const read = readEnvFile(host.read("etc/keys"));
        assert.deepEqual(values.map((_, i) => read[`K${i}`]), values);
        if (was.includes("OTHER")) assert.equal(read.OTHER, "1");
        // Again: nothing differs, so nothing is written.
        const { ino } = Deno.statSync(host.path("etc/keys"));
        await host.sh(`${shellFor(command, "")}\n${command}\n`);
        const escapes = values.some((v) => /["'\\$`]/.test(v));
        if (!escapes) assert.equal(Deno.statSync(host.path("etc/keys")).ino, ino);
      },
    ),
    { numRuns: 25 },
  );
});
