import assert from "node:assert/strict";
import { here } from "../../../src/cli/here.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test("a script runs to its end, its output and exit code told apart", async () => {
  const reply = await here("echo out; echo err >&2; exit 7", { timeoutMs: 60_000 });
  assert.ok(reply.kind === "exited");
  assert.deepEqual([reply.code, text(reply.stdout), text(reply.stderr)], [7, "out\n", "err\n"]);
});

Deno.test("a script that does not end is ended with its children", async () => {
  const reply = await here("echo begun; sleep 600 & wait", { timeoutMs: 200 });
  assert.equal(reply.kind, "timedOut");
  assert.ok(reply.kind === "timedOut" && text(reply.stdout) === "begun\n");
});

Deno.test("an exit code of 124 is not taken for a time-out", async () => {
  assert.equal((await here("exit 124", { timeoutMs: 60_000 })).kind, "exited");
});

Deno.test("a script that ends before it has read itself is no error", async () => {
  const reply = await here(`exit 0\n${"# padding\n".repeat(100_000)}`, { timeoutMs: 60_000 });
  assert.ok(reply.kind === "exited" && reply.code === 0);
});
