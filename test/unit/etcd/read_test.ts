import assert from "node:assert/strict";
import { readEtcd, readPeers } from "../../../plugins/etcd/read.ts";
import type { RecordedMember, ServiceView } from "../../../src/model/node.ts";
import type { Asks } from "../../../src/playbook/plugin.ts";
import { answered, n1 } from "../node/host.ts";
import { options, tls } from "./options.ts";

/** Answers that were recorded from etcd itself, see `asks/`. */
const recorded = async (name: string): Promise<Asks> =>
  JSON.parse(await Deno.readTextFile(new URL(`asks/${name}.json`, import.meta.url)));
const asks = Object.fromEntries(
  await Promise.all(
    ["3.4.23", "3.5.30"].flatMap((v) =>
      ["healthy", "no-quorum", "learner", "pristine", "auth", "stopped"].map(async (c) =>
        [`${v}-${c}`, await recorded(`${v}-${c}`)] as const
      )
    ),
  ),
);
const sight = (name: string, more: Asks = {}, o = options) => readEtcd({ ...asks[name], ...more }, n1, o);
const viewIn = (name: string, more: Asks = {}, o = options): ServiceView => {
  const { view } = sight(name, more, o);
  assert.ok(view !== undefined);
  return view;
};

for (const version of ["3.4.23", "3.5.30"]) {
  Deno.test(`etcd ${version}: a healthy member tells who it is and who the others are`, () => {
    const seen = sight(`${version}-healthy`);
    const { view } = seen;
    assert.deepEqual(view?.identity, { clusterId: "c8592717c8217af", memberId: "c43a67ce07cdef7a" });
    assert.deepEqual([view?.linearizable, view?.local, view?.pristine, view?.role], [
      "yes",
      "yes",
      "no",
      "voter",
    ]);
    assert.deepEqual(view?.members?.map((m) => `${m.id} ${m.name} ${m.role} ${m.peerUrls} ${m.clientUrls}`), [
      "515b7abf31d2d7ac n2 voter http://127.0.0.12:12380 http://127.0.0.12:12379",
      "bb042ece3475d63b n3 voter http://127.0.0.13:12380 http://127.0.0.13:12379",
      "c43a67ce07cdef7a n1 voter http://127.0.0.11:12380 http://127.0.0.11:12379",
    ]);
    assert.deepEqual([view?.version, seen.installed, view?.trouble], [version, version, undefined]);
    assert.ok(view?.members?.some((m) => m.id === view.leaderId));
    assert.deepEqual([view?.term, (view?.index ?? 0n) >= 8n], [2n, true]);
    assert.deepEqual(seen.disk, view?.identity);
    assert.equal(seen.dataPath, "/var/lib/etcd/d1");
  });

  Deno.test(`etcd ${version}: without a quorum the local status says so, and the read proves nothing`, () => {
    const view = viewIn(`${version}-no-quorum`);
    assert.deepEqual([view.linearizable, view.local, view.leaderId], ["unknown", "no", undefined]);
    assert.equal(view.trouble, "etcdserver: no leader");
    // 3.4 lists the members from local state, 3.5 waits for a majority.
    assert.equal(view.members?.length, version === "3.4.23" ? 3 : undefined);
  });

  Deno.test(`etcd ${version}: a learner is judged by its status alone`, () => {
    const view = viewIn(`${version}-learner`);
    assert.deepEqual([view.role, view.linearizable, view.local, view.trouble], [
      "learner",
      "no",
      "yes",
      undefined,
    ]);
  });

  Deno.test(`etcd ${version}: a package's default is pristine until something is written or it is ours`, () => {
    assert.equal(viewIn(`${version}-pristine`).pristine, "yes");
    const status = asks[`${version}-pristine`]?.status;
    const written = answered(status?.out.replace('"revision":1,', '"revision":2,') ?? "");
    assert.equal(viewIn(`${version}-pristine`, { status: written }).pristine, "no");
    const local = { ...n1, address: "localhost" };
    assert.equal(readEtcd(asks[`${version}-pristine`] ?? {}, local, options).view?.pristine, "no");
    assert.equal(viewIn(`${version}-pristine`, { get: answered("", 1) }).pristine, "unknown");
  });

  Deno.test(`etcd ${version}: a password that is missing is told, and is neither yes nor no`, () => {
    const view = viewIn(`${version}-auth`);
    assert.equal(view.linearizable, "unknown");
    assert.match(
      view.trouble ?? "",
      /user name is empty.*options\.ctlEnv must name a file with ETCDCTL_USER/,
    );
    const named = viewIn(`${version}-auth`, {}, { ...options, ctlEnv: "/etc/ctl.env" });
    assert.match(named.trouble ?? "", /\/etc\/ctl\.env must be a file with ETCDCTL_USER/);
  });

  Deno.test(`etcd ${version}: a member that is stopped has no view, but its data and version are read`, () => {
    const seen = sight(`${version}-stopped`);
    assert.equal(seen.view, undefined);
    assert.deepEqual(seen.disk, { clusterId: "c8592717c8217af", memberId: "515b7abf31d2d7ac" });
    assert.equal(seen.installed, version);
  });
}

Deno.test("etcd 3.6 says more in its status, and the same besides", () => {
  const status = asks["3.5.30-healthy"]?.status?.out
    .replace('"version":"3.5.30"', '"version":"3.6.5"')
    .replace("}}]", ',"storageVersion":"3.6.0","dbSizeQuota":25000,"downgradeInfo":{}}}]');
  const seen = sight("3.5.30-healthy", { status: answered(status ?? "") });
  assert.deepEqual([seen.view?.version, seen.view?.local], ["3.6.5", "yes"]);
  assert.deepEqual(seen.notices.map((n) => n.text), [
    "the database of etcd has reached 81 % of its quota",
  ]);
});

Deno.test("alarms are read from the status and told, and are no reason to call a member unwell", () => {
  const status = asks["3.5.30-healthy"]?.status?.out
    .replace("}}]", ',"errors":["memberID:14139728114674954106 alarm:NOSPACE "]}}]');
  const seen = sight("3.5.30-healthy", { status: answered(status ?? "") });
  assert.deepEqual([seen.view?.alarms, seen.view?.local, seen.view?.trouble], [
    ["NOSPACE"],
    "yes",
    undefined,
  ]);
  assert.deepEqual(seen.notices, [{ code: "alarm", text: "etcd raises NOSPACE" }]);
});

Deno.test("an answer of another member, or of another cluster, proves nothing of this one", () => {
  const get = asks["3.5.30-healthy"]?.get?.out ?? "";
  const other = (from: string, to: string) =>
    viewIn("3.5.30-healthy", { get: answered(get.replace(from, to)) }).linearizable;
  assert.equal(other("14139728114674954106", "14139728114674954107"), "unknown");
  assert.equal(other("902288316475512751", "902288316475512752"), "unknown");
  const members = asks["3.5.30-healthy"]?.members?.out.replace("902288316475512751", "1") ?? "";
  assert.equal(viewIn("3.5.30-healthy", { members: answered(members) }).members, undefined);
});

Deno.test("a member list counts whole or not at all", () => {
  const members = asks["3.5.30-healthy"]?.members?.out ?? "";
  for (
    const torn of [members.slice(0, -4), members.replace('"ID":5862414301546076076', '"ID":0'), "[]", "{}"]
  ) {
    assert.equal(viewIn("3.5.30-healthy", { members: answered(torn) }).members, undefined);
  }
});

Deno.test("a read that only the key's permission stopped has been confirmed by a majority", () => {
  const get = answered("", 1, "Error: etcdserver: permission denied\n");
  assert.equal(viewIn("3.5.30-healthy", { get }).linearizable, "yes");
});

Deno.test("etcd that does not listen yet has no view of anything", () => {
  const starting = readEtcd({ port: answered("", 1) }, n1, options).view;
  assert.deepEqual([starting?.identity, starting?.linearizable, starting?.local, starting?.pristine], [
    undefined,
    "unknown",
    "no",
    "unknown",
  ]);
});

Deno.test("a unit that does not read the environment file is told", () => {
  const unit = (files: string) =>
    readEtcd({ unit: answered(`LoadState=loaded\n${files}`) }, n1, options).notices.map((n) => n.code);
  assert.deepEqual(unit("EnvironmentFiles=/etc/default/etcd (ignore_errors=yes)\n"), []);
  assert.deepEqual(unit("EnvironmentFiles=/other (ignore_errors=no)\n"), ["unit"]);
  assert.deepEqual(readEtcd({ unit: answered("LoadState=not-found\n") }, n1, options).notices, []);
});

Deno.test("certificates that expire soon are told, and a node without openssl", () => {
  const told = (answer: Asks[string]) =>
    readEtcd({ "cert.0": answer }, n1, { ...options, tls }).notices.map((n) => `${n.code} ${n.text}`);
  assert.deepEqual(told(answered("Certificate will not expire\n")), []);
  const soon = "notAfter=Dec  5 19:26:30 2026 GMT\nCertificate will expire\n";
  assert.deepEqual(told(answered(soon, 1)), [
    "certificate /pki/n.crt is valid until Dec  5 19:26:30 2026 GMT",
  ]);
  assert.deepEqual(told(answered("", 1, "Could not open file")), [
    "certificate /pki/n.crt cannot be read",
  ]);
  assert.match(told(answered("", 127))[0] ?? "", /^tool openssl is not there/);
});

Deno.test("settings are those of the file; no file is none, and a file that cannot be read is unknown", () => {
  assert.deepEqual(readEtcd({ env: answered("ETCD_NAME=n1\n") }, n1, options).settings, { ETCD_NAME: "n1" });
  const gone = answered("", 2, "sed: can't read /etc/default/etcd: No such file or directory\n");
  assert.deepEqual(readEtcd({ env: gone }, n1, options).settings, {});
  assert.equal(
    readEtcd({ env: answered("", 2, "sed: read error: Input/output error\n") }, n1, options).settings,
    undefined,
  );
  assert.equal(readEtcd({}, n1, options).settings, undefined);
});

// ---- S4 ----------------------------------------------------------------------------------------------------------

const peer = (more: Partial<RecordedMember> = {}): RecordedMember => ({
  id: "c43a67ce07cdef7a",
  name: "n1",
  role: "voter",
  peerUrls: ["http://127.0.0.11:12380"],
  clientUrls: ["http://127.0.0.11:12379"],
  ...more,
});
const said = (answer: Asks[string] | undefined, member = peer()) =>
  readPeers(answer === undefined ? {} : { [`peer.${member.id}`]: answer }, [member])[member.id];

Deno.test("a peer that answers by its own id is alive, and one that answers by another's proves nothing", () => {
  const { get } = asks["3.5.30-healthy"] ?? {};
  assert.equal(said(get), "yes");
  assert.equal(said(get, peer({ id: "b2" })), "unknown");
  assert.equal(said(answered("", 1, "Error: etcdserver: permission denied\n")), "yes");
});

Deno.test("a peer that a member cannot reach does not answer", () => {
  const refused =
    'desc = latest balancer error: connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.1:2379: ' +
    'connect: connection refused"\nError: context deadline exceeded\n';
  assert.equal(said(answered("", 1, refused)), "no");
  assert.equal(said({ code: "timedOut", out: "", err: "" }), "no");
  assert.equal(said(answered("", 1, "Error: etcdserver: no leader\n")), "no");
});

Deno.test("a question that failed for a reason of its own says nothing of the peer", () => {
  for (
    const err of [
      'authentication handshake failed: x509: certificate signed by unknown authority"\nError: context deadline exceeded',
      "Error: etcdserver: user name is empty",
      "timeout: failed to run command 'etcdctl': No such file or directory",
      "cannot read /etc/ctl.env",
      "",
    ]
  ) {
    assert.equal(said(answered("", 1, err)), "unknown", err);
  }
  assert.equal(said(undefined), "unknown");
});

Deno.test("a peer that never started serves nobody", () => {
  assert.equal(said(undefined, peer({ name: "", clientUrls: [] })), "no");
});

Deno.test("a learner is asked for its status", () => {
  const { status } = asks["3.5.30-healthy"] ?? {};
  assert.equal(said(status, peer({ role: "learner" })), "yes");
  assert.equal(said(asks["3.5.30-no-quorum"]?.status, peer({ role: "learner" })), "no");
  assert.equal(said(status, peer({ role: "learner", id: "b2" })), "unknown");
});
