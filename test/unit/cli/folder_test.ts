import assert from "node:assert/strict";
import { inFolder, unreachable } from "./run.ts";

const other = unreachable.replace("metadata:", "locks:").replaceAll("127.0.0.", "127.0.1.");

Deno.test("a folder of configs: a broken file ends with 78 where the others are well, and does not stop them", () =>
  inFolder(async ({ run, dir, write }) => {
    await Deno.mkdir(`${dir}/conf.d`);
    await write("conf.d/a.yaml", unreachable);
    await write("conf.d/b.yaml", other.replace("members:", "member:"));
    const checked = await run("validate", "-c", "conf.d");
    assert.equal(checked.code, 78);
    assert.match(checked.err, /conf\.d\/b\.yaml:\d+:\d+: error: /);
    assert.match(checked.out, /conf\.d\/a\.yaml is valid: 4 nodes, 1 service\n {2}metadata: etcd/);
    assert.doesNotMatch(checked.out, /b\.yaml/);
    // What a service came to is worse than a slip in a file.
    const applied = await run("apply", "-c", "conf.d");
    assert.equal(applied.code, 3, applied.err);
    assert.match(applied.err, /conf\.d\/b\.yaml:\d+:\d+: error: [\s\S]*metadata: refused/);
    const named = await run("apply", "-c", "conf.d", "locks");
    assert.equal(named.code, 78);
    assert.match(named.err, /there is no service locks in conf\.d/);
  }));

Deno.test("plan shows the services whose memory can be read, and names the one whose cannot", () =>
  inFolder(async ({ run, dir, write }) => {
    await Deno.mkdir(`${dir}/conf.d`);
    await write("conf.d/a.yaml", unreachable);
    await write("conf.d/b.yaml", other);
    await Deno.mkdir(`${dir}/state/memory`, { recursive: true });
    await write("state/memory/metadata.json", "{");
    const both = await run("plan", "-c", "conf.d", "-o", "json");
    const { services } = JSON.parse(both.out);
    assert.deepEqual([both.code, services.map((s: { name: string }) => s.name)], [3, ["locks"]]);
    assert.match(both.err, /^quorate: metadata: The memory .* is damaged/);
    const one = await run("plan", "-c", "conf.d", "-o", "json", "metadata");
    assert.deepEqual([one.code, JSON.parse(one.out)], [1, { schemaVersion: 1, services: [] }]);
  }));

Deno.test("services of all files are applied; a deadline that is over is told for each that was not begun", () =>
  inFolder(async ({ run, dir, write }) => {
    await Deno.mkdir(`${dir}/conf.d`);
    await write("conf.d/a.yaml", unreachable);
    await write("conf.d/b.yaml", other);
    const both = await run("apply", "-c", "conf.d", "--parallel", "1");
    assert.equal(both.code, 3);
    for (const name of ["metadata", "locks"]) assert.match(both.err, new RegExp(`^${name}: refused`, "m"));
    const late = await run("apply", "-c", "conf.d", "--deadline", "1ms", "--jitter", "5ms");
    assert.equal(late.code, 5);
    for (const name of ["metadata", "locks"]) {
      assert.match(
        late.err,
        new RegExp(`^${name}: not finished .*not begun: the run's --deadline has passed`, "m"),
      );
    }
    assert.equal((await run("apply", "--jitter", "soon")).code, 64);
  }));
