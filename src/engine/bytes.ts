/**
 * Files that are read in pieces.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { SnapshotBytes } from "../playbook/snapshot.ts";

const PIECE = 1024 * 1024;

/** Opens a file to be read from wherever it is asked for. */
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
