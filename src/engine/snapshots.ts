/**
 * The snapshots that are kept of a service, as files of the management node.
 *
 * @module
 */
import { join } from "node:path";
import { reasonOf } from "./state_error.ts";
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
    throw new StateError(`Cannot read the snapshots in ${folder}: ${reasonOf(error, "read")}`);
  }
  return found.sort((a, b) => b.takenMs - a.takenMs);
}
