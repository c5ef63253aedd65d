/** The arrows between folders, read from the import lines. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";

const root = new URL("../../", import.meta.url).pathname;

interface Import {
  readonly from: string;
  /** A path from the root for what is ours, else what stands there. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function filesIn(folder: string): readonly string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap((e) => {
    const path = `${folder}/${e.name}`;
    return e.isDirectory ? filesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** A file without its comments: examples in them import what the file does not. */
const codeOf = (path: string): string =>
  Deno.readTextFileSync(join(root, path)).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

function importsOf(path: string): readonly Import[] {
  const named = /^(?:import|export)( type)?\s+(?:\{[^}]*\}|\*(?: as \w+)?|\w+)\s+from\s+"([^"]+)"/gm;
  const bare = /^import()\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  const code = codeOf(path);
  return [...code.matchAll(named), ...code.matchAll(bare)].map(([, type, first, lazy]) => {
    const target = first ?? lazy ?? "";
    const to = target === "quorate"
      ? "mod.ts"
      : target.startsWith(".")
      ? normalize(join(dirname(path), target))
      : target;
    return { from: path, to, typeOnly: type === " type" };
  });
}

const files = [...filesIn("src"), ...filesIn("plugins"), "mod.ts"];
const imports = files.flatMap(importsOf);
const folderOf = (path: string): string => path.split("/").slice(0, 2).join("/");
const told = (list: readonly Import[]): readonly string[] => list.map((i) => `${i.from} imports ${i.to}`);

/** All of our files that these reach, types included. */
function reach(from: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    imports.filter((i) => i.from === path && files.includes(i.to)).forEach((i) => visit(i.to));
  };
  from.forEach(visit);
  return seen;
}

const pure = [
  "src/model",
  "src/rules",
  "src/classify",
  "src/observe",
  "src/playbook",
  "src/plan",
  "plugins/etcd",
  "plugins/zookeeper",
];

Deno.test("the import lines are read: many of them, and all that are ours exist", () => {
  assert.ok(imports.length > 200);
  const ours = imports.filter((i) => i.to.startsWith("src/") || i.to.startsWith("plugins/"));
  assert.deepEqual(told(ours.filter((i) => i.to.endsWith(".ts") && !files.includes(i.to))), []);
});

for (const folder of pure) {
  Deno.test(`${folder} does no I/O, nor does anything that it imports`, () => {
    const reached = reach(files.filter((f) => folderOf(f) === folder));
    const foreign = imports.filter((i) =>
      reached.has(i.from) && !files.includes(i.to) && !i.to.endsWith(".sh")
    );
    assert.deepEqual(told(foreign), [], "no package and nothing of the runtime");
    const doing = [...reached].filter((f) =>
      /\b(Deno|process|performance|localStorage)\.|\bDate\.now\(|new Date\(\)|Math\.random\(|\b(setTimeout|setInterval)\(/
        .test(codeOf(f))
    );
    assert.deepEqual(doing.filter((f) => !f.startsWith("src/engine/")), []);
    assert.deepEqual([...reached].filter((f) => /^src\/(ssh|cli|config|report)\//.test(f)), []);
    assert.ok(!reached.has("src/engine/store.ts") && !reached.has("src/engine/journal.ts"));
  });
}

Deno.test("a plugin imports mod.ts and its own folder, nothing else", () => {
  const plugins = imports.filter((i) => i.from.startsWith("plugins/"));
  assert.ok(plugins.length > 10);
  assert.deepEqual(told(plugins.filter((i) => i.to !== "mod.ts" && folderOf(i.to) !== folderOf(i.from))), []);
});

Deno.test("mod.ts re-exports of the model and the playbook only, and never with a body of its own", () => {
  const from = new Set(imports.filter((i) => i.from === "mod.ts").map((i) => folderOf(i.to)));
  assert.deepEqual([...from].sort(), ["src/model", "src/playbook"]);
  assert.doesNotMatch(codeOf("mod.ts"), /^\s*(export )?(const|let|function|class)\b/m);
});

Deno.test("nothing imports the command line but the executable, and no plugin but the command line", () => {
  const into = (folder: string) =>
    imports.filter((i) => i.to.startsWith(folder) && !i.from.startsWith(folder));
  assert.deepEqual([...new Set(into("src/cli/").map((i) => i.from))], ["src/main.ts"]);
  assert.deepEqual([...new Set(into("plugins/").map((i) => folderOf(i.from)))], ["src/cli"]);
});

/** Where plugins are bound by name, and where a model of the simulator is. */
const bound = [
  "src/author/entries.ts",
  "src/cli/built_in.ts",
  "src/cli/models.ts",
  "src/cli/own.ts",
  "src/cli/plugins.ts",
];
/** What `lock:` in the config names is an etcd, whatever the services are. */
const locks = [
  "src/cli/leases.ts",
  "src/config/checks.ts",
  "src/config/config.ts",
  "src/config/read.ts",
  "src/config/schema.ts",
  "src/lease/etcd.ts",
  "src/lease/leases.ts",
];

for (
  const { called, words, may } of [
    { called: "ZooKeeper", words: /zookeeper|zoo\.cfg|\bzk_/i, may: bound },
    { called: "etcd", words: /etcd/i, may: [...bound, ...locks] },
  ]
) {
  Deno.test(`${called} is named in src only where it has to be, comments apart`, () => {
    const ours = files.filter((f) => f.startsWith("src/") && !f.startsWith("src/sim/"));
    assert.deepEqual(ours.filter((f) => words.test(codeOf(f))).toSorted(), may.toSorted());
  });
}

Deno.test("SSH knows the model only", () => {
  const ours = imports.filter((i) => i.from.startsWith("src/ssh/") && files.includes(i.to));
  assert.deepEqual(told(ours.filter((i) => !/^src\/(ssh|model)\//.test(i.to))), []);
});

Deno.test("folders import each other in no circle, types apart", () => {
  const next = new Map<string, Set<string>>();
  for (const i of imports) {
    const [a, b] = [folderOf(i.from), folderOf(i.to)];
    if (i.typeOnly || a === b || !files.includes(i.to)) continue;
    next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const circleFrom = (path: readonly string[]): readonly string[] | undefined => {
    for (const to of next.get(path.at(-1) ?? "") ?? []) {
      if (to === path[0]) return [...path, to];
      const found = path.includes(to) ? undefined : circleFrom([...path, to]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  assert.deepEqual([...next.keys()].map((f) => circleFrom([f])).filter((c) => c !== undefined), []);
});
