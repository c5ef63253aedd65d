import assert from "node:assert/strict";
import { OutputError, streamTo } from "../../../src/cli/streams.ts";

/** A file that takes so many bytes a write, or throws. */
function target(answers: readonly (number | Error)[]) {
  const taken: string[] = [];
  const left = [...answers];
  return {
    taken,
    isTerminal: () => false,
    writeSync(bytes: Uint8Array): number {
      const next = left.shift() ?? bytes.length;
      if (next instanceof Error) throw next;
      taken.push(new TextDecoder().decode(bytes.subarray(0, next)));
      return Math.min(next, bytes.length);
    },
  };
}

Deno.test("a write that takes only a part, or must wait, is gone on with", () => {
  const file = target([2, new Deno.errors.WouldBlock("full"), 1]);
  streamTo(file, { strict: true }).write("abcdef");
  assert.deepEqual(file.taken, ["ab", "c", "def"]);
});

Deno.test("after its reader is gone a stream takes everything and says nothing", () => {
  const file = target([3, new Deno.errors.BrokenPipe("gone")]);
  const stream = streamTo(file, { strict: true });
  stream.write("abc");
  stream.write("def");
  stream.write("ghi");
  assert.deepEqual(file.taken, ["abc"]);
});

Deno.test("data that cannot be written is an error, a message that cannot be is not", () => {
  const full = new Error("no space left on device");
  const thrown = new OutputError("no space left on device");
  assert.throws(() => streamTo(target([full]), { strict: true }).write("x"), thrown);
  streamTo(target([full]), { strict: false }).write("x");
});
