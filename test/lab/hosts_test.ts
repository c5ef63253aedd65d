import assert from "node:assert/strict";
import { labUp, until } from "../../lab/mod.ts";

const lab = await labUp({ name: "hosts-test", hosts: 3 });

/** What a connection to sshd gives: a greeting, a refusal, or nothing at all. */
const knock = async (from: string, to: string): Promise<"greets" | "refuses" | "silent"> => {
  const script = `exec 3<>/dev/tcp/${to}/22 && read -r -t 1 -u 3 line && [[ $line == SSH-* ]]`;
  const argv = ["timeout", "1", "bash", "-c", script];
  const { code, stderr } = from === "mgmt"
    ? await lab.exec(argv)
    : await lab.on(from, `timeout 1 bash -c '${script}'`);
  return code === 0 ? "greets" : /refused/.test(stderr) ? "refuses" : "silent";
};

/** Waits until every one of the ways is as said: on a busy machine an answer may be late. */
const reach = (is: "greets" | "refuses" | "silent", ...ways: [from: string, to: string][]) =>
  Promise.all(
    ways.map(([from, to]) => until(`${from} → ${to} ${is}`, async () => await knock(from, to) === is)),
  );

Deno.test("a host has a name, an address, an id and a systemd of its own", async () => {
  assert.deepEqual(lab.hosts.map((host) => host.name), ["n1", "n2", "n3"]);
  const ids = new Set<string>();
  for (const { name, address } of lab.hosts) {
    assert.equal(await lab.must(name, "hostname"), name);
    assert.ok((await lab.must(name, "ip -4 -o addr show eth0")).includes(` ${address}/24 `));
    assert.equal(await lab.must(name, "systemctl is-system-running --wait"), "running");
    ids.add(await lab.must(name, "cat /etc/machine-id"));
  }
  assert.equal(ids.size, 3);
  await reach("refuses", ["n2", "mgmt"]);
  await reach("greets", ["n1", "n3"], ["mgmt", "n2"]);
});

Deno.test("a host shows nothing of the machine but Debian", async () => {
  const top = (await lab.must("n1", "ls /")).split("\n");
  assert.deepEqual(
    top.filter((name) =>
      !/^(bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/.test(name)
    ),
    [],
  );
  assert.equal(
    await lab.must("n1", "ls -A /usr/local/bin /home /opt /srv /mnt | grep -vE ':|^$'; true"),
    "nosudo\nops",
  );
});

Deno.test("OpenSSH logs in as root, as ops with sudo and as nosudo without, host keys verified", async () => {
  assert.equal((await lab.ssh("root@n1", "id -un")).stdout, "root\n");
  assert.equal(
    (await lab.ssh(`ops@${lab.hosts[1]?.address}`, "id -un; sudo -n id -un")).stdout,
    "ops\nroot\n",
  );
  const nosudo = await lab.ssh("nosudo@n3", "id -un; sudo -n id -un");
  assert.equal(nosudo.stdout, "nosudo\n");
  assert.match(nosudo.stderr, /password is required/);
});

Deno.test("reset brings back what was killed, frozen, cut, written, enabled and started", async () => {
  const runner = lab.spawn(["sleep", "600"]);
  await Promise.all([
    lab.must("n1", "systemctl enable -q --now etcd 2>/dev/null"),
    lab.must("n2", "mkdir /var/lib/quorate; echo x >/var/lib/quorate/latch; echo x >>/etc/sudoers.d/ops"),
    lab.must("n3", "echo ETCD_NAME=x >>/etc/default/etcd; systemctl mask -q etcd; touch /var/lib/etcd/x"),
  ]);
  await lab.kill("n1");
  await lab.cut("n2");
  await lab.freeze("n3");
  await lab.reset();
  for (const { name } of lab.hosts) {
    const state =
      "systemctl is-enabled etcd; systemctl is-active etcd; ls -A /var/lib/etcd; grep ^ETCD /etc/default/etcd; ls /var/lib/quorate";
    assert.equal((await lab.on(name, state)).stdout, "disabled\ninactive\n");
    assert.equal((await lab.ssh(`ops@${name}`, "sudo -n id -un")).stdout, "root\n");
  }
  await reach("greets", ["n1", "n2"], ["n3", "n2"]);
  assert.equal((await runner.exited).signal, "SIGKILL");
});

Deno.test("a cut host is silent to all, and heal undoes it", async () => {
  await lab.cut("n1");
  await reach("silent", ["mgmt", "n1"], ["n2", "n1"], ["n1", "n2"]);
  await reach("greets", ["n2", "n3"]);
  assert.equal(await lab.must("n1", "hostname"), "n1");
  await lab.heal("n1");
  await reach("greets", ["mgmt", "n1"], ["n2", "n1"], ["n1", "n2"]);
});

Deno.test("an isolated host is silent to hosts and open to the management side", async () => {
  await lab.isolate("n1");
  await reach("silent", ["n2", "n1"], ["n1", "n3"]);
  await reach("greets", ["mgmt", "n1"], ["n2", "n3"]);
  await lab.heal();
  await reach("greets", ["n2", "n1"], ["n1", "n3"]);
});

Deno.test("a host without management is open to hosts", async () => {
  await lab.cutManagement("n1");
  await reach("silent", ["mgmt", "n1"]);
  await reach("greets", ["n2", "n1"], ["n1", "n2"], ["mgmt", "n2"]);
  await lab.heal("n1");
  await reach("greets", ["mgmt", "n1"]);
});

/** Whether a datagram arrives within `ms`: the kernel counts those for which there is no port. */
async function arrives(from: string, to: string, ms = 500): Promise<boolean> {
  const counted = () => lab.must(to, "awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp");
  const before = await counted();
  await lab.must(from, `bash -c 'echo >/dev/udp/${to}/9'`);
  return await until("the datagram", async () => await counted() !== before, ms).then(
    () => true,
    () => false,
  );
}

Deno.test("a pair is cut both ways", async () => {
  await lab.cutPair("n1", "n2");
  assert.deepEqual([await arrives("n1", "n2"), await arrives("n2", "n1")], [false, false]);
  await reach("greets", ["n1", "n3"], ["n3", "n2"], ["mgmt", "n2"]);
  await lab.heal("n2");
  await reach("greets", ["n1", "n2"], ["n2", "n1"]);
});

Deno.test("one direction is cut, the other open", async () => {
  await lab.cutOneWay("n1", "n2");
  assert.equal(await arrives("n1", "n2"), false);
  assert.equal(await arrives("n2", "n1", 20_000), true);
  await lab.heal();
  assert.equal(await arrives("n1", "n2", 20_000), true);
});

Deno.test("a killed host is silent and boots again with the disk that it had", async () => {
  await lab.must("n1", "echo kept >/var/lib/etcd/file");
  const boot = await lab.must("n1", "cat /proc/sys/kernel/random/boot_id /proc/1/stat | tail -n 1");
  await lab.kill("n1");
  await reach("silent", ["mgmt", "n1"], ["n2", "n1"]);
  await assert.rejects(lab.on("n1", "true"), /n1 is down: boot it first/);
  await lab.boot("n1");
  assert.equal(await lab.must("n1", "cat /var/lib/etcd/file"), "kept");
  assert.notEqual(await lab.must("n1", "cat /proc/1/stat"), boot);
  await assert.rejects(lab.boot("n1"), /n1 is up: kill it before/);
});

Deno.test("a reboot keeps the disk and starts what is enabled", async () => {
  await lab.must(
    "n1",
    "echo kept >/var/lib/etcd/file; touch /run/gone; systemctl enable -q etcd 2>/dev/null",
  );
  const fileSystem = await lab.must("n1", "stat -f -c %i /");
  await lab.reboot("n1");
  assert.equal(await lab.must("n1", "stat -f -c %i /"), fileSystem);
  assert.equal(
    await lab.must("n1", "cat /var/lib/etcd/file; ls /run/gone 2>&1 | grep -c 'No such'"),
    "kept\n1",
  );
  await until(
    "etcd runs",
    async () => (await lab.on("n1", "systemctl is-active etcd")).stdout === "active\n",
  );
  assert.equal((await lab.ssh("root@n1", "systemctl reboot")).stdout, "");
  await until(
    "n1 is back",
    async () => (await lab.ssh("root@n1", "test -e /run/gone || id -un")).stdout === "root\n",
  );
});

Deno.test("a frozen host does not serve and goes on once thawed, and so does what was started there over SSH", async () => {
  const counting = lab.sshSpawn(
    "root@n2",
    "touch /run/go; while [ -e /run/go ]; do echo $((n += 1)); sleep 0.05; done",
  );
  await counting.says(/^1$/m);
  await lab.freeze("n2");
  let frozen = "";
  await until("nothing more comes from there", async () => {
    frozen = counting.stdout();
    await reach("silent", ["mgmt", "n2"]);
    return counting.stdout() === frozen;
  });
  await lab.thaw("n2");
  await reach("greets", ["mgmt", "n2"]);
  await until("it goes on", () => counting.stdout().length > frozen.length);
  await lab.must("n2", "rm /run/go");
  assert.equal((await counting.exited).code, 0);
});

Deno.test("a wiped folder is empty, a fresh disk is another one with the same host key", async () => {
  await lab.must("n3", "cd /var/lib/etcd && mkdir -p d/.e && touch .f d/.e/g && echo x >/etc/written");
  await lab.wipe("n3", "/var/lib/etcd");
  assert.equal(await lab.must("n3", "ls -A /var/lib/etcd; stat -c %U /var/lib/etcd"), "etcd");
  const id = "stat -f -c %i /; cat /etc/machine-id";
  const before = (await lab.must("n3", id)).split("\n");
  await lab.freshDisk("n3");
  const after = (await lab.must("n3", id)).split("\n");
  assert.notEqual(after[0], before[0]);
  assert.equal(after[1], before[1]);
  assert.equal((await lab.ssh("root@n3", "cat /etc/written")).code, 1);
});

for (
  const [where, before] of [["its disk", "true"], ["a disk of its own", "mount -t tmpfs data /var/lib/etcd"]]
) {
  Deno.test(`a folder on ${where} is full, with its data readable, until freed`, async () => {
    await lab.must("n1", `${before}; echo old >/var/lib/etcd/old; stat -f -c %i /var/lib/etcd`);
    await lab.fillDisk("n1", "/var/lib/etcd");
    const write = await lab.on("n1", "head -c 100000 /dev/zero >/var/lib/etcd/new");
    assert.match(write.stderr, /No space left on device/);
    assert.equal(await lab.must("n1", "cat /var/lib/etcd/old"), "old");
    await lab.freeDisk("n1", "/var/lib/etcd");
    await lab.must("n1", "head -c 100000 /dev/zero >/var/lib/etcd/new");
  });
}

Deno.test("a read-only folder takes no write until it is writable", async () => {
  await lab.readOnly("n2", "/var/lib/etcd");
  assert.match((await lab.on("n2", "touch /var/lib/etcd/x")).stderr, /Read-only file system/);
  await lab.writable("n2", "/var/lib/etcd");
  await lab.must("n2", "touch /var/lib/etcd/x");
});

Deno.test("a program on the management side is killed by its own pid", async () => {
  const program = lab.spawn(["sh", "-c", "echo ready $$; exec sleep 600"]);
  assert.equal(Number((await program.says(/ready (\d+)/))[1]), program.pid);
  Deno.kill(program.pid, "SIGKILL");
  assert.equal((await program.exited).signal, "SIGKILL");
});

Deno.test("a program gets its input and environment, and one that is late is an error", async () => {
  const { stdout } = await lab.exec(["sh", "-c", "cat; echo $WORD"], { stdin: "in ", env: { WORD: "out" } });
  assert.equal(stdout, "in out\n");
  await assert.rejects(lab.exec(["sleep", "600"], { timeoutMs: 100 }), /sleep 600: no end within 100 ms/);
  await assert.rejects(lab.on("n1", "sleep 600", { timeoutMs: 100 }), /n1: no end within 100 ms/);
});

Deno.test("a host that is not there and a bad name are errors that say so", async () => {
  await assert.rejects(async () => await lab.kill("n9"), /No host "n9" in lab "hosts-test": n1 n2 n3/);
  await assert.rejects(lab.add("n1"), /the lab has one/);
  await assert.rejects(lab.add("N 1"), /Cannot name a host "N 1"/);
});
