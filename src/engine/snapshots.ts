/**
 * The snapshots that are kept of a service, as files of the management node.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { SnapshotBytes } from "../playbook/snapshot.ts";
import { snapshotsDir, StateError } from "./store.ts";

export interface SnapshotKept {
  readonly path: string;
  /** Milliseconds since 1970, from its name. */
  readonly takenMs: number;
  readonly size: number;
  /** A fetch that was broken off: the next one takes it away. */
  readonly unfinished: boolean;
}

/** What is kept of a service, the newest first; nothing where there is no folder. */
export async function listSnapshots(
  dir: string,
  service: string,
  backupDir?: string,
): Promise<readonly SnapshotKept[]> {
  const folder = snapshotsDir(dir, service, backupDir);
  const found: SnapshotKept[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const named = /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.snapshot(\.part)?$/.exec(name);
      if (!isFile || named === null) continue;
      const [, y, mo, d, h, mi, s, ms, part] = named;
      const takenMs = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
      if (Number.isNaN(takenMs)) continue;
      const path = join(folder, name);
      found.push({ path, takenMs, size: (await Deno.stat(path)).size, unfinished: part !== undefined });
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return found;
    throw new StateError(
      `Cannot read the snapshots in ${folder}: ${error instanceof Error ? error.message : error}`,
    );
  }
  return found.sort((a, b) => b.takenMs - a.takenMs);
}

const PIECE = 1024 * 1024;

/** Opens a snapshot for a plugin to read. */
export async function openSnapshot(path: string): Promise<SnapshotBytes & Disposable> {
  const file = await Deno.open(path);
  const { size } = await file.stat();
  const read = async (at: number, length: number): Promise<Uint8Array> => {
    await file.seek(at, Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
    for (let have = 0; have < bytes.length;) {
      const n = await file.read(bytes.subarray(have));
      if (n === null) return bytes.subarray(0, have);
      have += n;
    }
    return bytes;
  };
  return {
    size,
    read,
    async sha256(length) {
      const hash = createHash("sha256");
      for (let at = 0; at < length; at += PIECE) hash.update(await read(at, Math.min(PIECE, length - at)));
      return hash.digest("hex");
    },
    [Symbol.dispose]: () => file.close(),
  };
}
