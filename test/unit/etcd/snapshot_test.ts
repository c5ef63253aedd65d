/** Snapshots that etcd made, read without etcd. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { readSnapshot } from "../../../plugins/etcd/snapshot.ts";
import type { SnapshotBytes } from "../../../src/playbook/snapshot.ts";

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const fileOf = (bytes: Uint8Array): SnapshotBytes => ({
  size: bytes.length,
  read: (at, length) => Promise.resolve(bytes.slice(at, at + length)),
  sha256: (length) => Promise.resolve(hashOf(bytes.subarray(0, length))),
});
async function recorded(name: string): Promise<Uint8Array> {
  const packed = await Deno.readFile(new URL(`snapshots/${name}.gz`, import.meta.url));
  const whole = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(whole).arrayBuffer());
}
const names = ["3.4.23-empty", "3.4.23-151", "3.5.30-71"] as const;
const [empty, older, newer] = await Promise.all(names.map(recorded));
assert.ok(empty && older && newer);
/** With a sum that fits, as if etcd had made it so. */
const summed = (data: Uint8Array): Uint8Array =>
  new Uint8Array([...data, ...Uint8Array.fromHex(hashOf(data))]);

Deno.test("the revision is the one that etcdctl snapshot status tells, the hash that of the data", async () => {
  for (const [bytes, revision] of [[empty, 0n], [older, 151n], [newer, 71n]] as const) {
    const hash = hashOf(bytes.subarray(0, -32));
    const { members: _, version: _version, ...sight } = await readSnapshot(fileOf(bytes));
    assert.deepEqual(sight, { revision, hash, damage: undefined });
  }
});

Deno.test("it tells the version that its cluster had agreed on, and whose members it was taken of", async () => {
  for (const [bytes, expected] of [[older, "3.4.0"], [newer, "3.5.0"]] as const) {
    const { version, members } = await readSnapshot(fileOf(bytes));
    assert.equal(version, expected);
    assert.ok(members !== undefined && members.length > 0);
    for (const m of members) {
      assert.match(`${m.id} ${m.role} ${m.peerUrls}`, /^[1-9a-f][0-9a-f]+ voter http:\/\/\S+$/);
    }
  }
});

Deno.test("a file that was cut off anywhere, or changed anywhere, is named as damaged", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(older, newer), fc.nat(), async (bytes, at) => {
      const cut = await readSnapshot(fileOf(bytes.subarray(0, at % bytes.length)));
      assert.match(cut.damage ?? "", /cut off|has the SHA-256/);
      const changed = bytes.slice();
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ 1;
      assert.match((await readSnapshot(fileOf(changed))).damage ?? "", /has the SHA-256/);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a database of any bytes whose sum fits is read, or said not to be readable, and never more than it is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(older, newer),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 40 }),
      async (bytes, changes) => {
        const data = bytes.slice(0, -32);
        // The first pages, where all structure is, more often than the rest.
        changes.forEach(([at, byte], i) => data[at % (i % 2 === 0 ? 512 : data.length)] = byte);
        const { hash, damage, revision } = await readSnapshot(fileOf(summed(data)));
        assert.equal(hash, hashOf(data));
        assert.ok(damage !== undefined || revision !== undefined);
      },
    ),
    { numRuns: 500 },
  );
});
