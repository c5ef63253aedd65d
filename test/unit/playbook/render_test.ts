/** Quoting: what is rendered is read by a real shell as the same bytes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Arg, derived, latesOf, memberId, sh, text } from "../../../src/playbook/command.ts";
import { quote, renderCommand } from "../../../src/playbook/render.ts";

/** What a shell makes of the words of a command. */
async function words(command: string): Promise<readonly string[]> {
  const child = new Deno.Command("sh", { stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const input = child.stdin.getWriter();
  // As steps reach a node: on standard input, never in argv.
  await input.write(new TextEncoder().encode(`printf '%s\\0' ${command}\n`));
  await input.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

const word = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom("'", '"', "\\", "$", "`", "\n", " ", "!", "*", "~", "#", ";", "-", "=", "a"),
    maxLength: 8,
  }),
).map((w) => w.replaceAll("\0", "").toWellFormed());
/** Argument and the word that it should be. */
const late = derived("value");
const value = "it's $(late) \n";
const arg: fc.Arbitrary<readonly [Arg, string]> = fc.oneof(
  word.map((w) => [w, w] as const),
  fc.integer().map((n) => [n, String(n)] as const),
  fc.constant([late, value] as const),
  fc.tuple(word, word).map(([a, b]) => [text`x${a}y ${b}`, `x${a}y ${b}`] as const),
  fc.tuple(word, word).map(([a, b]) => [text`${a}=${late}${b}`, `${a}=${value}${b}`] as const),
);

Deno.test("each argument of a command reaches a real shell as one word of the same bytes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arg, { minLength: 1, maxLength: 40 }), async (args) => {
      const command = sh`${args.map(([a]) => a)}`;
      assert.deepEqual(await words(renderCommand(command, () => quote(value))), args.map(([, w]) => w));
    }),
    { numRuns: 60 },
  );
});

Deno.test("plain words stay bare, anything else is quoted", () => {
  assert.equal(quote("/var/lib/etcd,a=b:1@c%+-_."), "/var/lib/etcd,a=b:1@c%+-_.");
  assert.equal(quote(""), "''");
  assert.equal(quote("a b"), "'a b'");
  assert.equal(quote("it's"), `'it'\\''s'`);
  assert.equal(quote("~"), "'~'");
});

Deno.test("a command in a command is spliced in as it stands; late values are written as they are told to be", () => {
  const ctl = sh`ctl --to=${"a b"}`;
  const id = memberId({ node: "n4" });
  const all = sh`${ctl} remove ${id} && echo ${text`id=${id}`} ${["x", "y z"]}`;
  assert.equal(
    renderCommand(all, () => `"$(find n4)"`),
    `ctl --to='a b' remove "$(find n4)" && echo id="$(find n4)" x 'y z'`,
  );
  assert.deepEqual(latesOf(all), [id, id]);
  assert.deepEqual(latesOf(ctl), []);
});
