/** How far a log goes, and that all of it is committed: read and written without etcd, on logs that etcd wrote. */
import assert from "node:assert/strict";
import { etcdShell } from "../../../plugins/etcd/shell.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { Host } from "../node/host.ts";

const folder = "data/member/wal";
const first = `${folder}/0000000000000000-0000000000000000.wal`;
const varint = (n: bigint): number[] => n < 128n ? [Number(n)] : [Number(n & 127n) | 128, ...varint(n >> 7n)];

/** CRC-32 with Castagnoli's polynomial, going on from a former one: what etcd keeps of all data in a segment. */
function sumOf(data: readonly number[], former: number): number {
  let sum = ~former >>> 0;
  for (const byte of data) {
    sum ^= byte;
    for (let i = 0; i < 8; i++) sum = (sum >>> 1) ^ ((sum & 1) * 0x82f63b78);
  }
  return ~sum >>> 0;
}
const entry = (term: bigint, index: bigint, size: number): number[] => {
  const data = new Array<number>(size).fill(7);
  return [
    8,
    0,
    16,
    ...varint(term),
    24,
    ...varint(index),
    ...(size === 0 ? [] : [34, ...varint(BigInt(size)), ...data]),
  ];
};
const state = (term: bigint, vote: bigint, commit: bigint): number[] => [
  8,
  ...varint(term),
  16,
  ...varint(vote),
  24,
  ...varint(commit),
];

/** A segment of these records, each [type, data]. */
class Segment {
  readonly bytes: number[] = [];
  sum = 0;
  add(type: number, data: readonly number[]): this {
    this.sum = sumOf(data, this.sum);
    const record = [8, type, 16, ...varint(BigInt(this.sum)), 26, ...varint(BigInt(data.length)), ...data];
    const padding = (8 - (record.length % 8)) % 8;
    const size = [0, 8, 16, 24].map((shift) => (record.length >>> shift) & 255);
    this.bytes.push(
      ...size,
      0,
      0,
      0,
      padding === 0 ? 0 : 128 | padding,
      ...record,
      ...new Array(padding).fill(0),
    );
    return this;
  }
  /** With the room that etcd sets aside. */
  whole(): Uint8Array {
    return Uint8Array.from([...this.bytes, ...new Array<number>(4096).fill(0)]);
  }
}
const run = async (host: Host, command: string) => {
  const { code, out, err } = await host.sh(`${nodeShell}\n${etcdShell}\n${command}\n`);
  return { code, out, err };
};
const end = (host: Host) => run(host, `etcd_log_end ${host.path("data")}`);

Deno.test("a log ends with its last entry, whatever was written of Raft's state behind it", async () => {
  for (const [term, index, size] of [[2n, 9n, 0], [3n, 200n, 100], [300n, 1_000_000_007n, 70_000]] as const) {
    await using host = new Host();
    const segment = new Segment().add(1, [8, 1, 16, 2]).add(2, entry(2n, 8n, 3)).add(
      2,
      entry(term, index, size),
    )
      .add(3, state(term, 2n ** 63n + 5n, index - 1n));
    const path = host.write(first, segment.whole());
    assert.deepEqual(await end(host), {
      code: 0,
      out: `${term} ${index} ${path} ${segment.bytes.length} ${segment.sum}\n`,
      err: "",
    });
  }
});

Deno.test("entries that a later leader wrote over do not count; nor does what a crash left torn", async () => {
  await using host = new Host();
  const segment = new Segment().add(2, entry(2n, 9n, 5)).add(2, entry(2n, 10n, 5)).add(2, entry(3n, 10n, 5));
  const torn = [...segment.bytes, 24, 0, 0, 0, 0, 0, 0, 0, ...new Array<number>(24).fill(0)];
  const path = host.write(first, Uint8Array.from([...torn, ...new Array<number>(64).fill(0)]));
  assert.equal((await end(host)).out, `3 10 ${path} ${segment.bytes.length} ${segment.sum}\n`);
});

Deno.test("of several segments the last counts; one that was just cut tells by its name and its state", async () => {
  await using host = new Host();
  host.write(first, new Segment().add(2, entry(2n, 9n, 5)).whole());
  const cut = new Segment().add(1, [8, 1, 16, 2]).add(3, state(4n, 1n, 254n));
  const path = host.write(`${folder}/0000000000000001-0000000000000100.wal`, cut.whole());
  assert.equal((await end(host)).out, `4 255 ${path} ${cut.bytes.length} ${cut.sum}\n`);
});

Deno.test("where there is no log there is none, and one that cannot be read is not taken for one", async () => {
  await using host = new Host();
  assert.equal((await end(host)).code, 1);
  host.write(first, new Uint8Array(4096));
  assert.equal((await end(host)).code, 2);
  host.write(first, Uint8Array.from([64, 0, 0, 0, 0, 0, 0, 0, ...new Array<number>(64).fill(9)]));
  assert.equal((await end(host)).code, 2);
});

Deno.test("all of a log is committed by one record more, whose checksum goes on from the last", async () => {
  for (const [term, index] of [[2n, 9n], [5n, 16_384n], [70_000n, 2n ** 40n]] as const) {
    await using host = new Host();
    const segment = new Segment().add(1, [8, 1, 16, 2]).add(2, entry(term, index, 40)).add(
      3,
      state(term, 3n, 1n),
    );
    const torn = [24, 0, 0, 0, 0, 0, 0, 0, ...new Array<number>(24).fill(0)];
    const path = host.write(
      first,
      Uint8Array.from([...segment.bytes, ...torn, ...new Array<number>(512).fill(0)]),
    );
    assert.deepEqual(await run(host, `etcd_commit_all ${host.path("data")}`), { code: 0, out: "", err: "" });
    const expected = segment.add(3, state(term, 0n, index));
    assert.deepEqual(Deno.readFileSync(path), Uint8Array.from(expected.bytes));
    assert.equal(
      (await end(host)).out,
      `${term} ${index} ${path} ${expected.bytes.length} ${expected.sum}\n`,
    );
  }
});
