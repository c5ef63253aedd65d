import assert from "node:assert/strict";
import { loadConfigs } from "../../../src/config/folder.ts";
import { plugins } from "./plugins.ts";

const file = (service: string, hosts = "h", more = ""): string =>
  `version: 1
nodes: { n1: { host: ${hosts}1 }, n2: { host: ${hosts}2 }, n3: { host: ${hosts}3 } }
services: { ${service}: { plugin: etcd, members: [n1, n2, n3]${more} } }
`;

/** What a folder with these files is read as. */
async function read(files: Readonly<Record<string, string>>) {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cwd}/conf.d`);
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${cwd}/conf.d/${name}`, text);
    const loaded = await loadConfigs({ path: "conf.d", env: {}, cwd }, plugins);
    return loaded.files.map(({ path, config, problems }) => ({
      path,
      services: config?.services.map((s) => s.name),
      said: problems.filter((p) => p.severity === "error").map((p) => `${p.line}:${p.column} ${p.message}`),
    }));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("a folder is its *.yaml and *.yml, in the order of their names, and nothing else in it", async () => {
  const files = await read({
    "b.yml": file("b", "b"),
    "a.yaml": file("a", "a"),
    "a.yaml.rpmsave": "{",
    ".hidden.yaml": "{",
    "README": "{",
  });
  assert.deepEqual(files, [
    { path: "conf.d/a.yaml", services: ["a"], said: [] },
    { path: "conf.d/b.yml", services: ["b"], said: [] },
  ]);
});

Deno.test("a broken file is told with its position, and the others are read", async () => {
  const files = await read({ "a.yaml": file("a", "a"), "b.yaml": file("b", "b").replace("n3]", "n4]") });
  assert.deepEqual(files, [
    { path: "conf.d/a.yaml", services: ["a"], said: [] },
    { path: "conf.d/b.yaml", services: undefined, said: ["3:50 n4 is not under nodes:"] },
  ]);
});

Deno.test("a folder or a link to nothing that is called like a config is told as one of the folder's", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cwd}/conf.d/a.yaml`, { recursive: true });
    await Deno.symlink("nowhere", `${cwd}/conf.d/b.yaml`);
    const { files } = await loadConfigs({ path: "conf.d", env: {}, cwd }, plugins);
    const hint = "every .yaml and .yml of a folder is a config: mend it, or move it away";
    assert.deepEqual(files.map(({ problems }) => problems.map((p) => [p.path, p.message, p.hint])), [
      [["conf.d/a.yaml", "cannot read the config: it is a directory", hint]],
      [["conf.d/b.yaml", "cannot read the config: there is no such file", hint]],
    ]);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("a service name that two files use takes both of them out, and no third one", async () => {
  const files = await read({ "a.yaml": file("m", "a"), "b.yaml": file("m", "b"), "c.yaml": file("c", "c") });
  assert.deepEqual(files, [
    { path: "conf.d/a.yaml", services: undefined, said: ["3:13 m is a service of conf.d/b.yaml as well"] },
    { path: "conf.d/b.yaml", services: undefined, said: ["3:13 m is a service of conf.d/a.yaml as well"] },
    { path: "conf.d/c.yaml", services: ["c"], said: [] },
  ]);
});

Deno.test("services of two files that would break each other on a host are found, whatever the host is called", async () => {
  const files = await read({
    "a.yaml": file("a"),
    "b.yaml": file("b").replaceAll(/n([123])/g, "m$1").replace("h1", "H1"),
  });
  assert.deepEqual(files.map((f) => f.services), [undefined, undefined]);
  for (const { said: [said] } of files) {
    assert.match(said ?? "", /^3:13 a and b would break each other on h1, h2, h3: unit etcd.service/);
  }
});

Deno.test("what a broken file keeps stays its own: a slip in it hands its hosts to no other file", async () => {
  const copy = file("copy");
  for (const slip of ["version: 1\ntypo: 1", "version: [1", "version: 1\nssh: { port: none }"]) {
    const files = await read({
      "a.yaml": file("a").replace("version: 1", slip),
      "b.yaml": copy,
      "c.yaml": file("c", "c"),
    });
    assert.deepEqual(files.map((f) => f.services), [undefined, undefined, ["c"]], slip);
  }
  const lame = file("a").replace("n3]", "n4]");
  const [, { said: [said] } = { said: [] }] = await read({ "a.yaml": lame, "b.yaml": copy });
  assert.match(said ?? "", /conf.d\/a.yaml names h1 as well, and what it keeps there cannot be made out/);
  // Names that only begin alike are other hosts.
  const [, other] = await read({ "a.yaml": lame, "b.yaml": file("other", "h1") });
  assert.deepEqual(other?.services, ["other"]);
});

Deno.test("the same node names in two files are different hosts", async () => {
  const files = await read({ "a.yaml": file("a", "a"), "b.yaml": file("b", "b") });
  assert.deepEqual(files.map((f) => f.services), [["a"], ["b"]]);
});

Deno.test("a folder without a config is an error", async () => {
  assert.deepEqual(await read({ "a.txt": "" }), [
    { path: "conf.d", services: undefined, said: ["0:0 there is no config in this folder"] },
  ]);
});
