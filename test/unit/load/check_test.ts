/** `quorate check` and `quorate types`, as an author uses them. */
import assert from "node:assert/strict";
import check from "../../../src/cli/check.ts";
import explain from "../../../src/cli/explain.ts";
import simulate from "../../../src/cli/simulate.ts";
import { library } from "../../../src/author/library.ts";
import { denoJson, tsconfigJson } from "../../../src/author/folder.ts";
import ts from "typescript";
import { Author, configOf } from "./author.ts";

const head = `import { extend, management, nothing, run, sh, step } from "quorate";
import { etcdPlaybook } from "quorate/plugins/etcd";
`;
const good = `${head}export default extend(etcdPlaybook, {
  add: { after: { promote: (f) => [
    step("tell", run(sh\`logger \${f.node.name}\`), {
      on: management, effect: nothing, idempotent: true,
    }),
  ] } },
});
`;
const typo = good.replace("f.node.name", "f.node.nam");
const typeError =
  `playbook.ts:5:41: error: Property 'nam' does not exist on type 'HostNode'. Did you mean 'name'? (TS2551)
  4 |   add: { after: { promote: (f) => [
  5 |     step("tell", run(sh\`logger \${f.node.nam}\`), {
    |                                         ^^^
`;

Deno.test("check runs every case, shows the steps and marks the author's own", async () => {
  using author = new Author({ "playbook.ts": good });
  const { code, out, err } = await author.says((cli, flags) => check(cli, flags, "playbook.ts"));
  assert.equal(code, 0, err);
  assert.match(err, /^playbook.ts is well: \d+ forms of \d+ cases checked, its types too\n$/);
  assert.match(out, /\nadd n4\n(?: {4}.*\n)+ {2}\+ tell on this host {2}\$ logger n4\n/);
  assert.equal(out.match(/^ {2}\+/gm)?.length, 1, "nothing else is the author's");
});

Deno.test("check tells a type error at its place", async () => {
  using author = new Author({ "playbook.ts": typo });
  const ran = await author.says((cli, flags) => check(cli, flags, "playbook.ts"));
  assert.deepEqual(ran, { code: 78, out: "", err: typeError });
});

Deno.test("check of a folder says that it is one", async () => {
  using author = new Author({});
  Deno.mkdirSync(`${author.dir}/playbook.ts`);
  const { code, err } = await author.says((cli, flags) => check(cli, flags, "playbook.ts"));
  assert.deepEqual([code, err], [78, "playbook.ts: error: it cannot be read: it is a directory\n"]);
});

Deno.test("check marks a single character as the compiler does, and takes its mark for no hint", async () => {
  using author = new Author({ "playbook.ts": `${good}export const same = (f) => f;\n` });
  const { err } = await author.says((cli, flags) => check(cli, flags, "playbook.ts"));
  assert.match(err, /^playbook\.ts:10:22: error: Parameter 'f' .* \(TS7006\)\n.*\n.*\n {5}\| {22}\^\n$/);
});

Deno.test("check by a config uses its nodes and options, and says where the config names no such file", async () => {
  using author = new Author({ "playbook.ts": good, "other.ts": good, "q.yaml": configOf("./playbook.ts") });
  const named = await author.says((cli, flags) => check(cli, flags, "playbook.ts"), "q.yaml");
  assert.equal(named.code, 0, named.err);
  const other = await author.says((cli, flags) => check(cli, flags, "other.ts"), "q.yaml");
  assert.deepEqual([other.code, other.err], [64, "quorate: no service of q.yaml names other.ts\n"]);
});

Deno.test("check takes a plugin, too", async () => {
  using author = new Author({});
  const metad = new URL("../../../examples/metad/metad.ts", import.meta.url).pathname;
  const { code, out, err } = await author.says((cli, flags) => check(cli, flags, metad));
  assert.equal(code, 0, err);
  assert.match(out, /the plugin metad, on sample facts/);
});

Deno.test("simulate says which services it knows, and explain shows a plugin's own commands", async () => {
  const metad = new URL("../../../examples/metad/metad.ts", import.meta.url).pathname;
  using author = new Author({ "q.yaml": configOf(undefined, metad) });
  const simulated = await author.says((cli, flags) => simulate(cli, { ...flags, seeds: 1 }), "q.yaml");
  assert.deepEqual([simulated.code, simulated.err], [
    64,
    "quorate: only etcd and zookeeper can be simulated, not metad: test it with FakeFleet of quorate/testing\n",
  ]);
  const { code, out } = await author.says(
    (cli, flags) => explain(cli, { ...flags, output: "text", node: "n4" }, "add"),
    "q.yaml",
  );
  assert.equal(code, 0);
  assert.match(out, /\$ metad ctl http:\/\/10.0.0.11:7400,\S+ add http:\/\/10.0.0.14:7400\n/);
});

Deno.test("an author's folder: tsc and deno check take a good playbook and find a planted error; its tests run", async () => {
  using author = new Author({ "good.ts": good, "typo.ts": typo, "deno.json": denoJson });
  const files = library();
  for (const [name, text] of Object.entries(files)) {
    const path = `${author.dir}/.quorate/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
  const declared = Object.entries(files).filter(([name]) => name.endsWith(".d.ts"));
  assert.ok(declared.length > 20);
  assert.deepEqual(
    declared.filter(([, text]) => /^(?:import|export).* from "(?!\.|quorate)|valibot/m.test(text)).map((
      [name],
    ) => name),
    [],
  );

  const { options } = ts.parseJsonConfigFileContent(JSON.parse(tsconfigJson), ts.sys, author.dir);
  const found = (name: string) =>
    ts.getPreEmitDiagnostics(ts.createProgram([`${author.dir}/${name}`], options)).map((d) =>
      ts.flattenDiagnosticMessageText(d.messageText, "\n")
    );
  assert.deepEqual(found("good.ts"), []);
  assert.deepEqual(found("typo.ts"), [
    "Property 'nam' does not exist on type 'HostNode'. Did you mean 'name'?",
  ]);

  author.write(
    "good_test.ts",
    `import assert from "node:assert/strict";
import { etcd } from "quorate/plugins/etcd";
import { FakeFleet } from "quorate/testing";
import playbook from "./good.ts";
Deno.test("a new member is told", async () => {
  const { ran } = await new FakeFleet({ plugin: etcd, playbook }).apply("n1", "n2", "n3", "n4");
  assert.ok(ran.includes("management: logger n4"));
});
`,
  );
  const deno = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: author.dir,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, said: `${decoder.decode(stdout)}${decoder.decode(stderr)}` };
  };
  const tested = await deno("test", "good_test.ts");
  assert.equal(tested.code, 0, tested.said);
  const checked = await deno("check", "typo.ts");
  assert.equal(checked.code, 1);
  assert.match(checked.said, /TS2551 .*Property 'nam' does not exist on type 'HostNode'/);
});
