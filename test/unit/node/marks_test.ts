import assert from "node:assert/strict";
import { readFence, readIntent, readLatch, readStarted } from "../../../src/node/marks.ts";
import { answered, missing } from "./host.ts";

const latch = "quorate=1\ndataPath=/d\nfsId=f1\nclusterId=c1\nmemberId=a1\nvoters=n1,n2\n";

Deno.test("a latch is read with the place of its data and the voters' nodes", () => {
  assert.deepEqual(readLatch(answered(latch)), {
    dataPath: "/d",
    fsId: "f1",
    clusterId: "c1",
    memberId: "a1",
    voters: ["n1", "n2"],
  });
});

Deno.test("a latch names the clusters that were given up for its own", () => {
  const found = readLatch(answered(`${latch}former=c0,c9\n`));
  assert.deepEqual(typeof found === "string" ? found : found.former, ["c0", "c9"]);
  assert.equal(readLatch(answered(`${latch}former=c0,c`)), "unknown", "torn");
});

Deno.test("intent, started and fenced are read", () => {
  assert.deepEqual(readIntent(answered("quorate=1\ntoken=t\nmembers=n1,n2\n")), {
    token: "t",
    members: ["n1", "n2"],
  });
  assert.deepEqual(readStarted(answered("quorate=1\ndataPath=/a=b c\nfsId=f\n")), {
    dataPath: "/a=b c",
    fsId: "f",
  });
  assert.deepEqual(readFence(answered("quorate=1\nunit=u\n")), {
    unit: "u",
    pristine: undefined,
    decider: undefined,
  });
  assert.deepEqual(readFence(answered("quorate=1\nunit=u\ndecider=n1\npristine=a1\n")), {
    unit: "u",
    pristine: "a1",
    decider: "n1",
  });
});

Deno.test("only a file that is not there is none", () => {
  assert.equal(readLatch(missing), "none");
  for (
    const asked of [
      undefined,
      answered("", 1, "cat: /var/lib/quorate/metadata/latch: Input/output error\n"),
      answered("", 1, "cat: /var/lib/quorate/metadata/latch: Permission denied\n"),
      { code: "timedOut", out: "", err: missing?.err ?? "" } as const,
    ]
  ) {
    assert.equal(readLatch(asked), "unknown");
  }
});

Deno.test("a latch that lacks anything is unknown, wherever it was torn", () => {
  for (let length = 0; length < latch.length; length++) {
    assert.equal(readLatch(answered(latch.slice(0, length))), "unknown", `${length} bytes`);
  }
  assert.equal(readLatch(answered(latch.replace("quorate=1", "quorate=2"))), "unknown");
  assert.equal(readLatch(answered(`${latch}memberId=b2\n`)), "unknown");
  assert.equal(readLatch(answered(`${latch}torn\n`)), "unknown");
});
