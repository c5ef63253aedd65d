import assert from "node:assert/strict";
import { installTls, labUp } from "../../lab/mod.ts";

const lab = await labUp({ name: "hosts-etcd", hosts: 3 });

Deno.test("etcd is installed, neither enabled nor started, without data", async () => {
  assert.match(await lab.must("n1", "etcd --version; etcdctl version"), /^etcd Version: 3\.4\./);
  assert.equal((await lab.on("n1", "systemctl is-enabled etcd")).stdout, "disabled\n");
  assert.equal((await lab.on("n1", "systemctl is-active etcd")).stdout, "inactive\n");
  assert.equal(
    await lab.must("n1", "stat -c '%U %a' /var/lib/etcd; ls -A /var/lib/etcd; ls /etc/default/etcd"),
    "etcd 700\n/etc/default/etcd",
  );
  await lab.must(
    "n1",
    "for tool in flock od timeout journalctl sha256sum; do command -v $tool || exit 1; done",
  );
});

Deno.test("three hosts form an etcd cluster over their network", async () => {
  const initial = lab.hosts.map(({ name, address }) => `${name}=http://${address}:2380`).join(",");
  await Promise.all(lab.hosts.map(({ name, address }) =>
    lab.must(
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
  await lab.must(
    "n2",
    `ETCDCTL_API=3 etcdctl --endpoints=http://n1:2379,http://n2:2379,http://n3:2379 endpoint health`,
  );
});

Deno.test("hosts are added with options of their own: newer etcd, a default cluster, the bare binary", async () => {
  const added = await Promise.all([
    lab.add("newer", { etcd: "3.5" }),
    lab.add("default", { pristine: "running" }),
    lab.add("bare", { bareBinary: true }),
  ]);
  assert.equal(new Set(added.map((host) => host.address)).size, 3);
  assert.match(
    await lab.must("newer", "etcd --version; etcdctl version"),
    /^etcd Version: 3\.5\.[^]*etcdctl version: 3\.5\./,
  );
  assert.match(
    await lab.must("default", "ETCDCTL_API=3 etcdctl member list"),
    /started, default, http:\/\/localhost:2380/,
  );
  assert.equal(
    await lab.must(
      "bare",
      "systemctl cat etcd 2>&1 | head -n 1; ls /etc/default/etcd 2>&1 | grep -c 'No such'; command -v etcd; id -un etcd",
    ),
    "No files found for etcd.service.\n1\n/usr/bin/etcd\netcd",
  );
});

Deno.test("etcd runs with the lab's certificates, and a client without one is turned away", async () => {
  const tls = await installTls(lab);
  const url = `https://${lab.hosts[0]?.address}`;
  await lab.must(
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
  await lab.must("n2", `set -a; . ${tls.ctlEnv}; etcdctl --endpoints ${url}:2379 endpoint health`);
  const stranger = await lab.on(
    "n2",
    `ETCDCTL_API=3 etcdctl --dial-timeout 500ms --command-timeout 1s --cacert ${tls.ca} --endpoints ${url}:2379 endpoint health`,
  );
  assert.notEqual(stranger.code, 0);
});
