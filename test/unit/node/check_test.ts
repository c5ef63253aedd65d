import assert from "node:assert/strict";
import { askScript, checkScript } from "../../../src/node/check.ts";
import { readAsks, readCheck } from "../../../src/node/parse.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Asks, Service } from "../../../src/playbook/plugin.ts";
import { Host, n1, service, sight } from "./host.ts";

interface Looked {
  readonly facts: NodeFacts;
  /** What the plugin was given to read. */
  readonly asks: Asks;
}

/** Runs the check of one service, and reads it. */
async function look(host: Host, more: Partial<Service> = {}): Promise<Looked> {
  let asks: Asks = {};
  const s = service(host, { read: (given) => (asks = given, sight({})), ...more });
  const sentMs = Date.now();
  const { bytes, code, err } = await host.sh(checkScript([s], n1));
  assert.equal(code, 0, err);
  return { facts: readCheck(bytes, s, n1, { sentMs, receivedMs: Date.now() }), asks };
}

Deno.test("a node with nothing on it says so, and every word of it is known", async () => {
  await using host = new Host();
  host.unit({ LoadState: "not-found", ActiveState: "inactive", UnitFileState: "", MainPID: "0" });
  const { facts } = await look(host);
  assert.deepEqual(
    [facts.reached, facts.process, facts.data.state, facts.latch, facts.intent, facts.started, facts.fenced],
    [true, "no", "empty", "none", "none", "none", "no"],
  );
  assert.equal(facts.data.place?.dataPath, Deno.realPathSync(host.path("data")));
  assert.deepEqual([facts.unit.load, facts.unit.active, facts.unit.mainPid], [
    "not-found",
    "inactive",
    undefined,
  ]);
  assert.deepEqual(facts.missing, []);
  assert.ok((facts.disk?.totalBytes ?? 0) > 0 && facts.disk?.readOnly === false);
  assert.ok(Math.abs(facts.clockOffsetMs ?? Infinity) < 1000);
});

Deno.test("what was set aside is read from its names, the oldest first, and nothing of another form", async () => {
  await using host = new Host();
  const names = [
    "data.quorate-20260301T120000Z-c1-a1",
    "data/.quorate-20260201T120000Z-c1-b2",
    "data.quorate-new",
    "data.quorate-20260101T120000Z-a1",
    "data.quorate-backup-of-mine",
    "database.quorate-20260101T120000Z-c1-a1",
  ];
  for (const name of names) host.write(`${name}/x`, "");
  host.write("data.quorate-20260401T120000Z-c1-f1", "a file");
  const { facts } = await look(host);
  const root = Deno.realPathSync(host.root);
  assert.deepEqual(facts.aside, [
    { path: `${root}/${names[1]}`, at: "20260201T120000Z", clusterId: "c1", memberId: "b2" },
    { path: `${root}/${names[0]}`, at: "20260301T120000Z", clusterId: "c1", memberId: "a1" },
  ]);
});

Deno.test("the unit, its process and the marks are read", async () => {
  await using host = new Host();
  host.unit({
    LoadState: "loaded",
    ActiveState: "active",
    UnitFileState: "enabled",
    NRestarts: "3",
    Result: "success",
    MainPID: "42",
  });
  host.write("state/metadata/intent", "quorate=1\ntoken=t\nmembers=n1\n");
  host.write("state/metadata/started", "quorate=1\ntorn");
  const { facts } = await look(host);
  assert.deepEqual(facts.unit, {
    load: "loaded",
    active: "active",
    enabled: "enabled",
    restarts: 3,
    result: "success",
    mainPid: 42,
  });
  assert.equal(facts.process, "yes");
  assert.deepEqual(facts.intent, { token: "t", members: ["n1"] });
  assert.equal(facts.started, "unknown");
});

Deno.test("a process that was started by hand is found, and handed to the plugin's part as $pid", async () => {
  await using host = new Host();
  const pid = await host.start({ ETCD_DATA_DIR: host.path("data") });
  const { facts, asks } = await look(host, {
    check: () => `ask said 1 echo "$pid" "$service" "$unit" "$dir"`,
  });
  assert.equal(facts.process, "yes");
  assert.equal(asks.said?.out, `${pid} metadata etcd.service ${host.path("data")}\n`);
});

Deno.test("answers come through byte for byte, whatever they hold", async () => {
  await using host = new Host();
  const file = host.write("hostile", `"},]\\u0000 '$(id)' \x01\x1b \r\n\n{"quorate":1,\n end`);
  const { asks } = await look(host, {
    check: () => `ask a 2 cat ${file}\nask b 2 sh -c 'cat ${file} >&2; exit 7'`,
  });
  assert.deepEqual(asks.a, { code: 0, out: host.read("hostile"), err: "" });
  assert.deepEqual(asks.b, { code: 7, out: "", err: host.read("hostile") });
});

Deno.test("bytes that are no UTF-8, and NUL, break nothing", async () => {
  await using host = new Host();
  const file = host.write("hostile", Uint8Array.from({ length: 512 }, (_, i) => i));
  const { facts, asks } = await look(host, { check: () => `ask a 2 cat ${file}` });
  assert.equal(asks.a?.out, new TextDecoder().decode(Deno.readFileSync(file)));
  assert.equal(facts.reached, true);
});

Deno.test("what hangs is ended at its deadline, and the rest of the check is there", async () => {
  await using host = new Host();
  const { facts, asks } = await look(host, {
    check: () => `ask a 1 sh -c 'trap "" TERM; echo begun; while :; do sleep 9; done'\nask b 1 echo ok`,
  });
  assert.deepEqual([asks.a?.code, asks.a?.out], ["timedOut", "begun\n"]);
  assert.equal(asks.b?.out, "ok\n");
  assert.equal(facts.data.state, "empty");
});

Deno.test("a systemctl that hangs leaves unit and process unknown", async () => {
  await using host = new Host();
  host.program("systemctl", "exec sleep 60\n");
  host.program("timeout", `shift 3\n[ "$1" != systemctl ] || exit 124\nexec "$@"\n`);
  const { facts } = await look(host);
  assert.deepEqual([facts.unit.load, facts.unit.active, facts.process], ["unknown", "unknown", "unknown"]);
});

Deno.test("an endless answer is cut off, and counts as none", async () => {
  await using host = new Host();
  const { facts, asks } = await look(host, { check: () => "ask a 5 cat /dev/zero" });
  assert.notEqual(asks.a?.code, 0);
  assert.ok((asks.a?.out.length ?? 0) <= 256 * 1024);
  assert.equal(facts.reached, true);
});

Deno.test("tools and programs that are missing are named", async () => {
  await using host = new Host();
  const { facts } = await look(host, { programs: ["etcdctl-of-nobody", "sh"] });
  assert.deepEqual(facts.missing, ["etcdctl-of-nobody"]);
});

Deno.test("services are asked side by side, each by its own functions, and do not mix", async () => {
  await using host = new Host();
  const own = (name: string): Service =>
    service(host, {
      name,
      shell: `speak() {\n\tsleep 1\n\techo "$service" ${name.length}\n}\n`,
      check: () => "ask said 0 speak",
      read: (asks) => sight({ installed: asks.said?.out.trim() }),
    });
  const both = [own("a"), own("b'\"\\")];
  const { bytes } = await host.sh(checkScript(both, n1));
  const clock = { sentMs: 0, receivedMs: 0 };
  assert.deepEqual(both.map((s) => readCheck(bytes, s, n1, clock).installed), ["a 1", "b'\"\\ 4"]);
});

Deno.test("a check leaves nothing behind", async () => {
  await using host = new Host();
  const here = () => [...Deno.readDirSync(host.path("run"))].map((e) => e.name);
  Deno.mkdirSync(host.path("run"));
  const script = checkScript([service(host)], n1).replaceAll("/run/quorate.", `${host.path("run")}/quorate.`);
  assert.equal((await host.sh(script)).code, 0);
  assert.deepEqual(here(), []);
  assert.equal((await host.sh(script.replace("look\n", () => "look\nkill -TERM $$\n"))).code, 143);
  assert.deepEqual(here(), []);
});

Deno.test("questions about peers come back as answers", async () => {
  await using host = new Host();
  const s = service(host);
  const { bytes } = await host.sh(askScript(s, "ask peer.1 1 echo one &\nask peer.2 1 false &\nwait\n"));
  const asks = readAsks(bytes, s);
  assert.deepEqual([asks?.["peer.1"]?.out, asks?.["peer.2"]?.code], ["one\n", 1]);
});

Deno.test("a fence is one when its mark, its drop-in and the silence agree", async () => {
  await using host = new Host();
  host.write("state/metadata/fenced", "quorate=1\nunit=etcd.service\n");
  assert.equal((await look(host)).facts.fenced, "no");
  host.write("units/etcd.service.d/quorate-fence.conf", "");
  assert.equal((await look(host)).facts.fenced, "yes");
  host.write("state/metadata/fenced", "quorate=1\nunit=other.service\n");
  assert.equal((await look(host)).facts.fenced, "no");
  host.write("state/metadata/fenced", "");
  assert.equal((await look(host)).facts.fenced, "unknown");
});
