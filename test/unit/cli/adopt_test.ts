/** What `init --from` says before it has seen any cluster. */
import assert from "node:assert/strict";
import { inFolder } from "./run.ts";

Deno.test("init --from takes hosts and options as they are written elsewhere, and nothing else", () =>
  inFolder(async ({ run }) => {
    const wrong = [
      [["--from", "a b@"], /cannot read --from a b@: write \[user@\]host\[:port\]/],
      [["--from", "n1", "--option", "unit"], /cannot read --option unit: write NAME=VALUE/],
      [["--option", "unit=x.service"], /--option is of use with --from only/],
    ] as const;
    for (const [args, said] of wrong) {
      const { code, err } = await run("init", ...args);
      assert.deepEqual([code, said.test(err)], [64, true], err);
    }
  }));

Deno.test("a host that does not answer ends it with the reason, and nothing is written", () =>
  inFolder(async ({ run, dir }) => {
    const { code, out, err } = await run("init", "--from", "nobody@127.0.0.1:1");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(
      err,
      /^quorate: not every host can be looked at; nothing was written\n {2}what .*127\.0\.0\.1/,
    );
    assert.match(err, /\n {2}now /);
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  }));

Deno.test("a file that is there is left alone, and no host is asked for it", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", "mine");
    const { code, err } = await run("init", "--from", "nobody@127.0.0.1:1");
    assert.deepEqual([code, err], [
      1,
      "quorate: cannot write quorate.yaml: it is there already and was left alone\n",
    ]);
  }));
