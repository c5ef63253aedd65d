import assert from "node:assert/strict";
import type { Reply } from "../../../src/model/fleet.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import { readCheck, unreached } from "../../../src/node/parse.ts";
import type { Asked, Asks, Sight } from "../../../src/playbook/plugin.ts";
import { answered, Host, identity, missing, n1, service, sight, view } from "./host.ts";

await using host = new Host();
const base = service(host, { dataDir: "/data" });
const bytes = (text: string) => new TextEncoder().encode(text);

const healthy: Asks = {
  unit: answered("LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\nNRestarts=0\nMainPID=0\n"),
  pids: answered(""),
  latch: missing as Asked,
  intent: missing as Asked,
  started: missing as Asked,
  fenced: missing as Asked,
  fence: answered("", 1),
  path: answered("/data"),
  "disk-free": answered("f1 4096 1000000 500000 600000\n"),
  mount: answered("rw"),
};

/** The document that the shell would print. */
export function document(asks: Asks, more: Readonly<Record<string, unknown>> = {}): string {
  const files: (readonly [string, number] | 0)[] = [];
  let all = "";
  for (const [name, { code, out, err }] of Object.entries(asks)) {
    for (
      const [end, text] of [["code", `${code === "timedOut" ? 124 : code}\n`], ["err", err], ["out", out]]
    ) {
      files.push([`${name}.${end}`, bytes(text ?? "").length]);
      all += text;
    }
  }
  const coded = btoa(String.fromCharCode(...bytes(all)));
  return `\n${
    JSON.stringify({
      quorate: 1,
      time: "100.000",
      begun: "5.00",
      ended: "6.00",
      missing: [0],
      services: [{ name: "metadata", files: [...files, 0], bytes: coded }, 0],
      ...more,
    })
  }\n`;
}

const read = (
  asks: Asks,
  seen: Partial<Sight> = {},
  clock = { sentMs: 100_000, receivedMs: 101_000 },
): NodeFacts =>
  readCheck(bytes(document({ ...healthy, ...asks })), { ...base, read: () => sight(seen) }, n1, clock);
const latch = (dataPath: string, fsId: string) =>
  answered(`quorate=1\ndataPath=${dataPath}\nfsId=${fsId}\nclusterId=c1\nmemberId=a1\nvoters=n1\n`);

Deno.test("no document, or a torn one, is a node that was not reached, with nothing known of it", () => {
  const whole = document(healthy);
  for (const text of ["", "garbage", whole.slice(0, -3), whole.slice(0, 40), "{}", "[]", "null"]) {
    const facts = readCheck(bytes(text), base, n1, { sentMs: 0, receivedMs: 0 });
    assert.deepEqual(
      [
        facts.reached,
        facts.process,
        facts.data.state,
        facts.latch,
        facts.intent,
        facts.started,
        facts.fenced,
      ],
      [false, "unknown", "unknown", "unknown", "unknown", "unknown", "unknown"],
      text,
    );
    assert.equal(facts.trouble?.detail, "the check came back incomplete");
  }
});

Deno.test("what a login shell prints around the document does not matter", () => {
  const facts = readCheck(
    bytes(`Welcome!\n{"quorate":1,"services":[]}\nmotd${document(healthy)}`),
    { ...base, read: () => sight({}) },
    n1,
    { sentMs: 0, receivedMs: 0 },
  );
  assert.equal(facts.data.state, "empty");
});

Deno.test("answers whose sizes do not add up are no answers", () => {
  const torn = document(healthy).replace('"latch.err",', '"latch.err",1');
  const facts = readCheck(bytes(torn), base, n1, { sentMs: 0, receivedMs: 0 });
  assert.deepEqual([facts.latch, facts.process, facts.data.state], ["unknown", "unknown", "unknown"]);
});

Deno.test("every other reply is a node that was not reached, and says why", () => {
  const none = new Uint8Array();
  const trouble = { code: "authRefused", detail: "no key fits", unblock: "add a key" } as const;
  const replies: readonly (readonly [Reply, RegExp])[] = [
    [{ kind: "unreachable", trouble }, /no key fits/],
    [{ kind: "lost", detail: "reset" }, /went away during the check: reset/],
    [{ kind: "timedOut", stdout: none, stderr: none }, /did not end in time/],
    [{ kind: "exited", code: 3, stdout: none, stderr: bytes("a\nno space\n") }, /ended with 3: no space/],
  ];
  for (const [reply, why] of replies) {
    const facts = unreached(n1, reply);
    assert.match(facts.trouble?.detail ?? "", why);
    assert.deepEqual([facts.reached, facts.latch, facts.data.state], [false, "unknown", "unknown"]);
  }
});

Deno.test("an empty directory is proven empty only where its data was", () => {
  assert.equal(read({}).data.state, "empty");
  assert.equal(read({ latch: latch("/data", "f1") }).data.state, "empty");
  assert.match(read({ latch: latch("/data", "f2") }).data.why ?? "", /another file system/);
  assert.match(read({ latch: latch("/old", "f1") }).data.why ?? "", /the data was in \/old/);
  assert.equal(read({ latch: answered("") }).data.state, "unknown");
  const started = answered("quorate=1\ndataPath=/data\nfsId=f2\n");
  assert.equal(read({ started }).data.state, "unknown");
  assert.equal(read({ started, latch: latch("/data", "f1") }).data.state, "empty");
});

Deno.test("a log that holds nothing is no data, where its data was; nobody is judged by it while it runs", () => {
  const blank = { disk: identity, blank: true };
  const of = (over: Parameters<typeof read>[0]) => read(over, blank).data;
  assert.deepEqual([of({}).state, of({}).identity], ["blank", identity]);
  assert.equal(of({ latch: latch("/data", "f1") }).state, "blank");
  assert.match(of({ latch: latch("/data", "f2") }).why ?? "", /holds nothing, .*another file system/);
  assert.match(of({ latch: latch("/old", "f1") }).why ?? "", /the data was in \/old/);
  assert.equal(of({ latch: answered("") }).state, "unknown");
  assert.equal(of({ pids: answered("77\n") }).state, "present");
});

Deno.test("data that says whose it is, is present, also on another file system than the latched", () => {
  const { data } = read({ latch: latch("/data", "f2") }, { disk: identity });
  assert.deepEqual([data.state, data.identity], ["present", identity]);
});

Deno.test("a service that uses another directory than the config says leaves the data unknown", () => {
  assert.match(read({}, { dataPath: "/other" }).data.why ?? "", /uses \/other, and the config says \/data/);
  assert.equal(read({}, { dataPath: "/data/" }).data.state, "empty");
  assert.equal(read({ path: answered("/real") }, { dataPath: "/real" }).data.state, "empty");
});

Deno.test("data that cannot be read is unknown, with the reason that the disk gave", () => {
  const { data } = read({ disk: answered("", 2, "x\n/data holds what is not etcd's: a\n") }, {
    disk: "unknown",
  });
  assert.deepEqual([data.state, data.why], ["unknown", "/data holds what is not etcd's: a"]);
  assert.equal(read({ path: answered("", 1) }).data.state, "unknown");
  const hangs = read({ "disk-free": { code: "timedOut", out: "", err: "" } }).data;
  assert.equal(hangs.state, "unknown");
  assert.match(hangs.why ?? "", /^its file system did not answer within 3 s/);
});

Deno.test("data is pristine while its service says so, and after it was fenced as such", () => {
  const disk = identity;
  assert.equal(read({}, { disk, view: view({ pristine: "yes" }) }).data.state, "pristine");
  assert.equal(read({}, { disk, view: view({ pristine: "unknown" }) }).data.state, "present");
  const fenced = answered("quorate=1\nunit=etcd.service\npristine=a1\n");
  const fence = answered("");
  assert.equal(read({ fenced, fence }, { disk }).data.state, "pristine");
  assert.equal(read({ fenced, fence: answered("", 1) }, { disk }).data.state, "present");
  assert.equal(read({ fenced, fence, pids: answered("7\n") }, { disk }).data.state, "present");
  assert.equal(read({ fenced, fence }, { disk: { clusterId: "c1", memberId: "b2" } }).data.state, "present");
});

Deno.test("no process is proven by a scan that ended and a unit that says it has none", () => {
  assert.equal(read({}).process, "no");
  assert.equal(read({ pids: answered("7\n") }).process, "yes");
  assert.equal(read({ pids: answered("", 3) }).process, "unknown");
  assert.equal(read({ pids: { code: "timedOut", out: "", err: "" } }).process, "unknown");
  assert.equal(read({ unit: answered("", 1) }).process, "unknown");
  assert.equal(read({ pids: answered("garbage") }).process, "unknown");
});

Deno.test("the clock is compared at both ends of the check, and what the way explains is not told", () => {
  assert.equal(read({}).clockOffsetMs, 0);
  const off = read({}, {}, { sentMs: 97_000, receivedMs: 98_200 });
  assert.equal(off.clockOffsetMs, 2900);
  assert.deepEqual(off.notices, [{ code: "clock", text: "its clock is 2.9 s ahead" }]);
  assert.deepEqual(read({}, {}, { sentMs: 95_000, receivedMs: 101_000 }).notices, []);
});

Deno.test("a disk that fills up or is read-only is told", () => {
  const text = (free: string, mount = "rw") =>
    read({ "disk-free": answered(`f1 4096 ${free} 0\n`), mount: answered(`${mount}\n`) }).notices.map((n) =>
      n.text
    );
  assert.deepEqual(text("10000000 1000001"), []);
  assert.match(text("10000000 999999")[0] ?? "", /only 3.8 GiB \(9 %\) are free/);
  assert.match(text("300000 200000")[0] ?? "", /only 0.8 GiB \(66 %\)/);
  assert.deepEqual(text("10000000 9000000", "ro"), [
    "the disk of the data directory is read-only",
  ]);
  assert.equal(read({ mount: answered("", 1) }).disk, undefined);
});
