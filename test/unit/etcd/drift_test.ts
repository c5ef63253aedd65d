import assert from "node:assert/strict";
import { etcdDrift, ownSettings } from "../../../plugins/etcd/drift.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Member } from "../../../src/model/observation.ts";
import { unreached } from "../../../src/node/parse.ts";
import { n1 } from "../node/host.ts";
import { options, tls } from "./options.ts";

const member: Member = {
  id: "a1",
  name: "n1",
  node: "n1",
  role: "voter",
  peerUrls: ["http://10.9.0.11:2380"],
  clientUrls: ["http://10.9.0.11:2379"],
  leader: false,
  health: "healthy",
  caughtUp: "no",
  version: "3.5.30",
};
const facts = (settings: Readonly<Record<string, string>> | undefined): NodeFacts => ({
  ...unreached(n1, { kind: "lost", detail: "" }),
  settings,
});
const own = ownSettings(options, n1);
const drift = (
  settings: Readonly<Record<string, string>> | undefined,
  o = options,
  m: Partial<Member> = {},
) => etcdDrift(o, facts(settings), n1, { ...member, ...m });

Deno.test("what Quorate writes is no drift, with TLS and more variables as well", () => {
  assert.deepEqual(drift(own), { settings: {} });
  const more = { ...options, tls, env: { ETCD_HEARTBEAT_INTERVAL: "200" } };
  const peerUrls = ["https://10.9.0.11:2380"];
  assert.deepEqual(drift(ownSettings(more, n1), more, { peerUrls }), { settings: {} });
  assert.equal(own.ETCD_LISTEN_CLIENT_URLS, "http://10.9.0.11:2379,http://127.0.0.1:2379");
});

Deno.test("a key that differs or is gone from a file of ours is drift, with the value that it should have", () => {
  const { ETCD_ADVERTISE_CLIENT_URLS: _gone, ...rest } = own;
  assert.deepEqual(drift({ ...rest, ETCD_LISTEN_PEER_URLS: "http://10.9.0.99:2380" }).settings, {
    ETCD_LISTEN_PEER_URLS: "http://10.9.0.11:2380",
    ETCD_ADVERTISE_CLIENT_URLS: "http://10.9.0.11:2379",
  });
  const more = { ...options, env: { ETCD_HEARTBEAT_INTERVAL: "200" } };
  assert.deepEqual(drift({ ...own, ETCD_HEARTBEAT_INTERVAL: "100" }, more).settings, {
    ETCD_HEARTBEAT_INTERVAL: "200",
  });
});

Deno.test("addresses are compared by what they mean", () => {
  for (
    const urls of [
      "http://127.0.0.1:2379, http://10.9.0.11:2379/",
      "http://10.9.0.11:2379",
      "http://0.0.0.0:2379",
      "http://[::]:2379",
    ]
  ) {
    assert.deepEqual(drift({ ...own, ETCD_LISTEN_CLIENT_URLS: urls }).settings, {}, urls);
  }
  for (const urls of ["http://127.0.0.1:2379", "http://0.0.0.0:2380", "https://10.9.0.11:2379", ""]) {
    assert.deepEqual(Object.keys(drift({ ...own, ETCD_LISTEN_CLIENT_URLS: urls }).settings), [
      "ETCD_LISTEN_CLIENT_URLS",
    ], urls);
  }
});

Deno.test("names, initial-* values and the data directory of a formed member are never drift", () => {
  const theirs = {
    ETCD_NAME: "other",
    ETCD_INITIAL_CLUSTER: "other=http://a:2380",
    ETCD_DATA_DIR: "/elsewhere",
  };
  assert.deepEqual(drift({ ...own, ...theirs, ETCD_INITIAL_CLUSTER_STATE: "existing" }), { settings: {} });
});

Deno.test("a formed member that would start on an empty disk is told not to, without a restart", () => {
  const list = { ETCD_INITIAL_CLUSTER: "n1=http://10.9.0.11:2380" };
  const firstStart = { ...list, ETCD_INITIAL_CLUSTER_STATE: "existing" };
  // With a list beside discovery or a flag etcd would not start at all.
  const alone = { ETCD_INITIAL_CLUSTER_STATE: "existing" };
  for (const more of [{}, { ETCD_DISCOVERY_SRV: "example.com" }]) {
    const there = { ...own, ...more, ETCD_INITIAL_CLUSTER_STATE: "new" };
    assert.deepEqual(drift(there), { settings: {}, firstStart: alone });
  }
  assert.deepEqual(
    drift({ ...own, ...list }),
    { settings: {}, firstStart },
    "new is what etcd takes for granted",
  );
  const all = { ETCD_INITIAL_CLUSTER: "n1=http://10.9.0.11:2380,n2=http://10.9.0.12:2380" };
  const existing = { ETCD_INITIAL_CLUSTER_STATE: "existing" };
  assert.deepEqual(
    drift({ ...own, ...existing, ...all }),
    { settings: {}, firstStart },
    "it would join by its list",
  );
  assert.deepEqual(drift({ ...own, ...existing, ...list }), { settings: {} });
  assert.deepEqual(drift(own), { settings: {} });
  assert.deepEqual(drift({ ETCD_INITIAL_CLUSTER_STATE: "new" }), { settings: {} }, "flags configure it");
});

Deno.test("a member that flags configure keeps what it has, and its peer URL", () => {
  assert.deepEqual(drift({}, options, { peerUrls: ["http://etcd-1.example:7001"] }), { settings: {} });
  assert.deepEqual(drift({ ETCD_ADVERTISE_CLIENT_URLS: "http://a:1" }).settings, {
    ETCD_ADVERTISE_CLIENT_URLS: "http://10.9.0.11:2379",
  });
});

Deno.test("a record that names another peer URL is drift", () => {
  assert.equal(drift(own, options, { peerUrls: ["http://10.9.0.12:2380"] }).peerUrl, "http://10.9.0.11:2380");
  assert.equal(
    drift(own, options, { peerUrls: ["http://10.9.0.11:2380", "http://x:1"] }).peerUrl,
    "http://10.9.0.11:2380",
  );
});

Deno.test("settings that could not be read are no drift", () => {
  assert.deepEqual(drift(undefined), { settings: {} });
});

Deno.test("under a host name etcd listens on every address and tells its name", () => {
  const named = ownSettings(options, { ...n1, address: "etcd-1.example" });
  assert.equal(named.ETCD_LISTEN_PEER_URLS, "http://0.0.0.0:2380");
  assert.equal(named.ETCD_LISTEN_CLIENT_URLS, "http://0.0.0.0:2379");
  assert.equal(named.ETCD_ADVERTISE_CLIENT_URLS, "http://etcd-1.example:2379");
});

Deno.test("where the config leaves members alone, nothing is drift, not even a peer URL", () => {
  const left = { ...options, configureMembers: false };
  assert.deepEqual(drift({ ...own, ETCD_LISTEN_PEER_URLS: "x" }, left, { peerUrls: ["http://other:1"] }), {
    settings: {},
  });
});

Deno.test("whether peers must show certificates can differ from what clients must", () => {
  const auth = (more: object) => {
    const { ETCD_CLIENT_CERT_AUTH, ETCD_PEER_CLIENT_CERT_AUTH } = ownSettings({
      ...options,
      tls: { ...tls, ...more },
    }, n1);
    return [ETCD_CLIENT_CERT_AUTH, ETCD_PEER_CLIENT_CERT_AUTH];
  };
  assert.deepEqual(auth({}), ["true", "true"]);
  assert.deepEqual(auth({ clientCertAuth: false }), ["false", "false"]);
  assert.deepEqual(auth({ clientCertAuth: false, peerClientCertAuth: true }), ["false", "true"]);
});
