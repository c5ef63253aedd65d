/** What an author is told about files of their own, word by word. */
import assert from "node:assert/strict";
import validate from "../../../src/cli/validate.ts";
import { Author, configOf } from "./author.ts";

const head = `import { anyVoter, extend, management, nothing, removes, run, sh, step } from "quorate";
import { etcdPlaybook } from "quorate/plugins/etcd";
`;

interface Wrong {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  /** All that is said, exactly. */
  readonly says: string;
}

const imports =
  "one of quorate, quorate/plugins/etcd, quorate/plugins/zookeeper, quorate/testing, a relative .ts file, or a module of Node such as node:path";

const wrong: readonly Wrong[] = [
  {
    what: "a syntax error",
    files: { "playbook.ts": `${head}const a: number = ;\n` },
    says: `playbook.ts:3:19: error: Expression expected
  2 | import { etcdPlaybook } from "quorate/plugins/etcd";
  3 | const a: number = ;
    |                   ^
`,
  },
  {
    what: "a name that quorate does not export",
    files: { "playbook.ts": 'import { extnd } from "quorate";\nexport default extnd;\n' },
    says: `playbook.ts:1:10: error: quorate exports no extnd
  1 | import { extnd } from "quorate";
    |          ^
`,
  },
  {
    what: "no default export",
    files: { "playbook.ts": "export const add = 1;\n" },
    says: `playbook.ts: error: the file has no default export
  expected: export default extend(playbook, { … });
`,
  },
  {
    what: "a default export that is no playbook",
    files: { "playbook.ts": "export default 7;\n" },
    says: `playbook.ts:1:8: error: this is no playbook
  1 | export default 7;
    |        ^^^^^^^
  expected: a function for each of bootstrap, restart, add, remove, replace, retire, repairCrashed, repairWiped, repairConfig, prune, recover, restore, quorumLost, as playbook() and extend() give them
`,
  },
  {
    what: "a playbook without some cases",
    files: { "playbook.ts": `${head}const { add, retire, ...rest } = etcdPlaybook;\nexport default rest;\n` },
    says: `playbook.ts:4:8: error: the playbook has no case add, retire
  3 | const { add, retire, ...rest } = etcdPlaybook;
  4 | export default rest;
    |        ^^^^^^^
  expected: a function for each of bootstrap, restart, add, remove, replace, retire, repairCrashed, repairWiped, repairConfig, prune, recover, restore, quorumLost, as playbook() and extend() give them
`,
  },
  {
    what: "an id that no step of the case has",
    files: {
      "playbook.ts": `${head}// promte: not here
export default extend(etcdPlaybook, {
  add: { after: { promte: () => [] } },
});
`,
    },
    says: `playbook.ts:5:19: error: no step of add has the id promte
  4 | export default extend(etcdPlaybook, {
  5 |   add: { after: { promte: () => [] } },
    |                   ^^^^^^
  expected: one of snapshot, fetch-snapshot, stage, register-learner, configure, start-existing, wait-in-sync, seal, promote, wait-all, latch, unit, fence, set-aside
  did you mean: promote?
`,
  },
  {
    what: "an amendment that is neither before, after nor in place of a step, so would be lost",
    files: {
      "playbook.ts": `${head}export default extend(etcdPlaybook, {
  add: { befor: { promote: () => [] } },
});
`,
    },
    says: `playbook.ts:4:10: error: add cannot be amended by befor
  3 | export default extend(etcdPlaybook, {
  4 |   add: { befor: { promote: () => [] } },
    |          ^^^^^
  expected: one of before, after, replace
  did you mean: before?
`,
  },
  {
    what: "a case that there is not, in a file that the playbook imports",
    files: {
      "playbook.ts": 'export { mine as default } from "./mine.ts";\n',
      "mine.ts":
        `${head}export const mine = extend(etcdPlaybook, { ad: {\n  before: { promote: () => [] } } });\n`,
    },
    says: `mine.ts:3:44: error: there is no case ad
  2 | import { etcdPlaybook } from "quorate/plugins/etcd";
  3 | export const mine = extend(etcdPlaybook, { ad: {
    |                                            ^^
  expected: one of bootstrap, restart, add, remove, replace, retire, repairCrashed, repairWiped, repairConfig, prune, recover, restore, quorumLost
  did you mean: add?
`,
  },
  {
    what: "two steps of one id",
    files: {
      "playbook.ts":
        `${head}const tell = () => step("tell", run(sh\`logger hi\`), { on: management, effect: nothing, idempotent: true });
export default extend(etcdPlaybook, {
  remove: { before: { "wait-all": () => [tell()] }, after: { "wait-all": () => [tell()] } },
});
`,
    },
    says: `playbook.ts:3:20: error: step tell: its id stands twice
  2 | import { etcdPlaybook } from "quorate/plugins/etcd";
  3 | const tell = () => step("tell", run(sh\`logger hi\`), { on: management, effect: nothing, idempotent: t
    |                    ^
  hint: give each step an id of its own
`,
  },
  {
    what: "a step without a guard",
    files: {
      "playbook.ts": `${head}export default extend(etcdPlaybook, {
  add: { after: { promote: (f) => [
    step("tell", run(sh\`logger \${f.node.name}\`), { on: management, effect: nothing }),
  ] } },
});
`,
    },
    says:
      `playbook.ts:5:5: error: Cannot make step tell: it has no guard: a step that changes something says why doing it twice is safe, by one of unless, onlyIf or idempotent: true
  4 |   add: { after: { promote: (f) => [
  5 |     step("tell", run(sh\`logger \${f.node.name}\`), { on: management, effect: nothing }),
    |     ^
  hint: seen in the case add, on sample facts
`,
  },
  {
    what: "a guard that is taken away from a built-in step",
    files: {
      "playbook.ts": `${head}export default extend(etcdPlaybook, {
  add: { replace: { promote: ({ unless: _gone, ...own }) => [own] } },
});
`,
    },
    says:
      `playbook.ts:4:21: error: step promote:n3: it has no guard: a step that changes something says why doing it twice is safe, by one of unless, onlyIf or idempotent: true
  3 | export default extend(etcdPlaybook, {
  4 |   add: { replace: { promote: ({ unless: _gone, ...own }) => [own] } },
    |                     ^^^^^^^
  hint: seen in the case add, on sample facts
`,
  },
  {
    what: "steps in an order that a rule forbids",
    files: {
      "playbook.ts": `${head}export default extend(etcdPlaybook, {
  remove: { before: { snapshot: (f) => [
    step("kick", run(sh\`true\`), { on: anyVoter(), effect: removes(f.member), idempotent: true }),
  ] } },
});
`,
    },
    says: `playbook.ts:5:5: error: step kick: no snapshot is fetched before
  4 |   remove: { before: { snapshot: (f) => [
  5 |     step("kick", run(sh\`true\`), { on: anyVoter(), effect: removes(f.member), idempotent: true }),
    |     ^
  hint: put the snapshot first, or set policy.backup: false
`,
  },
  {
    what: "an error that a case throws",
    files: {
      "playbook.ts": `${head}const names: Record<string, string[]> = {};
export default extend(etcdPlaybook, {
  replace: { after: { promote: (f) => names[f.node.name].map(() => { throw 1; }) } },
});
`,
    },
    says: `playbook.ts:5:58: error: TypeError: Cannot read properties of undefined (reading 'map')
  4 | export default extend(etcdPlaybook, {
  5 |   replace: { after: { promote: (f) => names[f.node.name].map(() => { throw 1; }) } },
    |                                                          ^
  hint: seen in the case replace, on sample facts
`,
  },
  {
    what: "an error that the file throws, behind an enum and an interface",
    files: { "playbook.ts": "interface A {\n  a: 1;\n}\nenum B { a }\nthrow new RangeError(`no ${B.a}`);\n" },
    says: `playbook.ts:5:7: error: RangeError: no 0
  4 | enum B { a }
  5 | throw new RangeError(\`no \${B.a}\`);
    |       ^
`,
  },
  {
    what: "a circle of imports",
    files: {
      "playbook.ts": 'import { b } from "./b.ts";\nexport const a = b;\nexport default a;\n',
      "b.ts": '/* import from "./playbook.ts" */\nimport { a } from "./playbook.ts";\nexport const b = a;\n',
    },
    says: `b.ts:2:19: error: the imports go in a circle: b.ts → playbook.ts → b.ts
  1 | /* import from "./playbook.ts" */
  2 | import { a } from "./playbook.ts";
    |                   ^^^^^^^^^^^^^^^
  hint: move what both need into a file of its own; types are imported with \`import type\`
`,
  },
  {
    what: "a package of npm",
    files: { "playbook.ts": 'import left from "npm:left-pad";\nexport default left;\n' },
    says: `playbook.ts:1:18: error: npm:left-pad cannot be imported: Quorate fetches nothing
  1 | import left from "npm:left-pad";
    |                  ^^^^^^^^^^^^^^
  expected: ${imports}
  hint: copy what you need into a .ts file beside it
`,
  },
  {
    what: "a URL, at run time",
    files: { "playbook.ts": 'export default await import("https://example.com/x.ts");\n' },
    says: `playbook.ts:1:29: error: https://example.com/x.ts cannot be imported: Quorate fetches nothing
  1 | export default await import("https://example.com/x.ts");
    |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^
  expected: ${imports}
  hint: copy what you need into a .ts file beside it
`,
  },
  {
    what: "a bare name",
    files: { "playbook.ts": 'import { x } from "quorat";\nexport default x;\n' },
    says: `playbook.ts:1:19: error: there is no module quorat to import
  1 | import { x } from "quorat";
    |                   ^^^^^^^^
  expected: ${imports}
  did you mean: quorate?
`,
  },
  {
    what: "a file that is not there",
    files: { "playbook.ts": 'import { x } from "./x.ts";\nexport default x;\n' },
    says: `playbook.ts:1:19: error: there is no file x.ts
  1 | import { x } from "./x.ts";
    |                   ^^^^^^^^
  expected: a relative path with its ending, .ts
`,
  },
  {
    what: "a file of another kind",
    files: {
      "playbook.ts": 'import x from "./x.json" with { type: "json" };\nexport default x;\n',
      "x.json": "1",
    },
    says: `playbook.ts:1:15: error: ./x.json cannot be imported
  1 | import x from "./x.json" with { type: "json" };
    |               ^^^^^^^^^^
  expected: a file whose name ends with .ts
`,
  },
  {
    what: "a playbook that is not there",
    files: {},
    says: "playbook.ts: error: it cannot be read: there is no such file\n",
  },
];

for (const { what, files, says } of wrong) {
  Deno.test(`an author is shown ${what}`, async () => {
    using author = new Author({ ...files, "q.yaml": configOf("./playbook.ts") });
    assert.deepEqual(await author.says(validate, "q.yaml"), { code: 78, out: "", err: says });
  });
}

Deno.test("a playbook with imports of its own, types, an enum and Node's modules is taken", async () => {
  using author = new Author({
    "q.yaml": configOf("./playbook.ts"),
    "playbook.ts": `${head}import { basename } from "path";
import { greeting } from "./words.ts";
enum Word { hello = "hello" }
export default extend(etcdPlaybook, {
  add: { after: { promote: (f) => [
    step("tell", run(sh\`logger \${greeting(basename("/x/" + Word.hello), f.node.name)}\`), {
      on: management,
      effect: nothing,
      idempotent: true,
    }),
  ] } },
});
`,
    "words.ts":
      'import type { Mine } from "./playbook.ts";\nexport const greeting = (a: string, b: string): string => `${a} ${b}`;\n',
  });
  assert.deepEqual(await author.says(validate, "q.yaml"), {
    code: 0,
    out: "q.yaml is valid: 4 nodes, 1 service\n  metadata: etcd on n1, n2, n3, by playbook.ts\n",
    err: "",
  });
});
