import assert from "node:assert/strict";
import validate from "../../../src/cli/validate.ts";
import { distrust } from "../../../src/load/trust.ts";
import { Author, configOf } from "./author.ts";

const good = `export { etcdPlaybook as default } from "quorate/plugins/etcd";\n`;
const NOBODY = 65_534;
const expected =
  "  expected: a file that only you or root can write, in folders of which that is true as well\n";

Deno.test("a file is trusted that root or its own user alone can write", () => {
  const of = (uid: number, mode: number, me: number, folder = false) =>
    distrust("/f", { uid, mode }, me, folder)?.message;
  assert.equal(of(0, 0o644, 1000), undefined);
  assert.equal(of(1000, 0o600, 1000), undefined);
  assert.equal(of(1001, 0o600, 1000), "/f belongs to uid 1001, who could change what runs here");
  assert.equal(of(1000, 0o600, 0), "/f belongs to uid 1000, who could change what runs here");
  assert.equal(of(1000, 0o664, 1000), "/f can be written by its group");
  assert.equal(of(0, 0o646, 1000), "/f can be written by everybody");
  assert.equal(of(0, 0o1777, 1000, true), undefined, "/tmp: nobody renames what is another's");
  assert.equal(of(0, 0o777, 1000, true), "/f can be written by everybody");
  assert.equal(of(0, 0o1666, 1000), "/f can be written by everybody", "a sticky file is none");
});

interface Case {
  readonly what: string;
  readonly spoil: (author: Author) => void;
  readonly says: string;
  /** To give a file away one has to be root. */
  readonly root?: boolean;
}
const cases: readonly Case[] = [
  {
    what: "a playbook that everybody can write",
    spoil: ({ dir }) => Deno.chmodSync(`${dir}/playbook.ts`, 0o666),
    says:
      `playbook.ts: error: playbook.ts can be written by everybody\n${expected}  hint: chmod go-w playbook.ts\n`,
  },
  {
    what: "a playbook of another user",
    spoil: ({ dir }) => Deno.chownSync(`${dir}/playbook.ts`, NOBODY, NOBODY),
    says: `playbook.ts: error: playbook.ts belongs to uid ${NOBODY}, who could change what runs here\n` +
      `${expected}  hint: chown root playbook.ts\n`,
    root: true,
  },
  {
    what: "a file that the playbook imports, and its group can write",
    spoil: (author) => {
      author.write("playbook.ts", 'export { mine as default } from "./mine.ts";\n');
      Deno.chmodSync(author.write("mine.ts", good.replace("default", "mine")), 0o664);
    },
    says: `mine.ts: error: mine.ts can be written by its group\n${expected}  hint: chmod go-w mine.ts\n`,
  },
  {
    what: "a folder on the way that everybody can write",
    spoil: ({ dir }) => {
      Deno.mkdirSync(`${dir}/open`);
      Deno.renameSync(`${dir}/playbook.ts`, `${dir}/open/playbook.ts`);
      Deno.chmodSync(`${dir}/open`, 0o777);
      Deno.symlinkSync("open/playbook.ts", `${dir}/playbook.ts`);
    },
    says: `playbook.ts: error: open can be written by everybody\n${expected}  hint: chmod go-w open\n`,
  },
  {
    what: "a link on the way that another could change",
    spoil: ({ dir }) => {
      Deno.mkdirSync(`${dir}/open`);
      Deno.mkdirSync(`${dir}/safe`);
      Deno.renameSync(`${dir}/playbook.ts`, `${dir}/safe/playbook.ts`);
      Deno.symlinkSync("../safe", `${dir}/open/link`);
      Deno.chmodSync(`${dir}/open`, 0o777);
      Deno.symlinkSync("open/link/playbook.ts", `${dir}/playbook.ts`);
    },
    says: `playbook.ts: error: open can be written by everybody\n${expected}  hint: chmod go-w open\n`,
  },
];

for (const { what, spoil, says, root } of cases) {
  Deno.test({
    name: `${what} is refused`,
    ignore: root === true && Deno.uid() !== 0,
    fn: async () => {
      using author = new Author({ "q.yaml": configOf("playbook.ts"), "playbook.ts": good });
      assert.equal((await author.says(validate, "q.yaml")).code, 0, "it is fine before");
      using spoilt = new Author({ "q.yaml": configOf("playbook.ts"), "playbook.ts": good });
      spoil(spoilt);
      assert.deepEqual(await spoilt.says(validate, "q.yaml"), { code: 78, out: "", err: says });
    },
  });
}
