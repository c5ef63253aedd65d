/**
 * Clusters that others built: `init --from` gives a config whose plan is empty but for latches, `apply` only latches,
 * and from then on they grow, are replaced and shrink as any other.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { installTls, type Lab, labUp, until } from "../../lab/mod.ts";
import { Theirs, THREE } from "./adopt_kit.ts";

/** An etcd cluster that was built by hand, and `etcdctl` as a witness. */
class TheirEtcd extends Theirs {
  readonly plugin = "etcd";
  protected readonly trace =
    "pgrep -a etcd; find /etc /root /usr/local /opt /var/lib/quorate -xdev -type f -newer /etc/hostname -printf '%p %T@ %s\\n' 2>/dev/null | sort";

  private constructor(lab: Lab, readonly ctl: (host: string) => string) {
    super(lab);
  }

  static async up(
    name: string,
    etcd: "3.4" | "3.5",
    ctl: (lab: Lab, host: string) => string,
  ): Promise<TheirEtcd> {
    const lab = await labUp({ name, hosts: 5, etcd });
    const site = new TheirEtcd(lab, (host) => ctl(lab, host));
    await site.home();
    return site;
  }

  async etcdctl(host: string, command: string): Promise<string> {
    const { code, stdout, stderr } = await this.lab.on(
      host,
      `ETCDCTL_API=3 etcdctl ${this.ctl(host)} --command-timeout=5s ${command}`,
    );
    assert.equal(code, 0, `etcdctl ${command} on ${host}: ${stderr}`);
    return stdout;
  }

  protected override members(host: string): Promise<string> {
    return this.etcdctl(host, "member list");
  }

  override async mustBe(...hosts: readonly string[]): Promise<void> {
    const list = (await this.members(hosts[0] ?? "")).trim().split("\n").map((l) => l.split(", "));
    assert.deepEqual(
      list.map((m) => [m[1], m[3]?.replace(/^.*\/\/|:\d+$/g, ""), m[5]]).sort(),
      hosts.map((h) => ["started", this.address(h), "false"]).sort(),
    );
    for (const host of hosts) {
      assert.equal(await this.etcdctl(host, "get --print-value-only witness"), "kept\n", host);
    }
  }
}

/** Starts what was set up on the first three hosts, and writes the key that must be there at the end. */
async function begin(site: TheirEtcd, unit: string): Promise<void> {
  await Promise.all(THREE.map((host) => site.lab.must(host, `systemctl enable -q --now ${unit}`)));
  await until(
    "the cluster serves",
    () => site.etcdctl("n1", "put witness kept").then(() => true, () => false),
    30_000,
  );
}

Deno.test("a cluster on Debian's package, set up by hand with TLS, is taken over as it is", async () => {
  await using site = await TheirEtcd.up("adtls", "3.4", (lab, host) => {
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
  const said = await site.adopted({
    effects: THREE.flatMap(() => ["configures", "latches"]),
    // The environment files, too, without a restart.
    written: /^\/(var\/lib\/quorate|etc\/default)\/.*\n/gm,
  });
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
  await using site = await TheirEtcd.up("adodd", "3.5", (lab, host) => {
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
