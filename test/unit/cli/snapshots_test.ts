/** `quorate snapshots` on files as they lie in the state directory. */
import assert from "node:assert/strict";
import { type Folder, inFolder, unreachable } from "./run.ts";

const bytes = new Uint8Array(
  await new Response(
    new Blob([await Deno.readFile(new URL("../etcd/snapshots/3.5.30-71.gz", import.meta.url))]).stream()
      .pipeThrough(new DecompressionStream("gzip")),
  ).arrayBuffer(),
);
const name = (day: number, end = "") => `snapshot-2026010${day}T000000000Z.snapshot${end}`;

async function withSnapshots(folder: Folder, config = unreachable): Promise<string> {
  const dir = `${folder.dir}/state/snapshots/metadata`;
  await Deno.mkdir(dir, { recursive: true });
  await folder.write("quorate.yaml", config);
  await Deno.writeFile(`${dir}/${name(1)}`, bytes);
  await Deno.writeFile(`${dir}/${name(2)}`, bytes.subarray(0, 10_000));
  await Deno.writeFile(`${dir}/${name(3, ".part")}`, bytes.subarray(0, 10));
  await Deno.writeTextFile(`${dir}/notes.txt`, "somebody else's");
  return dir;
}

Deno.test("snapshots lists what is kept, the newest first, and names what is damaged", () =>
  inFolder(async (folder) => {
    const dir = await withSnapshots(folder);
    const { code, out } = await folder.run("snapshots", "-o", "json");
    assert.equal(code, 0);
    const { schemaVersion, services: [service] } = JSON.parse(out);
    assert.equal(schemaVersion, 1);
    assert.deepEqual([service.name, service.plugin], ["metadata", "etcd"]);
    const [part, torn, whole] = service.snapshots;
    assert.deepEqual([part.path, part.damage], [
      `${dir}/${name(3, ".part")}`,
      "it was not fetched to its end",
    ]);
    assert.match(torn.damage, /cut off/);
    assert.deepEqual([whole.revision, whole.bytes, whole.taken, whole.damage], [
      "71",
      bytes.length,
      "2026-01-01T00:00:00.000Z",
      undefined,
    ]);
    const text = (await folder.run("snapshots")).out;
    assert.match(text, /^metadata \(etcd\): 3 kept\n/);
    assert.match(text, /24\.0 KiB|24 KiB/);
    assert.match(text, new RegExp(`! ${dir}/${name(2)}: it was cut off`));
    assert.doesNotMatch(text, /notes\.txt/);
  }));

Deno.test("where nothing is kept it says so, and a service that is none is wrong usage", () =>
  inFolder(async (folder) => {
    await folder.write("quorate.yaml", unreachable);
    assert.deepEqual(await folder.run("snapshots"), {
      code: 0,
      out: "metadata (etcd): no snapshot is kept\n",
      err: "",
    });
    assert.equal((await folder.run("snapshots", "other")).code, 64);
  }));

Deno.test("policy.backup.dir is where it looks, where the config names it", () =>
  inFolder(async (folder) => {
    const dir = await withSnapshots(folder);
    await Deno.rename(`${folder.dir}/state/snapshots`, `${folder.dir}/backups`);
    const config = unreachable.replace("policy: { ", `policy: { backup: { dir: ${folder.dir}/backups }, `);
    await folder.write("quorate.yaml", config);
    const { out } = await folder.run("snapshots");
    assert.match(out, /3 kept/);
    assert.ok(!out.includes(dir));
  }));
