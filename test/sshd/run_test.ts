import assert from "node:assert/strict";
import { startSshd, text } from "./sshd.ts";

Deno.test("a script's exit code and streams come back as they are", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const reply = await fleet.run("n", "echo out; echo err >&2; exit 7", { timeoutMs: 5_000 });
  assert.equal(reply.kind, "exited", JSON.stringify(reply));
  assert.ok(reply.kind === "exited");
  assert.deepEqual([reply.code, text(reply.stdout), text(reply.stderr)], [7, "out\n", "err\n"]);
});
