/**
 * What a manager keeps between runs, as files: its memory, its local lock, and snapshots.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Memory } from "../model/observation.ts";
import type { SnapshotFile, Store } from "./outside.ts";

/** The state directory cannot be used as it is; the message says what to do. */
export class StateError extends Error {
  override readonly name = "StateError";
}

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
    async writeMemory(value) {
      await makeDir(join(dir, "memory"));
      await writeAside(memory, JSON.stringify(value) + "\n");
    },
    async lock() {
      await makeDir(locks);
      return await lockFile(join(locks, name));
    },
    async snapshot(kind) {
      await makeDir(snapshots);
      return await snapshotFile(snapshots, kind.replaceAll(/[^A-Za-z0-9_.-]/g, "_"));
    },
  };
}

/** Where the snapshots of a service are. */
export const snapshotsDir = (dir: string, service: string, backupDir?: string): string =>
  backupDir === undefined
    ? join(dir, "snapshots", fileNameOf(service))
    : join(backupDir, fileNameOf(service));
const fileNameOf = (service: string): string => encodeURIComponent(service).replace(/^\./, "%2E");

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
    throw new StateError(`Cannot read the memory ${path}: ${error instanceof Error ? error.message : error}`);
  }
  const memory = memoryOf(text);
  if (memory !== undefined) return memory;
  throw new StateError(
    `The memory ${path} is damaged. It may forbid to form a cluster where one was seen before, so it is not ignored: ` +
      "see with `quorate status` that the members are as you know them, then delete the file",
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
  return (id === undefined || typeof id === "string") &&
    Object.values(value["attempts"]).every((a) =>
      isRecord(a) && typeof a["count"] === "number" && typeof a["lastMs"] === "number"
    );
}
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whoever reads sees the former text or this one, whole, also after a crash or a power cut. */
async function writeAside(path: string, text: string): Promise<void> {
  const aside = `${path}.${Deno.pid}.new`;
  {
    using file = await Deno.open(aside, { write: true, create: true, truncate: true, mode: 0o600 });
    await writeAll(file, new TextEncoder().encode(text));
    await file.sync();
  }
  await Deno.rename(aside, path);
  await syncDir(path);
}

async function syncDir(path: string): Promise<void> {
  using dir = await Deno.open(join(path, ".."));
  await dir.sync();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

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
  await file.truncate();
  await writeAll(file, new TextEncoder().encode(`${Deno.pid} since ${new Date().toISOString()}\n`));
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
  const compact = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.]/g, "");
  let time = Date.now();
  while (kept.includes(nameAt(compact(time)))) time++;
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
