import assert from "node:assert/strict";
import { installTls, type Lab, labUp, until } from "../../lab/mod.ts";
import { placeOf } from "../../lab/place.ts";
import { run, type Running, spawn } from "../../lab/process.ts";

const lab = await labUp({ name: "hosts-test", hosts: 3 });

const ok = async (host: string, script: string, on: Lab = lab): Promise<string> => {
  const { code, stdout, stderr } = await on.on(host, script);
  assert.equal(code, 0, `${host}: ${script}: ${stderr}`);
  return stdout.trim();
};

const ssh = (to: string, command: string) =>
  lab.exec(
    [
      "ssh",
      "-i",
      `${lab.dir}/id_ed25519`,
      "-o",
      `UserKnownHostsFile=${lab.dir}/known_hosts`,
      "-o",
      "BatchMode=yes",
    ]
      .concat("-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=5", to, command),
  );

/** What a connection to sshd gives: a greeting, a refusal, or nothing at all. */
const knock = async (from: string, to: string): Promise<"greets" | "refuses" | "silent"> => {
  const script = `exec 3<>/dev/tcp/${to}/22 && read -r -t 1 -u 3 line && [[ $line == SSH-* ]]`;
  const argv = ["timeout", "1", "bash", "-c", script];
  const { code, stderr } = from === "mgmt"
    ? await lab.exec(argv)
    : await lab.on(from, `timeout 1 bash -c '${script}'`);
  return code === 0 ? "greets" : /refused/.test(stderr) ? "refuses" : "silent";
};

const reach = async (...ways: [from: string, to: string][]) =>
  (await Promise.all(ways.map(([from, to]) => knock(from, to)))).join(" ");

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

Deno.test("a host has a name, an address, an id and a systemd of its own", async () => {
  assert.deepEqual(lab.hosts.map((host) => host.name), ["n1", "n2", "n3"]);
  const ids = new Set<string>();
  for (const { name, address } of lab.hosts) {
    assert.equal(await ok(name, "hostname"), name);
    assert.ok((await ok(name, "ip -4 -o addr show eth0")).includes(` ${address}/24 `));
    assert.equal(await ok(name, "systemctl is-system-running --wait"), "running");
    ids.add(await ok(name, "cat /etc/machine-id"));
  }
  assert.equal(ids.size, 3);
  assert.equal(await reach(["n1", "n3"], ["mgmt", "n2"], ["n2", "mgmt"]), "greets greets refuses");
});

Deno.test("a host shows nothing of the machine but Debian", async () => {
  const top = (await ok("n1", "ls /")).split("\n");
  assert.deepEqual(
    top.filter((name) =>
      !/^(bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/.test(name)
    ),
    [],
  );
  assert.equal(
    await ok("n1", "ls -A /usr/local/bin /home /opt /srv /mnt | grep -vE ':|^$'; true"),
    "nosudo\nops",
  );
});

Deno.test("OpenSSH logs in as root, as ops with sudo and as nosudo without, host keys verified", async () => {
  assert.equal((await ssh("root@n1", "id -un")).stdout, "root\n");
  assert.equal((await ssh(`ops@${lab.hosts[1]?.address}`, "id -un; sudo -n id -un")).stdout, "ops\nroot\n");
  const nosudo = await ssh("nosudo@n3", "id -un; sudo -n id -un");
  assert.equal(nosudo.stdout, "nosudo\n");
  assert.match(nosudo.stderr, /password is required/);
});

Deno.test("etcd is installed, neither enabled nor started, without data", async () => {
  assert.match(await ok("n1", "etcd --version; etcdctl version"), /^etcd Version: 3\.4\./);
  assert.equal((await lab.on("n1", "systemctl is-enabled etcd")).stdout, "disabled\n");
  assert.equal((await lab.on("n1", "systemctl is-active etcd")).stdout, "inactive\n");
  assert.equal(
    await ok("n1", "stat -c '%U %a' /var/lib/etcd; ls -A /var/lib/etcd; ls /etc/default/etcd"),
    "etcd 700\n/etc/default/etcd",
  );
  await ok("n1", "for tool in flock od timeout journalctl sha256sum; do command -v $tool || exit 1; done");
});

Deno.test("three hosts form an etcd cluster over their network", async () => {
  const initial = lab.hosts.map(({ name, address }) => `${name}=http://${address}:2380`).join(",");
  await Promise.all(lab.hosts.map(({ name, address }) =>
    ok(
      name,
      `cat >/etc/default/etcd <<END
ETCD_LISTEN_PEER_URLS=http://${address}:2380
ETCD_INITIAL_ADVERTISE_PEER_URLS=http://${address}:2380
ETCD_LISTEN_CLIENT_URLS=http://${address}:2379
ETCD_ADVERTISE_CLIENT_URLS=http://${address}:2379
ETCD_INITIAL_CLUSTER=${initial}
END
      systemctl enable -q etcd 2>/dev/null; systemctl start etcd`,
    )
  ));
  await ok(
    "n2",
    `ETCDCTL_API=3 etcdctl --endpoints=http://n1:2379,http://n2:2379,http://n3:2379 endpoint health`,
  );
});

Deno.test("reset brings back what was killed, frozen, cut, written, enabled and started", async () => {
  const runner = lab.spawn(["sleep", "600"]);
  await ok("n2", "mkdir -p /var/lib/quorate; echo x >/var/lib/quorate/latch; echo x >>/etc/sudoers.d/ops");
  await lab.kill("n1");
  await lab.cut("n2");
  await lab.freeze("n3");
  await lab.reset();
  for (const { name } of lab.hosts) {
    assert.equal((await lab.on(name, "systemctl is-enabled etcd")).stdout, "disabled\n");
    assert.equal(
      await ok(
        name,
        "ls -A /var/lib/etcd /var/lib/quorate 2>/dev/null; grep -c QUORATE -h /etc/default/etcd; grep -h ^ETCD /etc/default/etcd; true",
      ),
      "/var/lib/etcd:\n0",
    );
    assert.equal((await ssh(`ops@${name}`, "sudo -n id -un")).stdout, "root\n");
  }
  assert.equal(await reach(["mgmt", "n1"], ["n1", "n2"], ["n3", "n2"]), "greets greets greets");
  assert.equal((await runner.exited).signal, "SIGKILL");
});

Deno.test("a cut host is silent to all, and heal undoes it", async () => {
  await lab.cut("n1");
  assert.equal(
    await reach(["mgmt", "n1"], ["n2", "n1"], ["n1", "n2"], ["n2", "n3"]),
    "silent silent silent greets",
  );
  assert.equal(await ok("n1", "hostname"), "n1");
  await lab.heal("n1");
  assert.equal(await reach(["mgmt", "n1"], ["n2", "n1"], ["n1", "n2"]), "greets greets greets");
});

Deno.test("an isolated host is silent to hosts and open to the management side", async () => {
  await lab.isolate("n1");
  assert.equal(
    await reach(["mgmt", "n1"], ["n2", "n1"], ["n1", "n3"], ["n2", "n3"]),
    "greets silent silent greets",
  );
  await lab.heal();
  assert.equal(await reach(["n2", "n1"], ["n1", "n3"]), "greets greets");
});

Deno.test("a host without management is open to hosts", async () => {
  await lab.cutManagement("n1");
  assert.equal(
    await reach(["mgmt", "n1"], ["n2", "n1"], ["n1", "n2"], ["mgmt", "n2"]),
    "silent greets greets greets",
  );
  await lab.heal("n1");
  assert.equal(await reach(["mgmt", "n1"]), "greets");
});

/** Whether a datagram arrives: the kernel counts those for which there is no port. */
async function arrives(from: string, to: string): Promise<boolean> {
  const counted = () => ok(to, "awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp");
  const before = await counted();
  await ok(from, `bash -c 'echo >/dev/udp/${to}/9'`);
  return await until("the datagram", async () => await counted() !== before, 500).then(
    () => true,
    () => false,
  );
}

Deno.test("a pair is cut both ways", async () => {
  await lab.cutPair("n1", "n2");
  assert.deepEqual([await arrives("n1", "n2"), await arrives("n2", "n1")], [false, false]);
  assert.equal(await reach(["n1", "n3"], ["n3", "n2"], ["mgmt", "n2"]), "greets greets greets");
  await lab.heal("n2");
  assert.equal(await reach(["n1", "n2"], ["n2", "n1"]), "greets greets");
});

Deno.test("one direction is cut, the other open", async () => {
  await lab.cutOneWay("n1", "n2");
  assert.deepEqual([await arrives("n1", "n2"), await arrives("n2", "n1")], [false, true]);
  await lab.heal();
  assert.equal(await arrives("n1", "n2"), true);
});

Deno.test("a killed host is silent and boots again with the disk that it had", async () => {
  await ok("n1", "echo kept >/var/lib/etcd/file");
  const boot = await ok("n1", "cat /proc/sys/kernel/random/boot_id /proc/1/stat | tail -n 1");
  await lab.kill("n1");
  assert.equal(await reach(["mgmt", "n1"], ["n2", "n1"]), "silent silent");
  await assert.rejects(lab.on("n1", "true"), /n1 is down: boot it first/);
  await lab.boot("n1");
  assert.equal(await ok("n1", "cat /var/lib/etcd/file"), "kept");
  assert.notEqual(await ok("n1", "cat /proc/1/stat"), boot);
  await assert.rejects(lab.boot("n1"), /n1 is up: kill it before/);
});

Deno.test("a reboot keeps the disk and starts what is enabled", async () => {
  await ok("n1", "echo kept >/var/lib/etcd/file; touch /run/gone; systemctl enable -q etcd 2>/dev/null");
  const fileSystem = await ok("n1", "stat -f -c %i /");
  await lab.reboot("n1");
  assert.equal(await ok("n1", "stat -f -c %i /"), fileSystem);
  assert.equal(await ok("n1", "cat /var/lib/etcd/file; ls /run/gone 2>&1 | grep -c 'No such'"), "kept\n1");
  await until(
    "etcd runs",
    async () => (await lab.on("n1", "systemctl is-active etcd")).stdout === "active\n",
  );
  assert.equal((await ssh("root@n1", "systemctl reboot")).stdout, "");
  await until(
    "n1 is back",
    async () => (await ssh("root@n1", "test -e /run/gone || id -un")).stdout === "root\n",
  );
});

Deno.test("a frozen host does not serve and goes on once thawed", async () => {
  await lab.freeze("n2");
  assert.equal(await reach(["mgmt", "n2"]), "silent");
  await lab.thaw("n2");
  assert.equal(await reach(["mgmt", "n2"]), "greets");
});

Deno.test("a wiped folder is empty, a fresh disk is another one with the same host key", async () => {
  await ok("n3", "cd /var/lib/etcd && mkdir -p d/.e && touch .f d/.e/g && echo x >/etc/written");
  await lab.wipe("n3", "/var/lib/etcd");
  assert.equal(await ok("n3", "ls -A /var/lib/etcd; stat -c %U /var/lib/etcd"), "etcd");
  const id = "stat -f -c %i /; cat /etc/machine-id";
  const before = (await ok("n3", id)).split("\n");
  await lab.freshDisk("n3");
  const after = (await ok("n3", id)).split("\n");
  assert.notEqual(after[0], before[0]);
  assert.equal(after[1], before[1]);
  assert.equal((await ssh("root@n3", "cat /etc/written")).code, 1);
});

for (
  const [where, before] of [["its disk", "true"], ["a disk of its own", "mount -t tmpfs data /var/lib/etcd"]]
) {
  Deno.test(`a folder on ${where} is full, with its data readable, until freed`, async () => {
    await ok("n1", `${before}; echo old >/var/lib/etcd/old; stat -f -c %i /var/lib/etcd`);
    await lab.fillDisk("n1", "/var/lib/etcd");
    const write = await lab.on("n1", "head -c 100000 /dev/zero >/var/lib/etcd/new");
    assert.match(write.stderr, /No space left on device/);
    assert.equal(await ok("n1", "cat /var/lib/etcd/old"), "old");
    await lab.freeDisk("n1", "/var/lib/etcd");
    await ok("n1", "head -c 100000 /dev/zero >/var/lib/etcd/new");
  });
}

Deno.test("a read-only folder takes no write until it is writable", async () => {
  await lab.readOnly("n2", "/var/lib/etcd");
  assert.match((await lab.on("n2", "touch /var/lib/etcd/x")).stderr, /Read-only file system/);
  await lab.writable("n2", "/var/lib/etcd");
  await ok("n2", "touch /var/lib/etcd/x");
});

Deno.test("hosts are added with options of their own: newer etcd, a default cluster, the bare binary", async () => {
  const added = await Promise.all([
    lab.add("newer", { etcd: "3.5" }),
    lab.add("default", { pristine: "running" }),
    lab.add("bare", { bareBinary: true }),
  ]);
  assert.equal(new Set(added.map((host) => host.address)).size, 3);
  assert.match(
    await ok("newer", "etcd --version; etcdctl version"),
    /^etcd Version: 3\.5\.[^]*etcdctl version: 3\.5\./,
  );
  assert.match(
    await ok("default", "ETCDCTL_API=3 etcdctl member list"),
    /started, default, http:\/\/localhost:2380/,
  );
  assert.equal(
    await ok(
      "bare",
      "systemctl cat etcd 2>&1 | head -n 1; ls /etc/default/etcd 2>&1 | grep -c 'No such'; command -v etcd; id -un etcd",
    ),
    "No files found for etcd.service.\n1\n/usr/bin/etcd\netcd",
  );
  assert.equal(await reach(["mgmt", "bare"], ["n1", "default"]), "greets greets");
});

Deno.test("etcd runs with the lab's certificates, and a client without one is turned away", async () => {
  const tls = await installTls(lab);
  const url = `https://${lab.hosts[0]?.address}`;
  await ok(
    "n1",
    `cat >/etc/default/etcd <<END
ETCD_CERT_FILE=${tls.cert}
ETCD_KEY_FILE=${tls.key}
ETCD_TRUSTED_CA_FILE=${tls.ca}
ETCD_CLIENT_CERT_AUTH=true
ETCD_PEER_CERT_FILE=${tls.peerCert}
ETCD_PEER_KEY_FILE=${tls.peerKey}
ETCD_PEER_TRUSTED_CA_FILE=${tls.ca}
ETCD_PEER_CLIENT_CERT_AUTH=true
ETCD_LISTEN_CLIENT_URLS=${url}:2379
ETCD_ADVERTISE_CLIENT_URLS=${url}:2379
ETCD_DATA_DIR=/var/lib/etcd/tls
END
    systemctl restart etcd`,
  );
  await ok("n2", `set -a; . ${tls.ctlEnv}; etcdctl --endpoints ${url}:2379 endpoint health`);
  const stranger = await lab.on(
    "n2",
    `ETCDCTL_API=3 etcdctl --dial-timeout 500ms --command-timeout 1s --cacert ${tls.ca} --endpoints ${url}:2379 endpoint health`,
  );
  assert.notEqual(stranger.code, 0);
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

Deno.test("a lab in use is refused, another name is up beside it and leaves nothing", async () => {
  await assert.rejects(labUp({ name: "hosts-test", hosts: 1 }), /in use by a running process/);
  await using other = await labUp({ name: "hosts-other", hosts: ["one", "two"] });
  assert.equal(await ok("two", "hostname", other), "two");
  assert.notDeepEqual(await traces("hosts-other"), []);
  await other.down();
  assert.deepEqual(await traces("hosts-other"), []);
  assert.equal(await reach(["mgmt", "n1"]), "greets");
});

Deno.test("what a SIGKILL left is taken away by the next lab of that name", async () => {
  const first = owner("hosts-stale", "lab.spawn(['sleep', '987']); setInterval(() => {}, 1000);");
  await first.says(/up/, 20_000);
  first.kill("SIGKILL");
  await first.exited;
  assert.notDeepEqual(await traces("hosts-stale"), []);
  await using again = await labUp({ name: "hosts-stale", hosts: 1 });
  assert.equal(await ok("n1", "hostname", again), "n1");
  await again.down();
  assert.deepEqual(await traces("hosts-stale"), []);
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
    const process = owner("hosts-exit", then);
    await process.says(/up/, 20_000);
    if (signal) process.kill(signal);
    await process.exited;
    assert.deepEqual(await traces("hosts-exit"), []);
  });
}

Deno.test("after down nothing is left of this lab", async () => {
  await lab.down();
  assert.deepEqual(await traces("hosts-test"), []);
});
