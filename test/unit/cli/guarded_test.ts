import assert from "node:assert/strict";
import type { Cli, GlobalFlags } from "../../../src/cli/cli.ts";
import { guarded } from "../../../src/cli/guarded.ts";
import { OutputError } from "../../../src/cli/streams.ts";
import { StateError } from "../../../src/engine/store.ts";

const flags: GlobalFlags = { quiet: false, color: "never", noInput: false };
async function guard(
  error: Error,
  verbose: number,
): Promise<{ readonly code: number; readonly said: string }> {
  let said = "";
  const stream = (write: (text: string) => void) => ({
    write,
    terminal: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  const out = stream(() => assert.fail("stdout is for data"));
  const err = stream((text) => said += text);
  const cli: Cli = {
    process: { stdout: out, stderr: err },
    out,
    err,
    env: {},
    cwd: "/",
    names: () => Promise.resolve({ services: [], nodes: [] }),
  };
  const code = await guarded(cli, { ...flags, verbose }, () => Promise.reject(error));
  return { code, said };
}

Deno.test("a defect ends with 70 and a short message that says how to see the stack", async () => {
  const { code, said } = await guard(new RangeError("out of range"), 0);
  assert.equal(code, 70);
  assert.match(said, /RangeError: out of range\n.*-v to see the stack/);
  assert.doesNotMatch(said, /at guard/);
});

Deno.test("with -v a defect shows its stack", async () => {
  const { said } = await guard(new RangeError("out of range"), 1);
  assert.match(said, /guarded_test\.ts:\d+/);
});

Deno.test("state that cannot be used is no defect: it says what to do, and ends with 1", async () => {
  const { code, said } = await guard(new StateError("the memory is damaged"), 0);
  assert.deepEqual([code, said], [1, "quorate: the memory is damaged\n"]);
});

Deno.test("a full disk under stdout is no defect, either: it is named, and ends with 1", async () => {
  const { code, said } = await guard(new OutputError("No space left on device (os error 28)"), 0);
  assert.deepEqual([code, said], [
    1,
    "quorate: standard output could not be written: No space left on device (os error 28)\n",
  ]);
});
