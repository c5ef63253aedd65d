import assert from "node:assert/strict";
import { etcdForbids, versionRules } from "../../../plugins/etcd/versions.ts";
import type { Change } from "../../../src/model/change.ts";
import type { Member, Observation } from "../../../src/model/observation.ts";
import { quorumOf } from "../../../src/model/quorum.ts";
import { unreached } from "../../../src/node/parse.ts";
import { n1 } from "../node/host.ts";

const member = (version: string | undefined, role: Member["role"] = "voter"): Member => ({
  id: `a${version}`,
  name: "x",
  node: undefined,
  role,
  peerUrls: [],
  clientUrls: [],
  leader: false,
  health: "healthy",
  caughtUp: "no",
  version,
});
const seen = (installed: string | undefined, ...members: readonly Member[]): Observation => ({
  service: "metadata",
  at: 0,
  members,
  clusterId: "c1",
  state: "held",
  quorum: quorumOf(members.length, members.length),
  nodes: { n1: { ...unreached(n1, { kind: "lost", detail: "" }), installed } },
  conflicts: [],
});
const add: Change = { case: "add", node: n1 };
const forbidden = (installed: string | undefined, ...running: readonly (string | undefined)[]) =>
  etcdForbids(add, seen(installed, ...running.map((v) => member(v))))?.evidence.split(",")[0];

Deno.test("neighbouring minor versions may meet, upwards", () => {
  assert.equal(forbidden("3.5.30", "3.5.30", "3.5.16"), undefined);
  assert.equal(forbidden("3.5.30", "3.4.23"), undefined);
  assert.equal(forbidden("3.6.1", "3.5.26", "3.6.0"), undefined);
  assert.equal(forbidden("3.4.30", "3.5.30", "3.4.23"), undefined);
});

Deno.test("versions that must not meet are refused, with the source of the rule", () => {
  assert.equal(forbidden("3.6.1", "3.4.23"), "minor versions in a cluster differ by one at most");
  assert.equal(forbidden("3.4.23", "3.5.30", "3.5.30"), "a member that joins is not older than the cluster");
  assert.equal(forbidden("3.6.1", "3.5.26", "3.5.25"), "etcd 3.5.26 before 3.6");
  assert.equal(forbidden("3.3.25", "3.3.25"), "learners need etcd 3.4 on every member");
  const refusal = etcdForbids(add, seen("3.6.1", member("3.5.1")));
  assert.match(refusal?.evidence ?? "", /the members run 3\.5\.1, the node that joins 3\.6\.1: .*https:/);
  assert.equal(refusal?.rule, "S22");
});

Deno.test("a version that is not known forbids nothing", () => {
  assert.equal(forbidden(undefined, "3.5.1"), undefined);
  assert.equal(forbidden("3.6.1", undefined), undefined);
});

Deno.test("no member update while a learner exists", () => {
  const update = {
    case: "repairConfig",
    node: n1,
    member: member("3.5.30"),
    settings: {},
    latchOnly: false,
  } as const;
  const learning = seen("3.5.30", member("3.5.30"), member("3.5.30", "learner"));
  assert.equal(etcdForbids({ ...update, peerUrl: "http://x:1" }, learning)?.rule, "S22");
  assert.equal(etcdForbids(update, learning), undefined);
  assert.equal(
    etcdForbids({ ...update, peerUrl: "http://x:1" }, seen("3.5.30", member("3.5.30"))),
    undefined,
  );
});

Deno.test("every rule names its source", () => {
  for (const rule of versionRules) assert.match(rule.source, /^https:\/\//);
});
