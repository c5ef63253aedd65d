/**
 * What a manager keeps between runs, as files: its memory, its local lock, and snapshots.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Memory } from "../model/observation.ts";
import { syncDir, writeAll, writeAside } from "./aside.ts";
import { openSnapshot } from "./bytes.ts";
import { fileIn } from "./journal.ts";
import type { SnapshotFile, Store } from "./outside.ts";
import { reasonOf, StateError } from "./state_error.ts";

export { StateError };

/**
 * The files of one service under a state directory. Nothing is made before it is needed, so that `plan` and `status`
 * leave no trace. Snapshots go to `backupDir` where that is given.
 */
export function fileStore(dir: string, service: string, backupDir?: string): Store {
  const name = fileNameOf(service);
  const memory = join(dir, "memory", `${name}.json`);
  const locks = join(dir, "locks");
  const snapshots = snapshotsDir(dir, service, backupDir);
  return {
    readMemory: () => readMemory(memory),
    writeMemory: (value) =>
      written(memory, async () => {
        await makeDir(join(dir, "memory"));
        await writeAside(memory, JSON.stringify(value) + "\n");
      }),
    lock: () =>
      written(join(locks, name), async () => {
        await makeDir(locks);
        return await lockFile(join(locks, name));
      }),
    trouble: () => troubleIn(dir, name),
    open: openSnapshot,
    async snapshot(kind) {
      await makeDir(snapshots);
      return await snapshotFile(snapshots, kind.replaceAll(/[^A-Za-z0-9_.-]/g, "_"));
    },
  };
}

/** A name for a service's own file: none begins with a dot. */
export const fileNameOf = (service: string): string => encodeURIComponent(service).replace(/^\./, "%2E");

/** What the file system refuses to write is trouble with the state directory. */
async function written<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StateError(`Cannot write ${path}: ${reasonOf(error)}`);
  }
}

/** As much as a change writes down: its lines in the journal and the memory. */
const PROBE = new Uint8Array(65_536);

/** Tries what a change will need, because a disk tells that it is full only when it is written to. Under the lock. */
async function troubleIn(dir: string, name: string): Promise<string | undefined> {
  const probe = join(dir, "memory", `.probe-${name}`);
  const journal = fileIn(dir);
  let path = probe;
  try {
    await makeDir(join(dir, "memory"));
    {
      using file = await Deno.open(probe, { write: true, create: true, truncate: true, mode: 0o600 });
      await writeAll(file, PROBE);
      await file.sync();
    }
    path = journal;
    (await Deno.open(journal, { append: true, create: true, mode: 0o600 })).close();
    return undefined;
  } catch (error) {
    return `Cannot write ${path}: ${reasonOf(error)}`;
  } finally {
    await Deno.remove(probe).catch(() => {});
  }
}

/** Where the snapshots of a service are. */
export const snapshotsDir = (dir: string, service: string, backupDir?: string): string =>
  backupDir === undefined
    ? join(dir, "snapshots", fileNameOf(service))
    : join(backupDir, fileNameOf(service));

const makeDir = (path: string): Promise<void> => Deno.mkdir(path, { recursive: true, mode: 0o700 });

/**
 * A memory that cannot be read must not pass for an empty one: what it forbids, above all to form a cluster where one
 * was seen before (S1), would silently be allowed again.
 */
async function readMemory(path: string): Promise<Memory> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { attempts: {} };
    throw new StateError(`Cannot read the memory ${path}: ${reasonOf(error, "read")}`);
  }
  const memory = memoryOf(text);
  if (memory !== undefined) return memory;
  throw new StateError(
    `The memory ${path} is damaged. It may forbid to form a cluster where one was seen before, so it is not ignored: ` +
      "see with `quorate status --state DIR`, DIR an empty folder, that the members are as you know them, then delete " +
      "the file",
  );
}

function memoryOf(text: string): Memory | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isMemory(value) ? value : undefined;
}

function isMemory(value: unknown): value is Memory {
  if (!isRecord(value) || !isRecord(value["attempts"])) return false;
  const id = value["clusterId"];
  const former = value["former"];
  return (id === undefined || typeof id === "string") &&
    (former === undefined || (Array.isArray(former) && former.every((one) => typeof one === "string"))) &&
    Object.values(value["attempts"]).every((a) =>
      isRecord(a) && typeof a["count"] === "number" && typeof a["lastMs"] === "number"
    );
}
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * `flock`: the kernel gives it up with the process, however that ends. The file stays, because taking it away would
 * let two processes lock two files of the same name.
 */
async function lockFile(path: string): Promise<AsyncDisposable | undefined> {
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  if (!await file.tryLock(true)) {
    file.close();
    return undefined;
  }
  try {
    await file.truncate();
    await writeAll(file, new TextEncoder().encode(`${Deno.pid} since ${new Date().toISOString()}\n`));
  } catch { /* On a full disk the lock is held all the same: what stands in it is for people. */ }
  return {
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
    },
  };
}

const PART = ".snapshot.part";
const KEPT = ".snapshot";

/** `<kind>-<UTC time>.snapshot`: the names of one kind sort by age. */
async function snapshotFile(dir: string, kind: string): Promise<SnapshotFile> {
  const ours = async (end: string): Promise<readonly string[]> => {
    const names = (await Array.fromAsync(Deno.readDir(dir))).map((entry) => entry.name);
    return names.filter((n) => n === nameAt(timeIn(n), end)).sort();
  };
  const nameAt = (time: string, end = KEPT): string => `${kind}-${time}${end}`;
  const timeIn = (n: string): string => /\d{8}T\d{9}Z/.exec(n)?.[0] ?? "";
  // The caller holds the service's lock, so what lies unfinished here is of a process that died.
  for (const stale of await ours(PART)) await Deno.remove(join(dir, stale));

  const kept = await ours(KEPT);
  const msOf = (t: string): number =>
    Date.parse(t.replace(/^(....)(..)(..T..)(..)(..)(...)Z$/, "$1-$2-$3:$4:$5.$6Z"));
  const compact = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.]/g, "");
  // A clock that jumped back must not make the newest one pass for the oldest, which is pruned.
  const time = Math.max(Date.now(), ...kept.map((n) => msOf(timeIn(n)) + 1));
  const path = join(dir, nameAt(compact(time)));
  const aside = join(dir, nameAt(compact(time), PART));
  const hash = createHash("sha256");
  const file = await Deno.open(aside, { write: true, createNew: true, mode: 0o600 });
  let open = true;
  const close = (): void => {
    if (open) file.close();
    open = false;
  };
  return {
    path,
    async write(piece) {
      await writeAll(file, piece);
      hash.update(piece);
    },
    sha256: () => hash.copy().digest("hex"),
    async keep(count) {
      await file.sync();
      close();
      await Deno.rename(aside, path);
      await syncDir(path);
      const former = await ours(KEPT);
      for (const name of former.slice(0, -Math.max(count, 1))) await Deno.remove(join(dir, name));
    },
    async drop() {
      close();
      await Deno.remove(aside).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    },
  };
}
