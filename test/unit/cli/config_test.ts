import assert from "node:assert/strict";
import { inFolder, unreachable } from "./run.ts";

Deno.test("init writes a config that is valid as it stands", () =>
  inFolder(async ({ run, dir }) => {
    const first = await run("init");
    assert.deepEqual([first.code, first.out], [0, ""]);
    assert.match(first.err, /quorate\.yaml is written/);
    const { code, out, err } = await run("validate");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /quorate\.yaml is valid: 3 nodes, 1 service\n {2}main: etcd on n1, n2, n3\n/);
    assert.equal((await run("validate", "-q", "-c", `${dir}/quorate.yaml`)).out, "");
  }));

Deno.test("init leaves a file alone that is there", () =>
  inFolder(async ({ run, dir, write }) => {
    await write("mine.yaml", "mine\n");
    const { code, err } = await run("init", "mine.yaml");
    assert.equal(code, 1);
    assert.match(err, /mine\.yaml: it is there already and was left alone/);
    assert.equal(await Deno.readTextFile(`${dir}/mine.yaml`), "mine\n");
  }));

Deno.test("init says why it cannot write", () =>
  inFolder(async ({ run }) => {
    const { code, err } = await run("init", "no/such/folder.yaml");
    assert.equal(code, 1);
    assert.match(err, /cannot write no\/such\/folder\.yaml: there is no folder \S+\/no\/such: make it first/);
  }));

for (const command of ["validate", "plan", "apply", "status", "explain add"]) {
  Deno.test(`"quorate ${command}" without a config ends with 78 and says where it looked`, () =>
    inFolder(async ({ run }) => {
      const { code, out, err } = await run(...command.split(" "));
      assert.deepEqual([code, out], [78, ""]);
      assert.match(err, /no config was found[\s\S]*quorate init/);
    }));
}

Deno.test("a broken config ends with 78, and each problem has its place and a frame", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", unreachable.replace("members: [n1, n2, n3]", "member: [n1, n2, n5]"));
    const { code, out, err } = await run("apply");
    assert.deepEqual([code, out], [78, ""]);
    assert.match(err, /quorate\.yaml:\d+:\d+: error: /);
    assert.match(err, /did you mean: members\?/);
    assert.match(err, /\^\^/);
  }));

Deno.test("a warning is said by validate and plan, never by apply, and by none that is quiet", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", unreachable.replace("[n1, n2, n3]", "[n1, n2]"));
    for (const command of ["validate", "plan"]) {
      assert.match((await run(command)).err, /warning: /, command);
      assert.doesNotMatch((await run(command, "-q")).err, /warning: /, command);
    }
    assert.doesNotMatch((await run("apply")).err, /warning: /);
  }));

Deno.test("a service that the config does not have is a usage error that names the nearest", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", unreachable);
    for (const command of ["plan", "apply", "status", "explain add"]) {
      const { code, err } = await run(...command.split(" "), "metadta");
      assert.equal(code, 64, command);
      assert.match(err, /no service metdata|no service metadta in quorate\.yaml, did you mean metadata\?/);
    }
  }));

Deno.test("schema prints a JSON Schema that knows the plugin's options", () =>
  inFolder(async ({ run }) => {
    const { code, out } = await run("schema");
    assert.equal(code, 0);
    const schema = JSON.parse(out);
    assert.equal(schema.type, "object");
    assert.match(out, /dataDir/);
  }));

Deno.test("colours follow --color and NO_COLOR", async () => {
  const test = (args: readonly string[], env: Readonly<Record<string, string>>, coloured: boolean) =>
    inFolder(async ({ run }) => {
      const { err } = await run("init", "no/folder", ...args);
      assert.equal(err.includes("\x1b["), coloured, `${args} ${JSON.stringify(env)}`);
    }, env);
  await test([], {}, false);
  await test(["--color", "always"], { NO_COLOR: "1" }, true);
  await test(["--color", "never"], {}, false);
});
