import assert from "node:assert/strict";
import { distance, nearest } from "../../../src/config/nearest.ts";

Deno.test("the distance of two words counts edits, a swap of neighbours as one", () => {
  assert.equal(distance("", "abc"), 3);
  assert.equal(distance("kitten", "sitting"), 3);
  assert.equal(distance("ectd", "etcd"), 1);
  assert.equal(distance("same", "same"), 0);
});

Deno.test("the nearest name is one that was likely meant", () => {
  assert.equal(nearest("memberz", ["members", "options"]), "members");
  assert.equal(nearest("DATADIR", ["dataDir"]), "dataDir");
});

Deno.test("no name is nearest when none is near, or two are equally so", () => {
  assert.equal(nearest("raft", ["etcd", "zookeeper"]), undefined);
  assert.equal(nearest("n9", ["n1", "n2", "n3"]), undefined);
  assert.equal(nearest("n1", []), undefined);
});
