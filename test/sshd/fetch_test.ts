import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { kill, startSshd, text, until } from "./sshd.ts";

const timeoutMs = 30_000;

Deno.test("a file comes whole and byte by byte, whatever its name", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const path = `${sshd.directory}/it's a "big" $file !`;
  const bytes = new Uint8Array(20_000_000).map((_, i) => i * 31 + (i >> 8));
  await Deno.writeFile(path, bytes);
  const hash = createHash("sha256");
  let [length, inHand] = [0, 0];
  const reply = await fleet.fetch("n", path, async (piece) => {
    assert.equal(++inHand, 1, "one piece at a time");
    hash.update(piece);
    length += piece.length;
    await Promise.resolve();
    inHand--;
  }, { timeoutMs });
  assert.ok(reply.kind === "exited" && reply.code === 0, JSON.stringify(reply));
  assert.equal(length, bytes.length);
  assert.equal(hash.digest("hex"), createHash("sha256").update(bytes).digest("hex"));
});

Deno.test("a slow taker slows the sender down", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const path = `${sshd.directory}/big`;
  await Deno.writeFile(path, new Uint8Array(30_000_000));
  const first = Promise.withResolvers<void>();
  let taken = 0;
  const fetching = fleet.fetch("n", path, (piece) => {
    taken += piece.length;
    return first.promise;
  }, { timeoutMs });
  await until("the first piece is there", () => taken > 0);
  await fleet.run("n", "sleep 0.3", { timeoutMs });
  assert.ok(taken < 100_000, "nothing more was handed on while the first piece was not taken");
  const position = await fleet.run("n", `grep -h '^rchar' /proc/$(pgrep -xf 'cat -- ${path}')/io`, {
    timeoutMs,
  });
  assert.ok(position.kind === "exited");
  const read = Number(text(position.stdout).split(" ")[1]);
  assert.ok(read > 0 && read < 10_000_000, `the sender has read ${read} bytes of 30 MB`);
  first.resolve();
  assert.equal((await fetching).kind, "exited");
  assert.equal(taken, 30_000_000);
});

Deno.test("an empty file, and one that is not there", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  await Deno.writeFile(`${sshd.directory}/empty`, new Uint8Array());
  const pieces: Uint8Array[] = [];
  const empty = await fleet.fetch("n", `${sshd.directory}/empty`, (piece) => void pieces.push(piece), {
    timeoutMs,
  });
  assert.ok(empty.kind === "exited" && empty.code === 0);
  const missing = await fleet.fetch("n", `${sshd.directory}/none`, (piece) => void pieces.push(piece), {
    timeoutMs,
  });
  assert.ok(missing.kind === "exited" && missing.code === 1);
  assert.match(text(missing.stderr), /No such file/);
  assert.deepEqual(pieces, []);
});

Deno.test("a file that does not come in time is timed out", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const reply = await fleet.fetch("n", "/dev/zero", () => {}, { timeoutMs: 300 });
  assert.equal(reply.kind, "timedOut");
});

// ssh2 leaves the decipher of a packet that was cut short to the garbage collector.
const cutShort = { sanitizeResources: false };
Deno.test("a file that is cut short by a lost connection is lost, not shorter", cutShort, async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  let taken = 0;
  const fetching = fleet.fetch("n", "/dev/zero", (piece) => void (taken += piece.length), { timeoutMs });
  await until("it comes", () => taken > 1_000_000);
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  assert.equal((await fetching).kind, "lost");
});

Deno.test("what a sink throws is the caller's, and the connection stays usable", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  await assert.rejects(
    fleet.fetch("n", "/dev/zero", () => Promise.reject(new Error("disk full")), { timeoutMs }),
    /disk full/,
  );
  await assert.rejects(
    fleet.fetch("n", "/dev/zero", () => {
      throw new Error("disk full");
    }, { timeoutMs }),
    /disk full/,
  );
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
  assert.equal(sshd.sessions().length, 1);
});
