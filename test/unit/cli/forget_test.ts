/** What `forget` asks for before it touches anything. */
import assert from "node:assert/strict";
import { inFolder, unreachable } from "./run.ts";

Deno.test("forget asks a person; without a terminal it wants --yes, and an id that is one", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", unreachable);
    const ask = await run("forget", "metadata", "--cluster-id", "c1");
    assert.deepEqual([ask.code, ask.err], [
      64,
      "quorate: forget asks a person on a terminal: without one, say --yes\n",
    ]);
    for (const id of ["", "c 1", "../x", "c1\n"]) {
      assert.equal((await run("forget", "metadata", "--yes", "--cluster-id", id)).code, 64, id);
    }
    assert.equal((await run("forget", "metadata", "--yes")).code, 64);
    assert.equal((await run("forget", "--yes", "--cluster-id", "c1")).code, 64);
    assert.match(
      (await run("forget", "metdata", "--yes", "--cluster-id", "c1")).err,
      /did you mean metadata/,
    );
  }));

Deno.test("hosts that cannot be asked may hold the cluster: nothing is taken away", () =>
  inFolder(async ({ run, write }) => {
    await write("quorate.yaml", unreachable);
    const { code, out, err } = await run("forget", "metadata", "--yes", "--cluster-id", "c1");
    assert.deepEqual([code, out], [3, ""]);
    assert.match(err, /^metadata: nothing was taken away\n {2}S24 {4}n1 cannot be looked at: /);
  }));
