import assert from "node:assert/strict";
import { diskIdShell } from "../../../plugins/etcd/disk.ts";
import { Host } from "../node/host.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (b) => parseInt(b, 16));
const segment = "data/member/wal/0000000000000000-0000000000000000.wal";

/** First bytes of write-ahead logs that etcd wrote, and the ids that it printed itself. */
const logs = {
  "3.4.23, a package's default": [
    "040000000000008408041000000000002000000000000000080110bb81c7fc051a1608cdd2918bd2b881cf8e0110b298eaf1948386fccd010e00000000000082",
    "cdf818194e3a8c32 8e9e05c52164694d pristine\n",
  ],
  "3.4.23, a member that joined": [
    "040000000000008408041000000000001f00000000000081080110b3b192eb0e1a1508dac39dd4f7c2e29f71108bf8aeb9e1a5c08fa901000e00000000000082",
    "a91f012e172bbc0b 713f8a177a8761da\n",
  ],
  "3.5.30, a member that joined": [
    "040000000000008408041000000000001f00000000000081080110cce093f8021a1508f8bcc2f8b983888d7e108bf8aeb9e1a5c08fa901000e00000000000082",
    "a91f012e172bbc0b 7e1a201b9f109e78\n",
  ],
  "3.5.30, a cluster id with a leading zero": [
    "040000000000008408041000000000001e00000000000082080110e482c6c70e1a1408acafcb8ef3d7dead5110afaf88e497cee4c20c00000e00000000000082",
    "c8592717c8217af 515b7abf31d2d7ac\n",
  ],
} as const;

const ask = async (host: Host) => {
  const { code, out, err } = await host.sh(`${diskIdShell}\netcd_disk_id ${host.path("data")}\n`);
  return { code, out, err };
};

for (const [name, [bytes, ids]] of Object.entries(logs)) {
  Deno.test(`etcd_disk_id reads whose data it is: ${name}`, async () => {
    await using host = new Host();
    host.write(segment, hex(bytes));
    assert.deepEqual(await ask(host), { code: 0, out: ids, err: "" });
  });
}

const varint = (n: bigint): number[] => n < 128n ? [Number(n)] : [Number(n & 127n) | 128, ...varint(n >> 7n)];
function frame(record: readonly number[]): number[] {
  const padding = (8 - (record.length % 8)) % 8;
  const length = [record.length & 255, record.length >> 8, 0, 0, 0, 0, 0, padding === 0 ? 0 : 128 | padding];
  return [...length, ...record, ...new Array<number>(padding).fill(0)];
}

/** A segment as etcd cuts a new one: a checksum that is not zero comes first. */
function written(member: bigint, cluster: bigint, crc: bigint): Uint8Array {
  const ids = [8, ...varint(member), 16, ...varint(cluster)];
  return Uint8Array.from([
    ...frame([8, 4, 16, ...varint(crc)]),
    ...frame([8, 1, 16, ...varint(crc), 26, ids.length, ...ids]),
  ]);
}

/** A raft entry of this type with this request, as the log holds it; index 200. */
function entry(type: number, request: readonly number[]): number[] {
  const it = [8, type, 16, 2, 24, 200, 1, ...(request.length === 0 ? [] : [34, request.length, ...request])];
  return frame([8, 2, 16, ...varint(3_000_000_000n), 26, it.length, ...it]);
}
const put = [8, ...varint(2n ** 60n), 34, 6, 10, 1, 97, 18, 1, 98];

for (const version of ["3.4.23", "3.5.30"]) {
  const file = new URL(`./logs/${version}-default.hex`, import.meta.url);
  // Written by the package's default over several starts, one of them after a kill.
  const log = [...hex(Deno.readTextFileSync(file).replaceAll(/\s/g, ""))].slice(0, -1);
  const words = async (bytes: readonly number[], more?: string): Promise<string> => {
    await using host = new Host();
    host.write(segment, Uint8Array.from([...bytes, ...new Array<number>(64).fill(0)]));
    if (more !== undefined) host.write(`data/member/wal/${more}`, "");
    return (await ask(host)).out.trim().split(" ").slice(2).join(" ");
  };

  Deno.test(`etcd ${version}: a package's default tells whether anybody has written to it`, async () => {
    assert.equal(await words(log), "pristine unwritten");
    const whole = [...log, ...new Array<number>((8 - log.length % 8) % 8).fill(0)];
    assert.equal(await words([...whole, ...entry(0, [])]), "pristine unwritten", "a leader was elected");
    assert.equal(await words([...whole, ...entry(0, put)]), "pristine", "a key");
    assert.equal(await words([...whole, ...entry(1, [8, 1, 16, 0])]), "pristine", "members were changed");
    assert.equal(await words([...whole, ...entry(7, [])]), "pristine", "what is not known");
    assert.equal(await words(whole, "0000000000000001-0000000000000010.wal"), "pristine", "the log goes on");
    assert.equal(await words([...whole, ...entry(0, put).slice(0, 24)]), "pristine", "a torn record");
  });
}

/** What two starts on a disk that was wiped left, each of which ended in a panic. */
const blank = {
  "3.4.23":
    "040000000000008408041000000000001e00000000000082080110b0e3e0a8081a140891fc9e97b2bda3fe6710b089a8938becdfe746" +
    "00000e0000000000008208051094f9dae30c1a04080010",
  "3.5.30":
    "040000000000008408041000000000001f000000000000810801108690c4a50d1a1508da93c49fc4ff92cdeb0110f3b7d9dae78698ce0a" +
    "000e00000000000082080510aee7d38c0c1a04080010",
};
for (const [version, bytes] of Object.entries(blank)) {
  Deno.test(`etcd ${version}: a log that holds nothing is told, and none that may hold something`, async () => {
    const log = [...hex(bytes)];
    const whole = [...log, ...new Array<number>((8 - log.length % 8) % 8).fill(0)];
    const word = async (bytes: readonly number[], more?: string): Promise<string | undefined> => {
      await using host = new Host();
      host.write(segment, Uint8Array.from([...bytes, ...new Array<number>(64).fill(0)]));
      host.write("data/member/snap/db", "");
      if (more !== undefined) host.write(`data/member/${more}`, "");
      return (await ask(host)).out.trim().split(" ")[2];
    };
    assert.equal(await word(whole), "blank");
    assert.equal(
      await word([...whole, ...frame([8, 3, 16, 1, 26, 6, 8, 2, 16, 0, 24, 0])]),
      "blank",
      "a term",
    );
    assert.equal(await word([...whole, ...entry(0, put)]), undefined, "an entry");
    assert.equal(await word([...whole, ...entry(1, [8, 1, 16, 0])]), undefined, "a member");
    assert.equal(
      await word(whole, "wal/0000000000000001-0000000000000010.wal"),
      undefined,
      "the log goes on",
    );
    assert.equal(
      await word(whole, "snap/0000000000000002-0000000000000009.snap"),
      undefined,
      "a snapshot came",
    );
    const long = Array.from({ length: 200 }, () => frame([8, 3, 16, 1, 26, 6, 8, 2, 16, 0, 24, 0])).flat();
    assert.equal(await word([...whole, ...long]), undefined, "more than is looked at");
    await using host = new Host();
    host.write(segment, Uint8Array.from(whole));
    assert.equal((await ask(host)).out.trim().split(" ")[2], undefined, "it is cut off where it ends");
  });
}

Deno.test("etcd_disk_id is exact for every 64-bit id, and reads the oldest segment", async () => {
  await using host = new Host();
  host.write("data/member/wal/0000000000000005-00000000000186a2.wal", written(7n, 7n, 7n));
  const ids = [1n, 127n, 128n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
  for (const [i, id] of ids.entries()) {
    const other = ids[ids.length - 1 - i] ?? 1n;
    host.write("data/member/wal/0000000000000004-00000000000186a1.wal", written(id, other, 2n ** 31n));
    assert.deepEqual(await ask(host), {
      code: 0,
      out: `${other.toString(16)} ${id.toString(16)}\n`,
      err: "",
    });
  }
});

Deno.test("etcd_disk_id tells nothing of a log that is torn anywhere before its ids end", async () => {
  await using host = new Host();
  const whole = hex(logs["3.5.30, a member that joined"][0]);
  for (let length = 0; length < 55; length += 3) {
    host.write(segment, whole.subarray(0, length));
    const { code, out, err } = await ask(host);
    assert.deepEqual([code, out], [2, ""], `${length} bytes`);
    assert.match(err, /does not begin as etcd's log does/);
  }
  host.write(segment, new Uint8Array(256));
  assert.equal((await ask(host)).code, 2);
});

Deno.test("there is no data in a directory that is missing, empty, or holds only what was set aside", async () => {
  await using host = new Host();
  assert.equal((await ask(host)).code, 1);
  host.write("data/lost+found/x", "");
  host.write("data/.quorate-20260101T000000Z-a1/member/wal/0.wal", "");
  assert.equal((await ask(host)).code, 1);
  await Deno.remove(host.path("data"), { recursive: true });
  assert.equal((await ask(host)).code, 1);
});

Deno.test("a first start that failed leaves no data: a database without a member, and no log", async () => {
  await using host = new Host();
  host.write("data/member/snap/db", new Uint8Array(16384));
  Deno.mkdirSync(host.path("data/member/wal.tmp"));
  assert.equal((await ask(host)).code, 1);
});

Deno.test("what cannot be judged is not called empty", async () => {
  for (
    const [file, content, why] of [
      ["data/member/snap/db", "\0\0members\0", /a database without its log/],
      ["data/member/snap/db", "\0consistent_index\0", /a database without its log/],
      ["data/member/snap/0000000000000002-0000000000000001.snap", "", /snapshots without their log/],
      ["data/member/other", "", /holds what is not etcd's: other/],
      ["data/notes.txt", "", /holds what is not etcd's: notes.txt/],
      ["data/.hidden", "", /holds what is not etcd's: .hidden/],
    ] as const
  ) {
    await using host = new Host();
    host.write(file, content);
    const { code, err } = await ask(host);
    assert.equal(code, 2, file);
    assert.match(err, why);
  }
  await using host = new Host();
  await Deno.remove(host.path("data"));
  host.write("data", "a file");
  assert.equal((await ask(host)).code, 2);
});
