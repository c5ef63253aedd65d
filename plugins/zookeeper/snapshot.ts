/**
 * What a snapshot of an ensemble holds (`zk_backup`): a tar file of the newest snapshot and the logs since, and of what the
 * ensemble was then. It is read without ZooKeeper.
 *
 * @module
 */
import type { NodeFacts, Refusal, SnapshotBytes, SnapshotSight } from "quorate";
import { readEnsemble } from "./record.ts";
import { entriesOf, type Entry } from "./tar.ts";

/** The last thing in a snapshot is the text `/`, with its length before it. */
const SEAL = "000000012f";
const LARGEST_TEXT = 64 * 1024;

/** Reads a snapshot; never throws for what the file holds. */
export async function readSnapshot(file: SnapshotBytes): Promise<SnapshotSight> {
  const hash = await file.sha256(file.size);
  const none = { revision: undefined, hash };
  const found: Found = { trees: 0, last: -1n, about: "" };
  try {
    for await (const entry of entriesOf(file)) await see(entry, found);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...none, damage: `it was cut off, is damaged, or is no snapshot of ZooKeeper: ${why}` };
  }
  if (found.damage !== undefined) return { ...none, damage: found.damage };
  if (found.trees === 0) return { ...none, damage: "it holds no snapshot.* of ZooKeeper" };
  const members = readEnsemble(found.about, 0, () => true)?.members;
  const version = /^zookeeper=(\d+\.\d+\.\d+)$/m.exec(found.about)?.[1];
  return {
    revision: found.last,
    hash,
    damage: undefined,
    called: `zxid 0x${found.last.toString(16)}`,
    ...(version === undefined ? {} : { version }),
    ...(members === undefined ? {} : { members }),
  };
}

interface Found {
  trees: number;
  /** The last transaction. */
  last: bigint;
  /** What `zk_backup` wrote. */
  about: string;
  damage?: string;
}

async function see({ name, size, content }: Entry, found: Found): Promise<void> {
  const [, kind, digits] = /^version-2\/(snapshot|log)\.([0-9a-f]{1,16})$/.exec(name) ?? [];
  if (name === "quorate-snapshot") {
    found.about = new TextDecoder().decode(await content.take(Math.min(size, LARGEST_TEXT)));
  } else if (kind === "snapshot") {
    const magic = text(await content.take(4));
    await content.skip(size - 4 - SEAL.length / 2);
    if (magic !== "ZKSN" || (await content.take(SEAL.length / 2)).toHex() !== SEAL) {
      found.damage ??= `${name} in it is not whole`;
    }
    found.trees++;
    found.last = later(found.last, BigInt(`0x${digits}`));
  } else if (kind === "log") {
    const last = await lastIn(content);
    if (last !== undefined) found.last = later(found.last, last);
  }
}

/** The last zxid of a log, whose format `zk_log_last` in again.sh tells. */
async function lastIn(log: Entry["content"]): Promise<bigint | undefined> {
  let last: bigint | undefined;
  if (text(await log.take(16)).slice(0, 4) !== "ZKLG") return undefined;
  for (;;) {
    const head = await log.take(32);
    if (head.length < 32) return last;
    const view = new DataView(head.buffer, head.byteOffset);
    const size = view.getUint32(8);
    if (size < 20) return last;
    await log.skip(size - 20);
    if (text(await log.take(1)) !== "B") return last;
    last = view.getBigUint64(24);
  }
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Of a newer minor version: what that writes an older ZooKeeper may not be able to read. */
export function cannotRestore(
  { version }: SnapshotSight,
  { node, installed }: NodeFacts,
): Refusal | undefined {
  const [taken, there] = [minorOf(version), minorOf(installed)];
  if (taken === undefined || there === undefined || taken <= there) return undefined;
  return {
    rule: "S22",
    evidence: `the snapshot was taken of ZooKeeper ${version}, and ${node} has ${installed}, which is older`,
    unblock: `install ZooKeeper ${version} on the nodes, or take an older snapshot (quorate snapshots)`,
  };
}

const minorOf = (version: string | undefined): number | undefined => {
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+/.exec(version ?? "") ?? [];
  return major === undefined ? undefined : Number(major) * 1_000 + Number(minor);
};
