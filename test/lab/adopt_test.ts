/**
 * Clusters that others built: `init --from` gives a config whose plan is empty but for latches, `apply` only latches,
 * and from then on they grow, are replaced and shrink as any other.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { installTls, type Lab, labUp, until } from "../../lab/mod.ts";
import { shellOf } from "../docs.ts";
import { runTool } from "./kit.ts";
import type { Ran } from "./managed.ts";

const PAGE = shellOf(await Deno.readTextFile(new URL("../../docs/adopt.md", import.meta.url))).flatMap((s) =>
  s.text.trim().split("\n")
);

/** A cluster that was built by hand, the person who adopts it, and `etcdctl` as a witness. */
class Theirs implements AsyncDisposable {
  private constructor(readonly lab: Lab, readonly ctl: (host: string) => string) {}

  static async up(
    name: string,
    etcd: "3.4" | "3.5",
    ctl: (lab: Lab, host: string) => string,
  ): Promise<Theirs> {
    const lab = await labUp({ name, hosts: 5, etcd });
    // What SSH needs is in the person's own ssh_config, as always.
    await Deno.mkdir(`${lab.dir}/.ssh`, { recursive: true });
    await Deno.writeTextFile(
      `${lab.dir}/.ssh/config`,
      `Host *\n  User root\n  IdentityFile ${lab.dir}/id_ed25519\n  UserKnownHostsFile ${lab.dir}/known_hosts\n`,
    );
    return new Theirs(lab, (host) => ctl(lab, host));
  }

  address(host: string): string {
    return this.lab.hosts.find((h) => h.name === host)?.address ?? host;
  }
  get config(): string {
    return `${this.lab.dir}/quorate.yaml`;
  }

  quorate(...args: readonly string[]): Promise<Ran> {
    return runTool(this.lab, args, this.lab.dir);
  }

  /** A line of docs/adopt.md, typed in the folder where the config is. */
  type(line: string, ...more: readonly string[]): Promise<Ran> {
    const [program, ...args] = line.split(" ");
    assert.equal(program, "quorate", line);
    return this.quorate(...args, ...more);
  }

  async apply(): Promise<Ran> {
    const ran = await this.quorate("apply", "-v", "-c", this.config);
    assert.equal(ran.code, 0, `apply ended with ${ran.code}:\n${ran.err}\n${ran.out}`);
    return ran;
  }

  /** The person edits `members:`, adding what the config does not know yet under `nodes:`. */
  async edit(...members: readonly string[]): Promise<void> {
    const text = await Deno.readTextFile(this.config);
    const known = Object.keys(parse(text).nodes);
    const fresh = members.filter((m) => !known.includes(m)).map((m) =>
      `  ${m}: { host: ${this.address(m)} }\n`
    );
    await Deno.writeTextFile(
      this.config,
      text.replace("\nservices:", `${fresh.join("")}\nservices:`)
        .replace(/members: \[.*\]/, `members: [${members.join(", ")}]`)
        .replace(/(\n {2}etcd:\n)/, "$1    policy: { stabilize: 300ms, deadline: 2m }\n").replace(
          /(policy: .*\n)\s+policy: .*\n/,
          "$1",
        ),
    );
  }

  async etcdctl(host: string, command: string): Promise<string> {
    const { code, stdout, stderr } = await this.lab.on(
      host,
      `ETCDCTL_API=3 etcdctl ${this.ctl(host)} --command-timeout=5s ${command}`,
    );
    assert.equal(code, 0, `etcdctl ${command} on ${host}: ${stderr}`);
    return stdout;
  }

  /** Exactly these hosts hold a started voter, each serves, and what was written before all this is there. */
  async mustBe(...hosts: readonly string[]): Promise<void> {
    const list = (await this.etcdctl(hosts[0] ?? "", "member list")).trim().split("\n").map((l) =>
      l.split(", ")
    );
    assert.deepEqual(
      list.map((m) => [m[1], m[3]?.replace(/^.*\/\/|:\d+$/g, ""), m[5]]).sort(),
      hosts.map((h) => ["started", this.address(h), "false"]).sort(),
    );
    for (const host of hosts) {
      assert.equal(await this.etcdctl(host, "get --print-value-only witness"), "kept\n", host);
    }
  }

  /** When each etcd started, who the members are, and every file but its own data: what an adoption leaves alone. */
  async traces(hosts: readonly string[]): Promise<string> {
    const said = await Promise.all(
      hosts.map((host) =>
        this.lab.must(
          host,
          "pgrep -a etcd; find /etc /root /usr/local /opt /var/lib/quorate -xdev -type f -newer /etc/hostname -printf '%p %T@ %s\\n' 2>/dev/null | sort",
        )
      ),
    );
    return `${said.join("\n")}\n` + await this.etcdctl(hosts[0] ?? "", "member list");
  }

  /** The adoption itself, from one host's name. `writes`: to the environment files, without a restart. */
  async adopted(writes = false): Promise<string> {
    const hosts = ["n1", "n2", "n3"];
    const before = await this.traces(hosts);
    const [init = "", plan = "", apply = "", ...rest] = PAGE;
    assert.deepEqual(rest, [], "every line of the page is typed here");
    const made = await this.type(init);
    assert.equal(made.code, 0, made.err);
    assert.match(
      made.err,
      /the first `quorate apply` would only latch n\d, n\d, n\d:/,
    );
    assert.equal(await this.traces(hosts), before, "init leaves nothing behind");

    const planned = JSON.parse((await this.type(plan, "-o", "json")).out);
    const [{ changes, refusals }] = planned.services;
    assert.deepEqual(refusals, []);
    assert.deepEqual(
      changes.flatMap((c: { steps: { effect: string }[] }) => c.steps.map((s) => s.effect)),
      Array.from({ length: 3 }, () => writes ? ["configures", "latches"] : ["latches"]).flat(),
    );

    const applied = await this.type(apply, "-v");
    assert.equal(applied.code, 0, applied.err);
    assert.doesNotMatch(applied.err, /restart|register|remove/i);
    const written = writes ? /^\/(var\/lib\/quorate|etc\/default)\/.*\n/gm : /^\/var\/lib\/quorate\/.*\n/gm;
    assert.equal(
      (await this.traces(hosts)).replace(written, ""),
      before.replace(written, ""),
      "apply leaves latches and nothing else",
    );
    const again = await this.type(apply);
    assert.deepEqual(again, { code: 0, out: "", err: "" });
    return made.err;
  }

  /** As any other cluster: four members, then the first host gives way to the fifth, then three. */
  async lives(): Promise<void> {
    await this.edit("n1", "n2", "n3", "n4");
    await this.apply();
    await this.mustBe("n1", "n2", "n3", "n4");
    await this.edit("n5", "n2", "n3", "n4");
    await this.apply();
    await this.mustBe("n5", "n2", "n3", "n4");
    await this.edit("n5", "n3", "n4");
    await this.apply();
    await this.mustBe("n5", "n3", "n4");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.down();
  }
}

/** Starts what was set up on the first three hosts, and writes the key that must be there at the end. */
async function begin(site: Theirs, unit: string): Promise<void> {
  const three = ["n1", "n2", "n3"];
  await Promise.all(three.map((host) => site.lab.must(host, `systemctl enable -q --now ${unit}`)));
  await until(
    "the cluster serves",
    () => site.etcdctl("n1", "put witness kept").then(() => true, () => false),
    30_000,
  );
}

Deno.test("a cluster on Debian's package, set up by hand with TLS, is taken over as it is", async () => {
  await using site = await Theirs.up("adtls", "3.4", (lab, host) => {
    const address = lab.hosts.find((h) => h.name === host)?.address;
    const dir = "/etc/etcd/tls";
    return `--endpoints=https://${address}:2379 --cacert=${dir}/ca.crt --cert=${dir}/client.crt --key=${dir}/client.key`;
  });
  const tls = await installTls(site.lab);
  const peers = ["n1", "n2", "n3"].map((h, i) => `kv-${i + 1}=https://${site.address(h)}:2380`).join(",");
  await Promise.all(["n1", "n2", "n3"].map((host, i) => {
    const at = site.address(host);
    return site.lab.must(
      host,
      `cat >/etc/default/etcd <<'END'
# by hand
ETCD_NAME="kv-${i + 1}"
ETCD_LISTEN_PEER_URLS="https://${at}:2380"
ETCD_LISTEN_CLIENT_URLS="https://${at}:2379,https://127.0.0.1:2379"
ETCD_ADVERTISE_CLIENT_URLS="https://${at}:2379"
ETCD_INITIAL_ADVERTISE_PEER_URLS="https://${at}:2380"
ETCD_INITIAL_CLUSTER="${peers}"
ETCD_INITIAL_CLUSTER_TOKEN="kv"
ETCD_CERT_FILE=${tls.cert}
ETCD_KEY_FILE=${tls.key}
ETCD_TRUSTED_CA_FILE=${tls.ca}
ETCD_CLIENT_CERT_AUTH=true
ETCD_PEER_CERT_FILE=${tls.peerCert}
ETCD_PEER_KEY_FILE=${tls.peerKey}
ETCD_PEER_TRUSTED_CA_FILE=${tls.ca}
ETCD_PEER_CLIENT_CERT_AUTH=true
ETCD_HEARTBEAT_INTERVAL=200
END`,
    );
  }));
  await begin(site, "etcd");
  const said = await site.adopted(true);
  for (const host of ["n1", "n2", "n3"]) {
    await site.lab.must(host, "grep -qx ETCD_INITIAL_CLUSTER_STATE=existing /etc/default/etcd");
  }
  assert.match(said, /would start on an empty disk if its own were lost.*\n.*the first apply sets/);
  assert.match(said, /do not call a new node like a member: kv-1, kv-2, kv-3/);
  const { options } = parse(await Deno.readTextFile(site.config)).services.etcd;
  assert.deepEqual(options.env, { ETCD_HEARTBEAT_INTERVAL: "200" });
  assert.equal(options.configureMembers, undefined, "what the options can say, Quorate keeps");
  await site.lives();
});

Deno.test("a cluster with a unit, ports, a data directory and names of its own, all by flags, is taken over", async () => {
  await using site = await Theirs.up("adodd", "3.5", (lab, host) => {
    const address = lab.hosts.find((h) => h.name === host)?.address;
    return `--endpoints=http://${address}:12379`;
  });
  const names = ["alpha", "beta", "gamma"];
  const peers = names.map((name, i) => `${name}=http://${site.address(`n${i + 1}`)}:12380`).join(",");
  await Promise.all(names.map((name, i) => {
    const at = site.address(`n${i + 1}`);
    return site.lab.must(
      `n${i + 1}`,
      `install -d -m 700 -o etcd -g etcd /srv/kv/data
cat >/etc/systemd/system/kv.service <<'END'
[Service]
User=etcd
Type=notify
ExecStart=/usr/bin/etcd --name ${name} --data-dir=/srv/kv/data --listen-peer-urls http://${at}:12380 \\
  --listen-client-urls http://0.0.0.0:12379 --advertise-client-urls http://${at}:12379 \\
  --initial-advertise-peer-urls http://${at}:12380 --initial-cluster ${peers} --initial-cluster-state new \\
  --auto-compaction-retention=1
Restart=always
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload`,
    );
  }));
  // Everyone else's key is known, too; n3's is taken away: nobody is asked whose key is not known.
  await begin(site, "kv");
  const keys = await Deno.readTextFile(`${site.lab.dir}/known_hosts`);
  await Deno.writeTextFile(
    `${site.lab.dir}/known_hosts`,
    keys.split("\n").filter((l) => !l.startsWith("n3,")).join("\n"),
  );
  const refused = await site.quorate("init", "--from", "n1", site.config);
  assert.equal(refused.code, 1, refused.err);
  assert.match(refused.err, /member gamma at .* shows the ssh-ed25519 key SHA256:/);
  assert.match(refused.err, /echo '.*' >> .*known_hosts/);
  await Deno.writeTextFile(`${site.lab.dir}/known_hosts`, keys);

  // A host that is down is told from one that must not be trusted.
  await site.lab.must("n3", "systemctl stop ssh");
  const partly = await site.quorate("init", "--from", "n1", "-");
  await site.lab.must("n3", "systemctl start ssh");
  assert.equal(partly.code, 0, partly.err);
  assert.match(partly.out, /^ {2}gamma: .*NOT LOOKED AT/m);
  assert.match(partly.err, /only latch n\d, n\d:/);

  const pod = "mkdir -p /etc/kubernetes/manifests && touch /etc/kubernetes/manifests/etcd.yaml && " +
    "systemd-run -q --slice=kubepods-burstable.slice /usr/bin/etcd --data-dir=/tmp/etcd && pgrep etcd";
  await site.lab.must("n4", pod);
  const refusedPod = await site.quorate("init", "--from", "n4", site.config);
  await site.lab.must("n4", "pkill etcd; rm -r /etc/kubernetes /tmp/etcd");
  assert.equal(refusedPod.code, 78, refusedPod.err);
  assert.match(refusedPod.err, /n4: etcd runs as a static pod .* not supported yet: .*\n {2}now /);

  const said = await site.adopted();
  assert.match(said, /configured by flags on n1, n2, n3, .*cannot join again after it was wiped/);
  const { options } = parse(await Deno.readTextFile(site.config)).services.etcd;
  assert.deepEqual(options, {
    unit: "kv.service",
    dataDir: "/srv/kv/data",
    envFile: "/etc/default/kv",
    clientPort: 12379,
    peerPort: 12380,
    env: { ETCD_AUTO_COMPACTION_RETENTION: "1" },
  });
  await site.lives();

  // n1 still has the unit with the flags of then: it is told before the cluster hears of it.
  await site.edit("n5", "n3", "n1");
  const back = await site.quorate("apply");
  assert.equal(back.code, 1, back.err);
  assert.match(back.err, /kv\.service tells etcd by flags or a config file which cluster to join/);
  await site.mustBe("n5", "n3", "n4");

  // And when it is to be gone for good: not while it runs, and then every latch of it.
  const latch = await site.lab.must("n5", "cat /var/lib/quorate/etcd/latch");
  const forget = ["forget", "etcd", "--yes", "--cluster-id", /^clusterId=(.*)$/m.exec(latch)?.[1] ?? ""];
  const alive = await site.quorate(...forget);
  assert.equal(alive.code, 3, alive.err);
  assert.match(alive.err, /nothing was taken away\n(.*\n)* {2}S1 .* runs on n5/);
  const hosts = ["n1", "n2", "n3", "n4", "n5"];
  await Promise.all(hosts.map((h) => site.lab.must(h, "systemctl stop kv; rm -rf /srv/kv/data/*")));
  const gone = await site.quorate(...forget);
  assert.equal(gone.code, 0, gone.err);
  assert.match(gone.out, /taken away: latch, started and intent .* on .*n5.*; this manager's memory/);
  for (const host of hosts) await site.lab.must(host, "! test -e /var/lib/quorate/etcd/latch");
  assert.match((await site.quorate(...forget)).out, /^nothing is written down of cluster/);
  const { services: [now] } = JSON.parse((await site.quorate("status", "-o", "json")).out);
  assert.equal(now.quorum, "never-formed");
});
