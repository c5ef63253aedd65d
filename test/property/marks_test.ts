/** What Quorate left on a node, torn or written over by others: nothing is made of it that was not there. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readFence, readIntent, readLatch, readStarted } from "../../src/node/marks.ts";
import { answered } from "../unit/node/host.ts";

const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019._-"), minLength: 1, maxLength: 12 });
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
const names = fc.array(word, { minLength: 1, maxLength: 5 });
const plain = { noNullPrototype: true } as const;

const marks = {
  latch: {
    read: readLatch,
    value: fc.record({ dataPath: path, fsId: word, clusterId: word, memberId: word, voters: names }, plain),
  },
  intent: { read: readIntent, value: fc.record({ token: word, members: names }, plain) },
  started: { read: readStarted, value: fc.record({ dataPath: path, fsId: word }, plain) },
} as const;

const textOf = (value: object): string =>
  `quorate=1\n${
    Object.entries(value).map(([k, v]) => `${k}=${Array.isArray(v) ? v.join(",") : v}\n`).join("")
  }`;

for (const [name, { read, value }] of Object.entries(marks)) {
  Deno.test(`${name}: what was written is read; torn anywhere, with a line twice or with noise it is unknown`, () => {
    fc.assert(
      fc.property(
        value as fc.Arbitrary<object>,
        fc.nat(),
        fc.string({ unit: "binary" }),
        (mark, at, noise) => {
          const text = textOf(mark);
          assert.deepEqual(read(answered(text)), mark);
          assert.equal(read(answered(text.slice(0, at % text.length))), "unknown");
          assert.equal(
            read(answered(text + text.split("\n")[1 + at % Object.keys(mark).length] + "\n")),
            "unknown",
          );
          if (!noise.includes("=")) assert.equal(read(answered(`${text}${noise}x\n`)), "unknown");
          assert.equal(read(answered(`${noise}${text}`)) === "unknown" || noise === "", true);
          assert.equal(read({ ...answered(text), code: "timedOut" }), "unknown");
        },
      ),
      { numRuns: 500 },
    );
  });
}

Deno.test("bytes of any kind are no mark, and do not prove that there is none", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: "binary", maxLength: 100 }).map((s) => `quorate=1\n${s}\n`),
    fc.array(
      fc.constantFrom(
        "dataPath=",
        "fsId=",
        "voters=",
        "token=",
        "members=",
        "unit=",
        "/",
        ",",
        "\n",
        "a",
        "=",
      ),
    )
      .map((parts) => `quorate=1\n${parts.join("")}\n`),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 255 }), (out, code) => {
      const asked = { code, out, err: out };
      for (const read of [readLatch, readIntent, readStarted, readFence]) {
        const mark = read(asked);
        assert.notEqual(mark, "none");
        if (typeof mark !== "string") assert.equal(code, 0);
        if (typeof mark === "object" && "dataPath" in mark) assert.match(mark.dataPath, /^\//);
        if (typeof mark === "object" && "members" in mark) assert.ok(mark.members.length > 0);
      }
    }),
    { numRuns: 1_000 },
  );
});
