import assert from "node:assert/strict";
import { candidates, decode, loadConfig } from "../../../src/config/load.ts";
import { plugins } from "./plugins.ts";

const GOOD = `version: 1
nodes: { n1: { host: h1 }, n2: { host: h2 }, n3: { host: h3 } }
services: { a: { plugin: etcd, members: [n1, n2, n3] } }
`;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a config is looked for in the order of the manual", () => {
  const env = { HOME: "/home/u", XDG_CONFIG_HOME: "/xdg" };
  const paths = (wanted: Parameters<typeof candidates>[0]) => candidates(wanted).map((one) => one.path);
  assert.deepEqual(paths({ path: "mine.yaml", env: { QUORATE_CONFIG: "/q.yaml" } }), ["mine.yaml"]);
  assert.deepEqual(paths({ env: { ...env, QUORATE_CONFIG: "/q.yaml" } }), ["/q.yaml"]);
  assert.deepEqual(paths({ env }), [
    "quorate.yaml",
    "/xdg/quorate/quorate.yaml",
    "/etc/quorate/quorate.yaml",
    "/etc/quorate/conf.d",
  ]);
  assert.deepEqual(
    paths({ env: { ...env, XDG_CONFIG_HOME: "relative" } })[1],
    "/home/u/.config/quorate/quorate.yaml",
  );
  assert.deepEqual(paths({ env: {} }), ["quorate.yaml", "/etc/quorate/quorate.yaml", "/etc/quorate/conf.d"]);
});

Deno.test("the config of the working directory wins over that of the user", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/xdg/quorate`, { recursive: true });
    await Deno.mkdir(`${folder}/cwd`);
    await Deno.writeTextFile(`${folder}/xdg/quorate/quorate.yaml`, GOOD);
    const wanted = { env: { XDG_CONFIG_HOME: `${folder}/xdg` }, cwd: `${folder}/cwd` };
    assert.equal((await loadConfig(wanted, plugins)).config?.path, `${folder}/xdg/quorate/quorate.yaml`);
    await Deno.writeTextFile(`${folder}/cwd/quorate.yaml`, GOOD);
    assert.equal((await loadConfig(wanted, plugins)).config?.path, "quorate.yaml");
  }));

Deno.test("without a config, every place that was looked at is said, and how to start", async () => {
  const { problems } = await loadConfig({ env: { HOME: "/nowhere" }, cwd: "/nowhere" }, plugins);
  const [problem] = problems;
  assert.equal(problem?.message, "no config was found");
  assert.equal(
    problem?.expected,
    "one of quorate.yaml, /nowhere/.config/quorate/quorate.yaml, /etc/quorate/quorate.yaml, /etc/quorate/conf.d, or -c FILE, or $QUORATE_CONFIG",
  );
  assert.match(problem?.hint ?? "", /quorate init/);
});

Deno.test("a file that was named is not replaced by another one", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/quorate.yaml`, GOOD);
    const named = await loadConfig({ path: "other.yaml", env: {}, cwd: folder }, plugins);
    assert.equal(named.config, undefined);
    assert.deepEqual(named.problems.map((p) => [p.path, p.line, p.message]), [
      ["other.yaml", 0, "cannot read the config: there is no such file"],
    ]);
    const byEnv = await loadConfig({ env: { QUORATE_CONFIG: folder }, cwd: folder }, plugins);
    assert.deepEqual(byEnv.problems.map((p) => p.message), ["cannot read the config: it is a directory"]);
    assert.match(byEnv.problems[0]?.hint ?? "", /\$QUORATE_CONFIG/);
  }));

Deno.test("a byte order mark is no part of the config", () => {
  assert.deepEqual(decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), "q.yaml"), { text: "a" });
});

Deno.test("bytes that are no UTF-8 are placed", () => {
  const bytes = new Uint8Array([...new TextEncoder().encode("version: 1\n# gr"), 0xfc, 0x6e]);
  const { problem } = decode(bytes, "q.yaml");
  assert.deepEqual([problem?.line, problem?.column, problem?.message], [2, 5, "the file is not UTF-8"]);
});

Deno.test("UTF-16 is named", () => {
  assert.match(decode(new Uint8Array([0xff, 0xfe, 0x61, 0]), "q.yaml").problem?.hint ?? "", /UTF-16/);
});
