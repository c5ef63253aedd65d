/** How far an ensemble's data goes, and what a snapshot of it holds: read without ZooKeeper. */
import assert from "node:assert/strict";
import { zookeeperShell } from "../../../plugins/zookeeper/shell.ts";
import { cannotRestore, readSnapshot } from "../../../plugins/zookeeper/snapshot.ts";
import { zookeeperSurvey } from "../../../plugins/zookeeper/survey.ts";
import { openSnapshot } from "../../../src/engine/bytes.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { sampleNode } from "../../../src/plan/sample.ts";
import { Host } from "../node/host.ts";
import { nodes, options } from "./options.ts";

const run = async (host: Host, text: string) => {
  const { code, out, err } = await host.sh(`${nodeShell}\n${zookeeperShell}\n${text}\n`);
  return { code, out, err: err.replaceAll(host.root, "") };
};

/** A transaction of this size, as a record of a log. */
function record(zxid: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(12 + size + 1).fill(7);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 0x1234n);
  view.setUint32(8, size);
  view.setBigUint64(24, zxid);
  bytes[12 + size] = "B".charCodeAt(0);
  return bytes;
}
const magic = (name: string): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes.set(new TextEncoder().encode(name));
  bytes[7] = 2;
  return bytes;
};
const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
const log = (...records: readonly Uint8Array[]): Uint8Array => joined(magic("ZKLG"), ...records);
const zeros = new Uint8Array(5000);
const sealed = joined(magic("ZKSN"), new Uint8Array(500).fill(9), Uint8Array.of(0, 0, 0, 1, 47));
const D = "data/version-2";

Deno.test("data ends with the last whole transaction; zeros and what a crash left torn come behind it", async () => {
  const last = 0x5_00000000n + 0x80000001n;
  for (const torn of [zeros, joined(record(last + 1n, 300).subarray(0, 290), zeros), new Uint8Array(0)]) {
    for (const size of [20, 33, 70_001]) {
      await using host = new Host();
      host.write(`${D}/snapshot.0`, sealed);
      host.write(`${D}/log.1`, log(record(1n, 64)));
      host.write(`${D}/log.500000001`, log(record(0x5_00000001n, 50), record(last, size), torn));
      host.write(`${D}/currentEpoch`, "7");
      assert.deepEqual(await run(host, `zk_log_end ${host.path("data")}`), {
        code: 0,
        out: `7 ${last}\n`,
        err: "",
      });
    }
  }
});

Deno.test("a log that was just begun holds nothing, nor does a snapshot that is not whole; there may be no data", async () => {
  await using host = new Host();
  const ends = async (files: Readonly<Record<string, Uint8Array | string>>) => {
    await run(host, `rm -rf ${host.path("data")}`);
    for (const [name, content] of Object.entries(files)) host.write(`${D}/${name}`, content);
    const { code, out } = await run(host, `zk_log_end ${host.path("data")}`);
    return `${code} ${out.trim()}`;
  };
  const old = { "log.100000001": log(record(0x1_00000009n, 40), zeros) };
  assert.equal(
    await ends({ ...old, "log.10000000a": log(zeros), currentEpoch: "1" }),
    `0 1 ${0x1_00000009n}`,
  );
  assert.equal(await ends({ ...old, "log.10000000a": "" }), `0 1 ${0x1_00000009n}`);
  assert.equal(await ends({ ...old, "snapshot.20000000f": sealed.subarray(0, -1) }), `0 1 ${0x1_00000009n}`);
  assert.equal(await ends({ ...old, "snapshot.20000000f": sealed }), `0 2 ${0x2_0000000fn}`);
  assert.equal(await ends({}), "1 ");
  assert.equal(await ends({ currentEpoch: "3" }), "1 ");
});

Deno.test("nobody listens there has to be proven; anything else is an answer", () => {
  const survey = zookeeperSurvey(options);
  const [n1, n2] = nodes;
  assert.ok(n1 && n2);
  const asked = (code: number | "timedOut", out = "") => ({ code, out, err: "" });
  const read = (client: number | "timedOut", election: number | "timedOut") =>
    survey.read({
      log: asked(0, "3 12884901889\n"),
      "host.n2.2181": asked(client),
      "host.n2.3888": asked(election),
    }, [
      n2,
    ]);
  assert.deepEqual(read(1, 1), {
    log: { term: 3n, index: 0x3_00000001n, called: "epoch 3, zxid 0x300000001" },
    answering: [],
  });
  for (const [client, election] of [[0, 1], [1, 0], [2, 1], [1, "timedOut"]] as const) {
    assert.deepEqual(read(client, election).answering, ["n2"]);
  }
  assert.equal(survey.read({ log: asked(1) }, []).log, "none");
  assert.equal(survey.read({ log: asked("timedOut") }, []).log, "unknown");
});

// ---- snapshots ---------------------------------------------------------------------------------------------------

const ABOUT =
  "zookeeper=3.8.0\nserver.1=10.90.132.11:2888:3888:participant;0.0.0.0:2181\nversion=100000000\n";

/** Packs what a node has as `zk_backup` does. */
async function packed(host: Host, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) host.write(`data/${name}`, content);
  const made = await run(
    host,
    `zk_zxid() { printf '%d\\n' "0x\${1##*.}" 2>/dev/null; }\ncd ${host.path("data")} && ` +
      `tar -czSf ../kept.tgz $([ ! -e quorate-snapshot ] || echo quorate-snapshot) $(zk_needed .) myid`,
  );
  assert.deepEqual(made, { code: 0, out: "", err: "" });
  return host.path("kept.tgz");
}
const sightOf = async (path: string) => {
  using file = await openSnapshot(path);
  return await readSnapshot(file);
};
const whole = {
  "quorate-snapshot": ABOUT,
  "version-2/snapshot.0": sealed,
  "version-2/snapshot.100000005": sealed,
  "version-2/log.1": log(record(9n, 40)),
  "version-2/log.100000001": log(record(0x1_00000004n, 40), record(0x1_00000007n, 3000), zeros, zeros),
  "version-2/log.100000008": log(record(0x1_00000008n, 40), new Uint8Array(4_000_000)),
  myid: "1\n",
};

Deno.test("a snapshot tells how far it goes, of which version and whose it is", async () => {
  await using host = new Host();
  const sight = await sightOf(await packed(host, whole));
  assert.equal(sight.damage, undefined);
  assert.equal(sight.revision, 0x1_00000008n);
  assert.equal(sight.called, "zxid 0x100000008");
  assert.equal(sight.version, "3.8.0");
  assert.deepEqual(sight.members?.map((m) => m.peerUrls), [["10.90.132.11:2888:3888"]]);
  const { out } = await run(host, `tar -tzf ${host.path("kept.tgz")}`);
  assert.deepEqual(out.trim().split("\n"), [
    "quorate-snapshot",
    "version-2/snapshot.100000005",
    "version-2/log.100000008",
    "version-2/log.100000001",
    "myid",
  ], "what is needed, and no more");
});

Deno.test("holes of a log are read as zeros, wherever they are", async () => {
  await using host = new Host();
  host.write(`${D}/snapshot.0`, sealed);
  // A transaction with a hole in its middle, and a whole one behind it.
  host.write(`${D}/log.1`, log(record(1n, 300_000), record(2n, 40)));
  await run(
    host,
    `cd ${host.path(D)} && fallocate -p -o 8192 -l 262144 log.1 && cd .. && echo 1 >myid && ` +
      "tar -czSf ../kept.tgz version-2 myid",
  );
  assert.equal((await sightOf(host.path("kept.tgz"))).revision, 2n);
});

Deno.test("what is cut off, damaged or no snapshot is told", async () => {
  await using host = new Host();
  const bytes = await Deno.readFile(await packed(host, whole));
  const damage = async (content: Uint8Array | string) =>
    (await sightOf(host.write("x.tgz", content))).damage ?? "none";
  const bad = bytes.slice();
  bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 255;
  for (
    const content of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 300),
      bad,
      "",
      "version: 1\n",
      new Uint8Array(99),
    ]
  ) {
    assert.match(await damage(content), /^it was cut off, is damaged, or is no snapshot of ZooKeeper: /);
  }
  assert.equal(await damage(bytes), "none");
  await using other = new Host();
  const torn = {
    ...whole,
    "version-2/snapshot.100000005": sealed.subarray(0, -2),
    "version-2/snapshot.0": "",
  };
  assert.match((await sightOf(await packed(other, torn))).damage ?? "", /^it holds no snapshot/);
});

Deno.test("a snapshot of a newer minor version is refused, as far as both are known", () => {
  const on = (installed?: string) => ({ ...sampleNode("n1"), installed });
  const snapshot = (version?: string) => ({ revision: 1n, hash: "", damage: undefined, version });
  assert.match(
    cannotRestore(snapshot("3.9.1"), on("3.8.0"))?.evidence ?? "",
    /ZooKeeper 3\.9\.1, and n1 has 3\.8\.0/,
  );
  for (
    const [taken, there] of [["3.8.4", "3.8.0"], ["3.8.0", "3.10.0"], [undefined, "3.8.0"], [
      "3.9.0",
      undefined,
    ]]
  ) {
    assert.equal(cannotRestore(snapshot(taken), on(there)), undefined);
  }
});

// ---- the list with which an ensemble begins again ------------------------------------------------------------------

Deno.test("the list that comes with the data is put in force once, and never over one that followed it", async () => {
  await using host = new Host();
  const config = host.path("etc/zoo.cfg");
  const begin = "3ea00000000\nserver.14=10.0.0.1:2888:3888:participant;0.0.0.0:2181\nreconfigEnabled=true\n";
  const own = "zk_owned() { :; }\nchown() { :; }";
  const start = () => run(host, `${own}\nzk_begin kv.service ${host.path("data")} ${config}`);
  const read = (name: string) => Deno.readTextFileSync(host.path(name));
  host.write("etc/zoo.cfg", `tickTime=2000\ndynamicConfigFile=${config}.dynamic.100000000\n`);
  host.write("etc/zoo.cfg.dynamic.100000000", "server.1=old\n");
  host.write("etc/zoo.cfg.dynamic.next", "server.1=newer\n");
  host.write("data/quorate-begin", begin);
  assert.deepEqual(await start(), { code: 0, out: "", err: "" });
  const inForce = `tickTime=2000\ndynamicConfigFile=${config}.dynamic.3ea00000000\nreconfigEnabled=true\n`;
  assert.equal(read("etc/zoo.cfg"), inForce);
  assert.equal(read("etc/zoo.cfg.dynamic.3ea00000000"), begin.split("\n")[1] + "\n");
  const names = () =>
    [...Deno.readDirSync(host.path("etc"))].map((e) => e.name).filter((n) => /dynamic/.test(n));
  assert.deepEqual(names(), ["zoo.cfg.dynamic.3ea00000000"], "nothing of the former one is left");
  // Cut off before its last move, and the server has changed the list since.
  host.write("data/quorate-begin", begin);
  host.write("etc/zoo.cfg", inForce.replace("3ea00000000", "3ea00000007"));
  assert.equal((await start()).code, 0);
  assert.match(read("etc/zoo.cfg"), /dynamic\.3ea00000007$/m);
  assert.equal((await run(host, `[ ! -e ${host.path("data/quorate-begin")} ]`)).code, 0);
});
