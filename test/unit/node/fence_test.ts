import assert from "node:assert/strict";
import { shellFor } from "../../../src/node/shell.ts";
import { Host } from "./host.ts";

/** Says of a data directory what its file `ids` says. */
const disk = `disk_id() {
	[ -e "$1/ids" ] || return 1
	grep -v broken "$1/ids" && return 0
	echo "$1 is broken" >&2
	return 2
}
`;
const run = (host: Host, command: string) => host.sh(`${shellFor(command, disk)}\n${command}\n`);
const setAside = (host: Host, whose: string) =>
  run(host, `quorate_set_aside ${host.path("data")} ${whose} disk_id etcd.service ${host.process}`);
const fence = (host: Host, more = "") =>
  run(host, `quorate_fence etcd.service metadata ${host.process} ${host.path("data")} ${more}`);
const drop = "units/etcd.service.d/quorate-fence.conf";

Deno.test("quorate_pids names a process that works on the data directory, and no other of that name", async () => {
  await using host = new Host();
  await host.start({ ETCD_DATA_DIR: `${host.path("data")}2` });
  const pids = `quorate_pids ${host.process} etcd.service ${host.path("data")}`;
  assert.deepEqual([(await run(host, pids)).out, (await run(host, pids)).code], ["", 0]);
  const own = await host.start({ ETCD_DATA_DIR: host.path("data") });
  assert.equal((await run(host, pids)).out, `${own}\n`);
});

Deno.test("quorate_pids names a process that the unit runs", async () => {
  await using host = new Host();
  const pid = await host.start();
  const cgroup = Deno.readTextFileSync(`/proc/${pid}/cgroup`).split("\n")[0]?.split(":").slice(2).join(":") ??
    "";
  host.unit({ ActiveState: "active", ControlGroup: cgroup });
  assert.equal((await run(host, `quorate_pids ${host.process} etcd.service /nowhere`)).out, `${pid}\n`);
  host.unit({ ActiveState: "active", ControlGroup: "/system.slice/etcd.service" });
  assert.equal((await run(host, `quorate_pids ${host.process} etcd.service /nowhere`)).out, "");
});

Deno.test("quorate_set_aside renames the data beside itself and leaves an empty directory", async () => {
  await using host = new Host();
  host.write("data/ids", "c1 a1\n");
  Deno.chmodSync(host.path("data"), 0o710);
  for (let i = 0; i < 2; i++) assert.equal((await setAside(host, "a1")).code, 0);
  assert.deepEqual(host.list("data"), []);
  assert.equal((Deno.statSync(host.path("data")).mode ?? 0) & 0o777, 0o710);
  const [aside, ...more] = host.list(".").filter((f) => /^data\.quorate-\d{8}T\d{6}Z-c1-a1$/.test(f));
  assert.deepEqual(more, []);
  assert.equal(host.read(`${aside}/ids`), "c1 a1\n");
});

Deno.test("quorate_set_aside touches no data of another member, and none that it cannot read", async () => {
  await using host = new Host();
  for (
    const [ids, whose, why] of [
      ["c1 b2\n", "a1", /holds the data of member b2, not of a1\n$/],
      ["c1 b2\n", "pristine", /holds the data of member b2, not of pristine\n$/],
      ["c1 b2\n", "''", /holds the data of member b2, not of \n$/],
      ["broken\n", "a1", /is broken\n$/],
    ] as const
  ) {
    host.write("data/ids", ids);
    const { code, err } = await setAside(host, whose);
    assert.notEqual(code, 0);
    assert.match(err, why);
    assert.deepEqual(host.list("data"), ["ids"]);
  }
});

Deno.test("quorate_set_aside takes a package's default where the disk says that it is one", async () => {
  await using host = new Host();
  host.write("data/ids", "c1 a1 pristine\n");
  assert.equal((await setAside(host, "pristine")).code, 0);
  assert.deepEqual(host.list("data"), []);
});

Deno.test("quorate_set_aside waits for nothing: an active unit or a process that is left stops it", async () => {
  await using host = new Host();
  host.write("data/ids", "c1 a1\n");
  host.unit({ ActiveState: "activating" });
  const active = await setAside(host, "a1");
  assert.match(active.err, /etcd\.service is not stopped\n$/);
  host.unit({ ActiveState: "failed" });
  const pid = await host.start({ ETCD_DATA_DIR: host.path("data") });
  const alive = await setAside(host, "a1");
  assert.match(alive.err, new RegExp(`^process ${pid} of etcd.service is left\n$`));
  assert.deepEqual([active.code === 0, alive.code === 0, host.list("data")], [false, false, ["ids"]]);
});

Deno.test("quorate_set_aside moves what a mount point holds into a folder inside it", async () => {
  await using host = new Host();
  host.write("data/ids", "c1 a1\n");
  host.write("data/lost+found/x", "");
  host.program("mountpoint", "exit 0\n");
  assert.equal((await setAside(host, "a1")).code, 0);
  const [aside, rest] = host.list("data");
  assert.match(aside ?? "", /^\.quorate-\d{8}T\d{6}Z-c1-a1$/);
  assert.equal(rest, "lost+found");
  assert.equal(host.read(`data/${aside}/ids`), "c1 a1\n");
});

Deno.test("quorate_set_aside finishes what a crash between its two renames left", async () => {
  await using host = new Host();
  Deno.renameSync(host.path("data"), host.path("data.quorate-new"));
  assert.equal((await setAside(host, "a1")).code, 0);
  assert.deepEqual(host.list("data"), []);
});

const aside = (host: Host, time: string, name = "c1-a1", sub = "data.quorate-") => {
  const path = `${sub}2026${time}Z-${name}`;
  host.write(`${path}/member/wal/0.wal`, "");
  return host.path(path);
};
const prune = (host: Host, ...paths: string[]) =>
  run(host, `quorate_prune ${host.path("data")} ${host.process} ${paths.join(" ")}`);

Deno.test("quorate_prune deletes older data of a cluster, twice alike, and never the newest", async () => {
  await using host = new Host();
  const [first, second, inside, other] = [
    aside(host, "0101T000000"),
    aside(host, "0201T235959", "c1-b2"),
    aside(host, "0301T000000", "c1-a1", "data/.quorate-"),
    aside(host, "0301T000000", "c2-a1"),
  ];
  for (let i = 0; i < 2; i++) assert.deepEqual((await prune(host, first)).err, "");
  assert.equal((await prune(host, first, second)).code, 0);
  for (const newest of [inside, other]) {
    const { code, err } = await prune(host, newest);
    assert.notEqual(code, 0);
    assert.match(err, /is the newest data of cluster c[12] here\n$/);
  }
  assert.deepEqual(
    [first, second, inside, other].map((p) => Deno.lstatSync(p.slice(0, p.lastIndexOf("/"))).isDirectory),
    [true, true, true, true],
  );
  const left = [...host.list("."), ...host.list("data")].filter((f) => f.includes("quorate-2"));
  assert.deepEqual(left, ["data.quorate-20260301T000000Z-c2-a1", ".quorate-20260301T000000Z-c1-a1"]);
});

Deno.test("quorate_prune deletes nothing that was not set aside of the directory, and nothing in use", async () => {
  await using host = new Host();
  const old = aside(host, "0101T000000");
  const newer = aside(host, "0201T000000");
  host.write("data/member/x", "");
  for (
    const wrong of [host.path("data"), host.path("etc"), `${old}/member`, `${old}/../etc`, `${newer}/..`]
  ) {
    assert.match((await prune(host, wrong)).err, /was not set aside of/, wrong);
  }
  const pid = await host.start({ ETCD_DATA_DIR: old });
  assert.equal((await prune(host, old)).err, `process ${pid} uses ${old}\n`);
  assert.deepEqual([host.list("data"), host.list("etc")], [["member"], []]);
  assert.ok(Deno.statSync(old).isDirectory);
});

Deno.test("quorate_fence keeps the unit from starting, stops it, and marks the node, twice alike", async () => {
  await using host = new Host();
  host.unit({ ActiveState: "active" });
  for (let i = 0; i < 2; i++) {
    const { code, err } = await fence(host, "pristine=a1");
    assert.equal(code, 0, err);
    assert.match(host.read(drop), /^\[Unit\]\nAssertPathExists=!\/\n/m);
    assert.equal(host.read("state/metadata/fenced"), "quorate=1\nunit=etcd.service\npristine=a1\n");
  }
  assert.deepEqual(host.calls().slice(0, 3), [
    "daemon-reload",
    "disable -q --no-reload -- etcd.service",
    "stop -- etcd.service",
  ]);
});

Deno.test("quorate_unfence takes the fence away, twice alike, and starts nothing", async () => {
  await using host = new Host();
  await fence(host);
  for (let i = 0; i < 2; i++) {
    assert.equal((await run(host, "quorate_unfence etcd.service metadata")).code, 0);
    assert.deepEqual([host.list("units"), host.list("state/metadata")], [[], []]);
  }
  assert.ok(!host.calls().some((c) => /start|enable/.test(c.replace("disable", ""))));
});

Deno.test("quorate_fence is no success while a process is left that it may not kill", async () => {
  await using host = new Host();
  host.program("sleep", "exit 0\n");
  const pid = await host.start({ ETCD_DATA_DIR: host.path("data") });
  const { code, err } = await fence(host);
  assert.notEqual(code, 0);
  assert.equal(err, `process ${pid} of etcd.service is left\n`);
  // The order matters: a fence that could not be finished must not be taken for a person's own stop.
  assert.ok(host.list("state/metadata").includes("fenced"));
});

Deno.test("quorate_fence sends SIGKILL when a stop fails", async () => {
  await using host = new Host();
  host.unit({ ActiveState: "active" });
  host.write("stopping", "exit 1\n");
  host.program("sleep", `sed -i s/=active/=failed/ ${host.path("unit")}\n`);
  assert.equal((await fence(host)).code, 0);
  assert.ok(host.calls().includes("kill -s KILL -- etcd.service"));
});
