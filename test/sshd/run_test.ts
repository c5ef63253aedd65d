import assert from "node:assert/strict";
import { connect, newMeans } from "../../src/ssh/connection.ts";
import { findEndpoint } from "../../src/ssh/endpoint.ts";
import { runScript } from "../../src/ssh/talk.ts";
import { isTrouble } from "../../src/ssh/trouble.ts";
import { bare, exists, fleetOf, freePort, kill, startSshd, text, until } from "./sshd.ts";
import type { Fleet, Reply } from "../../src/model/fleet.ts";

const timeoutMs = 10_000;

function exited(reply: Reply): { code: number; stdout: string; stderr: string } {
  assert.ok(reply.kind === "exited", JSON.stringify(reply));
  return { code: reply.code, stdout: text(reply.stdout), stderr: text(reply.stderr) };
}

Deno.test("a script's exit code and streams come back as they are", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const reply = await fleet.run("n", "echo out; echo err >&2; exit 7", { timeoutMs });
  assert.deepEqual(exited(reply), { code: 7, stdout: "out\n", stderr: "err\n" });
});

Deno.test("output is byte-exact, with or without a newline at its end", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const every = await fleet.run(
    "n",
    `i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done`,
    { timeoutMs },
  );
  assert.ok(every.kind === "exited");
  assert.deepEqual([...every.stdout], Array.from({ length: 256 }, (_, i) => i));
  const umlauts = await fleet.run("n", "yes 'größer — 日本語 🙂' | head -n 40000", { timeoutMs });
  assert.equal(exited(umlauts).stdout, "größer — 日本語 🙂\n".repeat(40_000));
  assert.equal(exited(await fleet.run("n", "printf x; printf y >&2", { timeoutMs })).stdout, "x");
  assert.equal(exited(await fleet.run("n", "printf 'a\\n\\n\\n'", { timeoutMs })).stdout, "a\n\n\n");
  assert.equal(exited(await fleet.run("n", ":", { timeoutMs })).stdout, "");
});

Deno.test("a script of any bytes and any length arrives whole", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const word = `it's "a" \\ $b \`c\` ! ${"ü".repeat(300_000)}`;
  const script = `cat <<'END'\n${word}\nEND\nexit 3`;
  assert.deepEqual(exited(await fleet.run("n", script, { timeoutMs })), {
    code: 3,
    stdout: `${word}\n`,
    stderr: "",
  });
});

Deno.test("a script's commands find an empty standard input, and no secret in any argument", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const script = "cat; echo after; SECRET=hunter2; ps -eo args | grep -c '[h]unter2'";
  assert.deepEqual(exited(await fleet.run("n", script, { timeoutMs })).stdout, "after\n0\n");
});

Deno.test("a script is told nothing by our own words: no arguments, and its own exit by a signal counts", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  assert.equal(exited(await fleet.run("n", 'echo "$#"', { timeoutMs })).stdout, "0\n");
  assert.equal(exited(await fleet.run("n", "kill -TERM $$", { timeoutMs })).code, 143);
});

Deno.test("what the login shell prints by itself stays out", async () => {
  await using sshd = await startSshd({
    config: () => ['ForceCommand echo noise; echo noise >&2; exec bash -c "$SSH_ORIGINAL_COMMAND"'],
  });
  await using fleet = sshd.fleet();
  const reply = await fleet.run("n", "echo out", { timeoutMs });
  assert.deepEqual(exited(reply), { code: 0, stdout: "out\n", stderr: "" });
});

Deno.test("a script is ended at its deadline, with everything it started, and what it said till then is kept", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const script = `echo said; sleep 300 & echo $! >${sshd.directory}/pid; wait`;
  const reply = await fleet.run("n", script, { timeoutMs: 300 });
  assert.ok(reply.kind === "timedOut", JSON.stringify(reply));
  assert.equal(text(reply.stdout), "said\n");
  const pid = Number(await Deno.readTextFile(`${sshd.directory}/pid`));
  await until("the child is gone", () => !exists(`/proc/${pid}/exe`));
});

Deno.test("a script that does not heed SIGTERM is killed", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const reply = await fleet.run("n", "trap '' TERM; while :; do sleep 0.1; done", { timeoutMs: 200 });
  assert.equal(reply.kind, "timedOut");
});

Deno.test("a script's own exit code 124 is not a passed deadline", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  assert.equal(exited(await fleet.run("n", "exit 124", { timeoutMs })).code, 124);
  assert.equal(exited(await fleet.run("n", "timeout 0.1 sleep 5", { timeoutMs })).code, 124);
});

Deno.test("a daemon that keeps the streams open keeps nobody waiting", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const begun = performance.now();
  const reply = await fleet.run("n", "sleep 60 & echo started", { timeoutMs: 30_000 });
  assert.equal(exited(reply).stdout, "started\n");
  assert.ok(performance.now() - begun < 10_000);
});

Deno.test("more output than the limit is an error, never a shorter output", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const big = await fleet.run("n", "head -c 20000000 /dev/zero", { timeoutMs });
  assert.ok(big.kind === "lost", big.kind);
  assert.match(big.detail, /more than 8388608 bytes/);
  const fits = await fleet.run("n", "head -c 8000000 /dev/zero; head -c 1000 /dev/zero >&2", { timeoutMs });
  assert.ok(fits.kind === "exited");
  assert.deepEqual([fits.stdout.length, fits.stderr.length], [8_000_000, 1_000]);
});

Deno.test("much on both streams at once does not block", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const script = "head -c 5000000 /dev/zero >&2 & head -c 5000000 /dev/zero; wait";
  const reply = await fleet.run("n", script, { timeoutMs });
  assert.ok(reply.kind === "exited", reply.kind);
  assert.deepEqual([reply.stdout.length, reply.stderr.length], [5_000_000, 5_000_000]);
});

Deno.test("concurrent first uses share one connection, which is kept", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const numbers = Array.from({ length: 20 }, (_, i) => `${i}\n`);
  const replies = await Promise.all(numbers.map((_, i) => fleet.run("n", `echo ${i}`, { timeoutMs })));
  assert.deepEqual(replies.map((reply) => exited(reply).stdout), numbers);
  await fleet.run("n", "true", { timeoutMs });
  assert.equal(sshd.sessions().length, 1);
  await fleet.close();
  await until("the server sees it go", () => sshd.sessions().length === 0);
});

Deno.test("a server that takes fewer sessions gets more connections", async () => {
  await using sshd = await startSshd({ config: () => ["MaxSessions 2"] });
  await using fleet = sshd.fleet();
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, i) => fleet.run("n", `sleep 0.2; echo ${i}`, { timeoutMs })),
  );
  assert.deepEqual(replies.map((reply) => exited(reply).stdout), ["0\n", "1\n", "2\n", "3\n", "4\n", "5\n"]);
});

Deno.test("a connection that is lost while a script runs makes it lost, and the next one opens anew", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const running = fleet.run("n", `touch ${sshd.directory}/runs; sleep 60`, { timeoutMs: 60_000 });
  await until("the script runs", () => exists(`${sshd.directory}/runs`));
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  assert.equal((await running).kind, "lost");
  assert.equal(exited(await fleet.run("n", "echo back", { timeoutMs })).stdout, "back\n");
});

Deno.test("a connection that broke while nobody looked does not cost the next script", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  await fleet.run("n", "true", { timeoutMs });
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  assert.equal(exited(await fleet.run("n", "echo back", { timeoutMs })).stdout, "back\n");
});

Deno.test("a peer that falls silent is taken for dead, and the script for lost", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet({}, { keepaliveMs: 100 });
  const running = fleet.run("n", `touch ${sshd.directory}/runs; sleep 60`, { timeoutMs: 60_000 });
  await until("the script runs", () => exists(`${sshd.directory}/runs`));
  sshd.sessions().forEach((pid) => kill(pid, "SIGSTOP"));
  const reply = await running;
  assert.ok(reply.kind === "lost");
  assert.match(reply.detail, /keepalive/i);
});

Deno.test("a kept connection that is found dead is opened anew: nothing was sent over it", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet({}, { keepaliveMs: 100 });
  await fleet.run("n", "true", { timeoutMs });
  sshd.sessions().forEach((pid) => kill(pid, "SIGSTOP"));
  assert.equal(exited(await fleet.run("n", "echo back", { timeoutMs })).stdout, "back\n");
});

Deno.test("a node that is frozen does not hang a run for longer than its deadline and a little", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const running = fleet.run("n", `touch ${sshd.directory}/runs; sleep 60`, { timeoutMs: 500 });
  await until("the script runs", () => exists(`${sshd.directory}/runs`));
  const begun = performance.now();
  sshd.sessions().forEach((pid) => kill(pid, "SIGSTOP"));
  assert.equal((await running).kind, "lost");
  assert.ok(performance.now() - begun < 10_000);
});

Deno.test("a host that does not answer, refuses, or has no name is unreachable, and the reason is told", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = silent.addr.transport === "tcp" ? silent.addr.port : 0;
  const hold = silent.accept();
  await using fleet = fleetOf([
    { name: "silent", host: "127.0.0.1", ssh: { port, connectTimeoutMs: 300 } },
    { name: "refusing", host: "127.0.0.1", ssh: { port: freePort() } },
    { name: "nameless", host: "no-such-host.invalid", ssh: {} },
  ], { surroundings: bare("/nonexistent") });
  const expected = {
    silent: /no answer within 0.3 s/,
    refusing: /connection refused/,
    nameless: /the name is not known/,
  };
  for (const [name, detail] of Object.entries(expected)) {
    const reply = await fleet.run(name, "true", { timeoutMs });
    assert.ok(reply.kind === "unreachable");
    assert.equal(reply.trouble.code, "unreachable");
    assert.match(reply.trouble.detail, detail);
    assert.notEqual(reply.trouble.unblock, "");
  }
  (await hold).close();
});

Deno.test("a name that is not among the targets is an error of the caller", async () => {
  await using fleet = fleetOf([], { surroundings: bare("/nonexistent") });
  await assert.rejects(fleet.run("n", "true", { timeoutMs }), RangeError);
});

Deno.test("closing ends what runs and what is being opened, at once", async () => {
  await using sshd = await startSshd();
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = silent.addr.transport === "tcp" ? silent.addr.port : 0;
  const hold = silent.accept();
  const fleet: Fleet = fleetOf([
    { name: "n", host: "127.0.0.1", ssh: sshd.ssh },
    { name: "silent", host: "127.0.0.1", ssh: { port } },
  ], { surroundings: bare(sshd.directory) });
  const running = fleet.run("n", `touch ${sshd.directory}/runs; sleep 60`, { timeoutMs: 60_000 });
  const opening = fleet.run("silent", "true", { timeoutMs: 60_000 });
  await until("the script runs", () => exists(`${sshd.directory}/runs`));
  const begun = performance.now();
  await fleet.close();
  assert.deepEqual([(await running).kind, (await opening).kind], ["lost", "unreachable"]);
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "unreachable");
  assert.ok(performance.now() - begun < 2_000);
  (await hold).close();
});

Deno.test("only so many connections are opened at a time", async () => {
  await using sshd = await startSshd();
  const names = ["a", "b", "c", "d", "e", "f"];
  await using fleet = fleetOf(
    names.map((name) => ({ name, host: "127.0.0.1", ssh: sshd.ssh })),
    { surroundings: bare(sshd.directory), maxConnecting: 2 },
  );
  const replies = await Promise.all(names.map((name) => fleet.run(name, "true", { timeoutMs })));
  assert.ok(replies.every((reply) => reply.kind === "exited"));
  assert.equal(sshd.sessions().length, names.length);
});

Deno.test("sudo that asks for a password, or is not there, is told as that; one that lets in is used", async () => {
  await using sshd = await startSshd({ config: (directory) => [`SetEnv PATH=${directory}/bin`] });
  const bin = `${sshd.directory}/bin`;
  await Deno.mkdir(bin);
  for (const name of ["sh", "head", "cat", "timeout"]) {
    await Deno.symlink(`/usr/bin/${name}`, `${bin}/${name}`);
  }
  const means = newMeans({ keepaliveMs: 5_000, signal: new AbortController().signal });
  const endpoint = await findEndpoint("127.0.0.1", sshd.ssh, bare(sshd.directory));
  assert.ok(!isTrouble(endpoint));
  const connection = await connect(endpoint, undefined, means);
  assert.ok(!isTrouble(connection));
  const become = () => runScript(connection, "echo ran", timeoutMs, { become: true, maxOutput: 1_000 });
  const sudo = (body: string) => Deno.writeTextFile(`${bin}/sudo`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });

  const missing = await become();
  assert.ok(isTrouble(missing), JSON.stringify(missing));
  assert.equal(missing.code, "becomeRefused");
  await sudo("echo 'sudo: a password is required' >&2; exit 1");
  const refused = await become();
  assert.ok(isTrouble(refused));
  assert.equal(refused.code, "becomeRefused");
  assert.match(refused.detail, /sudo: a password is required/);
  await sudo('[ "$1" = -n ] || exit 9; shift; exec "$@"');
  const ran = await become();
  assert.ok(!isTrouble(ran));
  assert.equal(exited(ran).stdout, "ran\n");
  await connection.close();
});
