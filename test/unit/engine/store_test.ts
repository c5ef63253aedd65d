import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileStore, StateError } from "../../../src/engine/store.ts";

async function inDir(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
const names = async (dir: string): Promise<readonly string[]> =>
  (await Array.fromAsync(Deno.readDir(dir))).map((e) => e.name).sort();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const memory = { clusterId: "c1", attempts: { "add:n4": { count: 2, lastMs: 1_700_000_000_000 } } };

Deno.test("what was remembered is read back", () =>
  inDir(async (dir) => {
    const store = fileStore(dir, "metadata");
    await store.writeMemory({ attempts: {} });
    await store.writeMemory(memory);
    assert.deepEqual(await store.readMemory(), memory);
    assert.deepEqual(await names(join(dir, "memory")), ["metadata.json"]);
    assert.equal(((await Deno.stat(join(dir, "memory/metadata.json"))).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("a manager that remembers nothing leaves no trace by reading", () =>
  inDir(async (dir) => {
    assert.deepEqual(await fileStore(join(dir, "state"), "metadata").readMemory(), { attempts: {} });
    assert.deepEqual(await names(dir), []);
  }));

for (
  const [what, text] of [
    ["cut off", '{"clusterId":"c1","att'],
    ["empty", ""],
    ["of another shape", '{"clusterId":"c1"}'],
    ["holding a damaged try", '{"attempts":{"add:n4":{"count":"2","lastMs":1}}}'],
  ] as const
) {
  Deno.test(`a memory that is ${what} is an error that says what to do, never an empty memory`, () =>
    inDir(async (dir) => {
      const store = fileStore(dir, "metadata");
      await store.writeMemory(memory);
      await Deno.writeTextFile(join(dir, "memory/metadata.json"), text);
      await assert.rejects(() => store.readMemory(), (error) => {
        assert.ok(error instanceof StateError);
        assert.match(error.message, /metadata\.json is damaged.*quorate status.*delete the file/);
        return true;
      });
    }));
}

Deno.test("services do not share memory, whatever they are called", () =>
  inDir(async (dir) => {
    for (const service of ["a", "..", "a/b", ".a"]) {
      await fileStore(dir, service).writeMemory({ ...memory, clusterId: service });
    }
    for (const service of ["a", "..", "a/b", ".a"]) {
      assert.equal((await fileStore(dir, service).readMemory()).clusterId, service);
    }
    assert.deepEqual(await names(dir), ["memory"]);
  }));

Deno.test("of two holders in one process only one gets the lock, until it lets go", () =>
  inDir(async (dir) => {
    const [one, two] = [fileStore(dir, "metadata"), fileStore(dir, "metadata")];
    const held = await one.lock();
    assert.ok(held);
    assert.equal(await two.lock(), undefined);
    const other = await fileStore(dir, "locks").lock();
    assert.ok(other);
    await other[Symbol.asyncDispose]();
    await held[Symbol.asyncDispose]();
    await using again = await two.lock();
    assert.ok(again);
  }));

Deno.test("a process that is killed frees its lock, and not before", () =>
  inDir(async (dir) => {
    const script = `
      import { fileStore } from ${JSON.stringify(import.meta.resolve("../../../src/engine/store.ts"))};
      const held = await fileStore(${JSON.stringify(dir)}, "metadata").lock();
      console.log(held === undefined ? "busy" : "held");
      await new Promise((resolve) => setTimeout(resolve, 600_000));`;
    const path = join(dir, "holder.ts");
    await Deno.writeTextFile(path, script);
    const args = ["run", "-A", "--no-check", path];
    const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value).trim(), "held");
    const store = fileStore(dir, "metadata");
    assert.equal(await store.lock(), undefined);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await using held = await store.lock();
    assert.ok(held);
  }));

Deno.test("a snapshot has its name only once it is kept, and its hash is that of all its pieces", () =>
  inDir(async (dir) => {
    const file = await fileStore(dir, "metadata").snapshot("etcd");
    await file.write(bytes("one "));
    const half = file.sha256();
    await file.write(bytes("two"));
    assert.notEqual(half, file.sha256());
    assert.equal(file.sha256(), createHash("sha256").update("one two").digest("hex"));
    await assert.rejects(() => Deno.stat(file.path), Deno.errors.NotFound);
    await file.keep(3);
    assert.equal(await Deno.readTextFile(file.path), "one two");
    assert.equal(((await Deno.stat(file.path)).mode ?? 0) & 0o777, 0o600);
    assert.match(file.path, /snapshots\/metadata\/etcd-\d{8}T\d{9}Z\.snapshot$/);
  }));

Deno.test("older snapshots of the same kind are pruned beyond the count, never the newest", () =>
  inDir(async (dir) => {
    const store = fileStore(dir, "metadata");
    const take = async (kind: string, text: string, keep: number): Promise<string> => {
      const file = await store.snapshot(kind);
      await file.write(bytes(text));
      await file.keep(keep);
      return file.path;
    };
    const other = await take("etcd-other", "x", 1);
    const paths: string[] = [];
    for (let i = 0; i < 4; i++) paths.push(await take("etcd", String(i), 3));
    const kept = (await names(join(dir, "snapshots/metadata"))).map((n) =>
      join(dir, "snapshots/metadata", n)
    );
    assert.deepEqual(kept, [...paths.slice(1), other].sort());
    const newest = await take("etcd", "4", 0);
    assert.deepEqual(
      (await names(join(dir, "snapshots/metadata"))).map((n) => join(dir, "snapshots/metadata", n)),
      [newest, other].sort(),
    );
  }));

Deno.test("what is dropped leaves nothing, and neither does what a dead process left unfinished", () =>
  inDir(async (dir) => {
    const store = fileStore(dir, "metadata", join(dir, "backup"));
    const dropped = await store.snapshot("etcd");
    await dropped.write(bytes("x"));
    await dropped.drop();
    await dropped.drop();
    await Deno.writeTextFile(join(dir, "backup/metadata/etcd-20200102T030405678Z.snapshot.part"), "half");
    const file = await store.snapshot("etcd");
    await file.keep(1);
    assert.deepEqual((await names(join(dir, "backup/metadata"))).length, 1);
  }));

Deno.test("when the clock jumped back, the newest snapshot is still the one that is kept", () =>
  inDir(async (dir) => {
    const folder = join(dir, "snapshots/metadata");
    await Deno.mkdir(folder, { recursive: true });
    const ahead = ["29990101T000000000Z", "29990101T000000001Z"].map((t) => `etcd-${t}.snapshot`);
    for (const name of ahead) await Deno.writeTextFile(join(folder, name), "of a clock that was ahead");
    const file = await fileStore(dir, "metadata").snapshot("etcd");
    await file.write(bytes("newest"));
    await file.keep(2);
    assert.equal(await Deno.readTextFile(file.path), "newest");
    assert.deepEqual(await names(folder), [ahead[1], "etcd-29990101T000000002Z.snapshot"]);
  }));

Deno.test("a memory that cannot be written is trouble before a change, though the state directory can be", () =>
  inDir(async (dir) => {
    const store = fileStore(dir, "metadata");
    assert.equal(await store.trouble(), undefined);
    assert.deepEqual(await names(join(dir, "memory")), []);
    await Deno.remove(join(dir, "memory"));
    await Deno.writeTextFile(join(dir, "memory"), "no folder");
    assert.match(await store.trouble() ?? "", /^Cannot write \S+\/memory\/\.probe-metadata: /);
  }));

/** A file system of its own with so many KiB, of which nothing stays; needs root. */
async function onTmpfs(kib: number, test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const run = async (program: string, ...args: string[]) => {
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
  await run("mount", "-t", "tmpfs", "-o", `size=${kib}k,mode=700`, "quorate-test", dir);
  try {
    await test(dir);
  } finally {
    await run("umount", "-l", dir);
    await Deno.remove(dir);
  }
}
const mounts = Deno.uid() === 0 &&
  (await new Deno.Command("unshare", { args: ["-m", "mount", "-t", "tmpfs", "none", "/mnt"] }).output().then(
    ({ success }) => success,
    () => false,
  ));

Deno.test({
  name: "a full disk: what is there is read, the lock is held, and nothing new is taken for written",
  ignore: !mounts,
  fn: () =>
    onTmpfs(128, async (dir) => {
      const store = fileStore(dir, "metadata");
      await store.writeMemory(memory);
      assert.equal(await store.trouble(), undefined);
      await Deno.writeFile(join(dir, "filler"), new Uint8Array(1_000_000)).catch(() => {});
      await using held = await store.lock();
      assert.ok(held);
      const full = /^Cannot write \S+: no room is left on that file system$/;
      assert.match(await store.trouble() ?? "", full);
      await assert.rejects(
        () => store.writeMemory({ attempts: {} }),
        (e) => e instanceof StateError && full.test(e.message),
      );
      assert.deepEqual(await store.readMemory(), memory, "the former one, whole");
      assert.deepEqual(await names(dir), ["filler", "journal.jsonl", "locks", "memory"]);
      assert.deepEqual(await names(join(dir, "memory")), ["metadata.json"]);
    }),
});

Deno.test({
  name: "a read-only disk: what is there is read, and there is no lock",
  ignore: !mounts,
  fn: () =>
    onTmpfs(128, async (dir) => {
      const store = fileStore(dir, "metadata");
      await store.writeMemory(memory);
      await new Deno.Command("mount", { args: ["-o", "remount,ro", dir] }).output();
      const why = /^Cannot write \S+: that file system is read-only$/;
      assert.match(await store.trouble() ?? "", why);
      await assert.rejects(() => store.lock(), (e) => e instanceof StateError && why.test(e.message));
      assert.deepEqual(await store.readMemory(), memory);
    }),
});
