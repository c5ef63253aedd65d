import assert from "node:assert/strict";
import { descendants, exists, kill, type Sshd, startSshd, text, until } from "./sshd.ts";
import type { Fleet, Session } from "../../src/model/fleet.ts";

const timeoutMs = 10_000;
const lockIn = (sshd: Sshd) => `${sshd.directory}/locks/db.lock`;

async function take(fleet: Fleet, sshd: Sshd): Promise<Session> {
  const taken = await fleet.lock("n", lockIn(sshd));
  assert.ok(taken.kind === "held", JSON.stringify(taken));
  return taken.session;
}

/** Whether the lock is free, by flock itself. */
async function isFree(sshd: Sshd): Promise<boolean> {
  const { success } = await new Deno.Command("flock", { args: ["-n", lockIn(sshd), "true"] }).output();
  return success;
}

Deno.test("a lock is held by one session at a time, and the other one is told who holds it", async () => {
  await using sshd = await startSshd();
  await using one = sshd.fleet({}, { holder: 'alpha:1 since noon, it\'s "me"' });
  await using two = sshd.fleet({}, { holder: "beta:2" });
  const session = await take(one, sshd);
  assert.deepEqual([session.node, session.held], ["n", true]);
  assert.deepEqual(await two.lock("n", lockIn(sshd)), {
    kind: "busy",
    holder: 'alpha:1 since noon, it\'s "me"',
  });
  await session.close();
  assert.equal(session.held, false);
  const next = await take(two, sshd);
  assert.equal(await Deno.readTextFile(lockIn(sshd)), "beta:2\n");
  await next.close();
  assert.ok(await isFree(sshd));
});

Deno.test("a lock's file is made for root's eyes only, and scripts keep the node's own umask", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const plain = await fleet.run("n", "umask", { timeoutMs });
  const session = await take(fleet, sshd);
  const { mode } = await Deno.stat(lockIn(sshd));
  assert.equal((mode ?? 0) & 0o777, 0o600);
  const inside = await session.run("umask", { timeoutMs });
  assert.ok(plain.kind === "exited" && inside.kind === "exited");
  assert.equal(text(inside.stdout), text(plain.stdout));
});

Deno.test("scripts of a session answer byte-exactly, one after the other", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const replies = await Promise.all([
    session.run("printf 'größer\\n\\n'; printf e >&2; exit 3", { timeoutMs }),
    session.run("cat; echo second", { timeoutMs }),
    session.run("head -c 300000 /dev/zero", { timeoutMs }),
    session.run("kill -KILL $$", { timeoutMs }),
    session.run('echo "$#${line-}${s-}"', { timeoutMs }),
  ]);
  const [first, second, third, fourth, fifth] = replies.map((reply) => {
    assert.ok(reply.kind === "exited", JSON.stringify(reply));
    return { ...reply, stdout: text(reply.stdout), stderr: text(reply.stderr) };
  });
  assert.deepEqual(first, { kind: "exited", code: 3, stdout: "größer\n\n", stderr: "e" });
  assert.deepEqual([second?.code, second?.stdout], [0, "second\n"]);
  assert.equal(third?.stdout.length, 300_000);
  assert.equal(fourth?.code, 137);
  assert.match(fifth?.stdout ?? "", /^0/);
});

Deno.test("a session goes on after a script that passed its deadline or said too much", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet({}, { maxOutput: 1_000 });
  const session = await take(fleet, sshd);
  const slow = await session.run("echo said; sleep 60", { timeoutMs: 200 });
  assert.ok(slow.kind === "timedOut");
  assert.equal(text(slow.stdout), "said\n");
  assert.equal((await session.run("head -c 5000 /dev/zero", { timeoutMs })).kind, "lost");
  const after = await session.run("echo fine", { timeoutMs });
  assert.ok(after.kind === "exited" && session.held);
  assert.equal(text(after.stdout), "fine\n");
});

Deno.test("what a script leaves running does not write into the answer of the next", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const noise = `${sshd.directory}/noise`;
  await session.run(`mkfifo ${noise}; (read x <${noise}; echo stray; echo done >${noise}.done) & :`, {
    timeoutMs,
  });
  await Deno.writeTextFile(noise, "go\n");
  await until("the stray line was written", () => exists(`${noise}.done`));
  const reply = await session.run("echo clean", { timeoutMs });
  assert.ok(reply.kind === "exited");
  assert.equal(text(reply.stdout), "clean\n");
});

Deno.test("the lock is free again when the connection is lost", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  assert.equal(await isFree(sshd), false);
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  await until("the session knows", () => !session.held);
  await until("the lock is free", () => isFree(sshd));
  const reply = await session.run(`touch ${sshd.directory}/ran`, { timeoutMs });
  assert.equal(reply.kind, "unreachable");
  assert.ok(!exists(`${sshd.directory}/ran`));
});

Deno.test("a script that runs when the connection is lost keeps the lock till its end; no other one starts", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const { directory } = sshd;
  const first = session.run(`touch ${directory}/one; until [ -e ${directory}/go ]; do sleep 0.02; done`, {
    timeoutMs: 60_000,
  });
  const second = session.run(`touch ${directory}/two`, { timeoutMs });
  await until("the first script runs", () => exists(`${directory}/one`));
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  assert.equal((await first).kind, "lost");
  assert.equal((await second).kind, "unreachable");
  assert.equal(session.held, false);
  assert.equal(await isFree(sshd), false);
  await Deno.writeTextFile(`${directory}/go`, "");
  await until("the lock is free", () => isFree(sshd));
  assert.ok(!exists(`${directory}/two`));
});

Deno.test("a daemon that a script started does not keep the lock", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const pidFile = `${sshd.directory}/daemon`;
  const reply = await session.run(`setsid sleep 300 & echo $! >${pidFile}`, { timeoutMs });
  assert.equal(reply.kind, "exited");
  await session.close();
  assert.ok(await isFree(sshd));
  const pid = Number(await Deno.readTextFile(pidFile));
  assert.ok(exists(`/proc/${pid}`), "the daemon lives on");
  kill(pid, "SIGKILL");
});

Deno.test("the lock is free again when the manager is killed", async () => {
  await using sshd = await startSshd();
  const manager = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("manager.ts", import.meta.url).pathname],
    env: { MANAGER: JSON.stringify({ ssh: sshd.ssh, lock: lockIn(sshd), home: sshd.directory }) },
    stdin: "null",
    stdout: "null",
  }).spawn();
  await until("the manager holds the lock", () => exists(`${sshd.directory}/running`), 30_000);
  assert.equal(await isFree(sshd), false);
  manager.kill("SIGKILL");
  await manager.status;
  await until("the lock is free", () => isFree(sshd));
});

Deno.test("a script that would start after its time does not start", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const agents = sshd.sessions().flatMap((pid) => descendants(pid));
  assert.ok(agents.length > 0);
  agents.forEach((pid) => kill(pid, "SIGSTOP"));
  const late = session.run(`touch ${sshd.directory}/ran`, { timeoutMs, notAfterMs: 200 });
  await until("the time is over", timePassed(400));
  agents.forEach((pid) => kill(pid, "SIGCONT"));
  const reply = await late;
  assert.ok(reply.kind === "timedOut", JSON.stringify(reply));
  assert.ok(!exists(`${sshd.directory}/ran`));
  const next = await session.run("echo next", { timeoutMs, notAfterMs: 5_000 });
  assert.ok(next.kind === "exited");
});

Deno.test("a script that waits for its turn does not start after its time either", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const [slow, late, next] = await Promise.all([
    session.run("sleep 0.5", { timeoutMs }),
    session.run(`touch ${sshd.directory}/ran`, { timeoutMs, notAfterMs: 300 }),
    session.run("true", { timeoutMs, notAfterMs: 5_000 }),
  ]);
  assert.deepEqual([slow.kind, late.kind, next.kind], ["exited", "timedOut", "exited"]);
  assert.ok(!exists(`${sshd.directory}/ran`));
});

Deno.test("a script that nobody waits for any more does not start: the session is over", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  const agents = sshd.sessions().flatMap((pid) => descendants(pid));
  agents.forEach((pid) => kill(pid, "SIGSTOP"));
  const reply = await session.run(`touch ${sshd.directory}/ran`, { timeoutMs: 100, notAfterMs: 100 });
  assert.ok(reply.kind === "lost", JSON.stringify(reply));
  assert.equal(session.held, false);
  agents.forEach((pid) => kill(pid, "SIGCONT"));
  await until("the lock is free", () => isFree(sshd));
  assert.ok(!exists(`${sshd.directory}/ran`));
});

Deno.test("many locks on one node at a time get connections enough, and scripts still run beside them", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const taken = await Promise.all(
    Array.from({ length: 25 }, (_, i) => fleet.lock("n", `${sshd.directory}/locks/${i}`)),
  );
  assert.deepEqual(new Set(taken.map(({ kind }) => kind)), new Set(["held"]));
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
});

Deno.test("a node without flock is told, and so is a lock that cannot be made", async () => {
  await using sshd = await startSshd({ config: (directory) => [`SetEnv PATH=${directory}/bin`] });
  await Deno.mkdir(`${sshd.directory}/bin`);
  for (const name of ["sh", "head", "cat", "timeout", "mkdir"]) {
    await Deno.symlink(`/usr/bin/${name}`, `${sshd.directory}/bin/${name}`);
  }
  await using fleet = sshd.fleet();
  const without = await fleet.lock("n", lockIn(sshd));
  assert.ok(without.kind === "failed" && without.reply.kind === "exited");
  assert.equal(without.reply.code, 127);
  assert.match(text(without.reply.stderr), /flock is not on this node: install util-linux/);
  await Deno.symlink("/usr/bin/flock", `${sshd.directory}/bin/flock`);
  const blocked = await fleet.lock("n", `${sshd.knownHosts}/lock`);
  assert.ok(blocked.kind === "failed" && blocked.reply.kind === "exited", JSON.stringify(blocked));
  assert.match(text(blocked.reply.stderr), /mkdir/);
  const directory = await fleet.lock("n", sshd.directory);
  assert.ok(directory.kind === "failed" && directory.reply.kind === "exited", JSON.stringify(directory));
});

function timePassed(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}

Deno.test("a lock that is let go tells since when, and the next session tells what it found", async () => {
  await using sshd = await startSshd();
  await using one = sshd.fleet({}, { holder: "alpha:1" });
  await using two = sshd.fleet({}, { holder: "beta:2" });
  const first = await take(one, sshd);
  assert.equal(first.found, "");
  await first.close();
  const line = await Deno.readTextFile(lockIn(sshd));
  assert.match(line, /^free \d+ alpha:1\n$/);
  const second = await take(two, sshd);
  assert.equal(second.found, line.trimEnd());
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  await until("the lock is free", () => isFree(sshd));
  assert.match(
    await Deno.readTextFile(lockIn(sshd)),
    /^free \d+ beta:2\n$/,
    "a lost connection lets it go, too",
  );
});

Deno.test("an agent that works is there without an answer; one whose connection is lost is not", async () => {
  await using sshd = await startSshd();
  await using fleet = sshd.fleet();
  const session = await take(fleet, sshd);
  assert.ok(await session.alive(0), "it answers");
  const { directory } = sshd;
  const work = session.run(`touch ${directory}/one; until [ -e ${directory}/go ]; do sleep 0.02; done`, {
    timeoutMs: 60_000,
  });
  await until("the script runs", () => exists(`${directory}/one`));
  assert.ok(await session.alive(0), "it is not waited for");
  await Deno.writeTextFile(`${directory}/go`, "");
  assert.equal((await work).kind, "exited");
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  await until("the session knows", () => !session.held);
  assert.equal(await session.alive(60_000), false);
});
