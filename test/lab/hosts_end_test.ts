import assert from "node:assert/strict";
import { labUp } from "../../lab/mod.ts";
import { placeOf } from "../../lab/place.ts";
import { run, type Running, spawn } from "../../lab/process.ts";

/** Every trace of a lab on the machine. */
async function traces(name: string): Promise<string[]> {
  const place = placeOf(name);
  const script = `
    grep -E "$2|$3" /proc/self/mountinfo
    ip netns list | grep -F "$3"
    ls -d $2 $2.lock $1 /etc/netns/$3* 2>/dev/null
    for process in /proc/[0-9]*; do
      if grep -qF "/quorate-lab/$4/" $process/cgroup 2>/dev/null; then readlink $process/exe; fi
    done; true`;
  const { stdout } = await run([
    "bash",
    "-c",
    script,
    "traces",
    place.cgroup,
    place.root,
    place.netns(""),
    name,
  ]);
  return stdout.split("\n").filter(Boolean);
}

/** Another process that owns a lab of one host and says "up", then does as told. */
function owner(name: string, then: string): Running {
  const program = `import { labUp } from "./lab/mod.ts";
    const lab = await labUp({ name: "${name}", hosts: 1 });
    console.log("up");
    ${then}`;
  const cwd = new URL("../..", import.meta.url).pathname;
  return spawn(["deno", "eval", "--no-check", program], { cwd, env: { NO_COLOR: "1" } });
}

Deno.test("a lab in use is refused, and of another name is one up beside it", async () => {
  await using lab = await labUp({ name: "ends-one", hosts: 1 });
  await assert.rejects(labUp({ name: "ends-one", hosts: 1 }), /in use by process \d+/);
  await using other = await labUp({ name: "ends-two", hosts: ["one", "two"] });
  assert.equal(await other.must("two", "hostname"), "two");
  await other.down();
  assert.equal((await lab.ssh("root@n1", "hostname")).stdout, "n1\n");
});

Deno.test("after down nothing is left, whatever state its hosts were in", async () => {
  const lab = await labUp({ name: "ends-one", hosts: 4, etcd: "3.5" });
  const program = lab.spawn(["sleep", "987"]);
  await lab.freeze("n1");
  await lab.kill("n2");
  await lab.must(
    "n3",
    "mount -t tmpfs data /var/lib/etcd; setsid sleep 987 >/dev/null 2>&1 & systemctl start etcd",
  );
  await lab.isolate("n4");
  assert.notDeepEqual(await traces("ends-one"), []);
  await lab.down();
  assert.deepEqual(await traces("ends-one"), []);
  assert.equal((await program.exited).signal, "SIGKILL");
});

Deno.test("a host that cannot boot is an error with its console", async () => {
  await using lab = await labUp({ name: "ends-one", hosts: 1 });
  await lab.must("n1", "rm /usr/lib/systemd/systemd /usr/sbin/init");
  await lab.kill("n1");
  await assert.rejects(lab.boot("n1"), /n1 did not come up; its console ends with\n.*No such file/);
});

Deno.test("a lab that does not come up leaves nothing", async () => {
  await assert.rejects(labUp({ name: "ends-one", hosts: ["same", "same"] }), /the lab has one/);
  assert.deepEqual(await traces("ends-one"), []);
});

Deno.test("what a SIGKILL left is taken away by the next lab of that name", async () => {
  await using first = owner("ends-stale", "lab.spawn(['sleep', '987']); setInterval(() => {}, 1000);");
  await first.says(/up/, 120_000);
  first.kill("SIGKILL");
  await first.exited;
  assert.notDeepEqual(await traces("ends-stale"), []);
  await using again = await labUp({ name: "ends-stale", hosts: 1 });
  assert.equal(await again.must("n1", "hostname"), "n1");
  await again.down();
  assert.deepEqual(await traces("ends-stale"), []);
});

for (
  const [way, then, signal] of [
    ["SIGTERM", "lab.spawn(['sleep', '987']);", "SIGTERM"],
    ["SIGINT", "setInterval(() => {}, 1000);", "SIGINT"],
    ["Deno.exit", "Deno.exit(7);", undefined],
    ["an error", "throw new Error('x');", undefined],
    ["its last line", "", undefined],
  ] as const
) {
  Deno.test(`an owner that ends by ${way} leaves nothing`, async () => {
    await using process = owner("ends-exit", then);
    await process.says(/up/, 120_000);
    if (signal) process.kill(signal);
    await process.exited;
    assert.deepEqual(await traces("ends-exit"), []);
  });
}

for (const ms of [60, 150, 300, 600]) {
  Deno.test(`an owner that is interrupted ${ms} ms after it began to come up leaves nothing`, async () => {
    const program = `import { labUp } from "./lab/mod.ts";
      console.log("begun");
      await labUp({ name: "ends-early", hosts: 3 });
      console.log("up");
      setInterval(() => {}, 1000);`;
    const cwd = new URL("../..", import.meta.url).pathname;
    await using process = spawn(["deno", "eval", "--no-check", program], { cwd, env: { NO_COLOR: "1" } });
    await process.says(/begun/, 120_000);
    await new Promise((r) => setTimeout(r, ms));
    process.kill("SIGINT");
    assert.equal((await process.exited).signal, "SIGINT");
    assert.deepEqual(await traces("ends-early"), []);
  });
}
