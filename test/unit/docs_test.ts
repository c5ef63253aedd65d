/** The pages in docs/ are what the program says now. */
import assert from "node:assert/strict";
import { pages } from "../../scripts/docs.ts";
import { cases } from "../../src/cli/cases.ts";
import { plugins } from "../../src/cli/plugins.ts";
import { parseConfig } from "../../src/config/read.ts";
import { ruleNames } from "../../src/model/refusal.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => Deno.readTextFileSync(new URL(path, root));

Deno.test("what is made of the program is as it would be made now: else run `deno task docs`", async () => {
  for (const [name, text] of Object.entries(await pages())) {
    assert.equal(read(`docs/${name}`), text, `docs/${name} is not current: run deno task docs`);
  }
});

Deno.test("what a case does goes on where the page begins a sentence with it", () => {
  for (const [name, { does }] of Object.entries(cases)) assert.match(does, /^[a-z]{3,}s\b/, name);
});

Deno.test("every rule is explained, and nothing that is no rule", () => {
  const headings = [...read("docs/refusals.md").matchAll(/^### (\S+)$/gm)].map(([, name]) => name);
  assert.deepEqual(headings.toSorted(), ruleNames.toSorted());
});

Deno.test("what is said never to be said is never said, and the rest is", () => {
  const sections = read("docs/refusals.md").split(/^### /m).slice(1);
  const silent = sections.filter((s) => /It is not said by itself\.\s*$/.test(s.split(/^## /m)[0] ?? ""))
    .map((s) => s.split("\n")[0]);
  const said = new Set(
    ["src/rules", "src/classify", "src/engine", "src/observe", "src/plan", "plugins/etcd"].flatMap((folder) =>
      [...Deno.readDirSync(new URL(folder, root))].filter((e) => e.name.endsWith(".ts")).flatMap((e) =>
        [...read(`${folder}/${e.name}`).matchAll(/"(S\d+)"/g)].map(([, name]) => name)
      )
    ),
  );
  const numbered = ruleNames.filter((name) => /^S\d/.test(name));
  assert.deepEqual(numbered.filter((name) => !said.has(name)).toSorted(), silent.toSorted());
});

Deno.test("the example of a refusal is one", () => {
  const golden = read("test/golden/plan/bootstrap-refused-unreachable/plan.txt");
  assert.ok(read("docs/refusals.md").includes(`\`\`\`text\n${golden.trimEnd()}\n\`\`\``));
});

/** What a heading is called in a link. */
const anchors = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^a-z0-9 _-]/g, "").replaceAll(" ", "-")
  );

Deno.test("links between pages lead somewhere", () => {
  for (
    const page of [
      "README.md",
      "docs/install.md",
      "docs/config.md",
      "docs/cases.md",
      "docs/refusals.md",
      "docs/recovery.md",
      "docs/timer.md",
      "docs/fleets.md",
      "docs/adopt.md",
      "docs/zookeeper.md",
    ]
  ) {
    for (const [, link = "", anchor] of read(page).matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)) {
      const to = new URL(link === "" ? page : link, link === "" ? root : new URL(page, root));
      assert.ok(Deno.statSync(to).isFile, `${page}: ${link}`);
      if (anchor === undefined) continue;
      assert.ok(anchors(Deno.readTextFileSync(to)).includes(anchor), `${page}: ${link}#${anchor}`);
    }
  }
});

Deno.test("the signals that docs/timer.md shows are a config that is right", () => {
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(read("docs/timer.md")) ?? [];
  const { config, problems } = parseConfig(read("examples/quorate.yaml") + yaml, "q.yaml", plugins);
  assert.deepEqual(problems, []);
  assert.equal(config?.alerts?.command?.[0], "/usr/local/bin/notify");
  assert.match(config?.metrics?.textfile ?? "", /\.prom$/);
});
