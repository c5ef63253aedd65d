import assert from "node:assert/strict";
import { bare, fleetOf, kill, type Sshd, startSshd, text, until } from "./sshd.ts";
import type { SshSettings } from "../../src/ssh/settings.ts";

const timeoutMs = 10_000;

/** All servers know one key, and one file knows them all. */
async function together(...servers: readonly Sshd[]): Promise<SshSettings> {
  const [first] = servers;
  assert.ok(first !== undefined);
  for (const sshd of servers) {
    await Deno.copyFile(`${first.directory}/login.pub`, `${sshd.directory}/authorized`);
  }
  const known = `${first.directory}/all`;
  await Deno.writeTextFile(
    known,
    (await Promise.all(servers.map((sshd) => sshd.hostKeyLine("ed25519")))).join("\n"),
  );
  return { identityFiles: [first.key], knownHosts: [known], connectTimeoutMs: 5_000 };
}

Deno.test("nodes behind a jump host share one connection to it", async () => {
  await using hop = await startSshd();
  await using one = await startSshd();
  await using two = await startSshd();
  const ssh = { ...await together(hop, one, two), jump: `127.0.0.1:${hop.port}` };
  await using fleet = fleetOf([
    { name: "one", host: "127.0.0.1", ssh: { ...ssh, port: one.port } },
    { name: "two", host: "127.0.0.1", ssh: { ...ssh, port: two.port } },
  ], { surroundings: bare(hop.directory) });
  const replies = await Promise.all(
    ["one", "two"].map((name) => fleet.run(name, `echo ${name}`, { timeoutMs })),
  );
  assert.deepEqual(replies.map((reply) => reply.kind === "exited" && text(reply.stdout)), ["one\n", "two\n"]);
  assert.deepEqual([hop, one, two].map((sshd) => sshd.sessions().length), [1, 1, 1]);
  await fleet.close();
  await until("all are left", () => [hop, one, two].every((sshd) => sshd.sessions().length === 0));
});

Deno.test("hops in a row are gone through in their order, even when only one may connect at a time", async () => {
  await using first = await startSshd();
  await using second = await startSshd();
  await using node = await startSshd();
  const ssh = { ...await together(first, second, node), port: node.port };
  const jump = `root@127.0.0.1:${first.port}, ssh://127.0.0.1:${second.port}`;
  await using fleet = fleetOf([{ name: "n", host: "127.0.0.1", ssh: { ...ssh, jump } }], {
    surroundings: bare(first.directory),
    maxConnecting: 1,
  });
  const reply = await fleet.run("n", "echo there", { timeoutMs });
  assert.ok(reply.kind === "exited", JSON.stringify(reply));
  assert.deepEqual([first, second, node].map((sshd) => sshd.sessions().length), [1, 1, 1]);
  const peer = await fleet.run("n", "echo $SSH_CONNECTION", { timeoutMs });
  assert.ok(peer.kind === "exited");
});

Deno.test("a jump host's key is verified like any other", async () => {
  await using hop = await startSshd();
  await using node = await startSshd();
  const ssh = await together(hop, node);
  const known = `${hop.directory}/node-only`;
  await Deno.writeTextFile(known, await node.hostKeyLine("ed25519"));
  await using fleet = fleetOf([{
    name: "n",
    host: "127.0.0.1",
    ssh: { ...ssh, port: node.port, knownHosts: [known], jump: `127.0.0.1:${hop.port}` },
  }], { surroundings: bare(hop.directory) });
  const reply = await fleet.run("n", "true", { timeoutMs });
  assert.ok(reply.kind === "unreachable");
  assert.equal(reply.trouble.code, "hostKeyUnknown");
  assert.ok(reply.trouble.detail.includes(`[127.0.0.1]:${hop.port}`));
  assert.equal(node.sessions().length, 0);
});

Deno.test("what a jump host cannot reach is told with its name", async () => {
  await using hop = await startSshd();
  const ssh = await together(hop);
  await using fleet = fleetOf([{
    name: "n",
    host: "127.0.0.1",
    ssh: { ...ssh, port: 1, jump: `127.0.0.1:${hop.port}` },
  }], { surroundings: bare(hop.directory) });
  const reply = await fleet.run("n", "true", { timeoutMs });
  assert.ok(reply.kind === "unreachable");
  assert.match(reply.trouble.detail, /^127\.0\.0\.1:1 through 127\.0\.0\.1: .*refused/i);
});

Deno.test("a jump host that is lost loses what runs behind it, and is connected anew", async () => {
  await using hop = await startSshd();
  await using node = await startSshd();
  const ssh = { ...await together(hop, node), port: node.port, jump: `127.0.0.1:${hop.port}` };
  await using fleet = fleetOf([{ name: "n", host: "127.0.0.1", ssh }], { surroundings: bare(hop.directory) });
  const running = fleet.run("n", "sleep 60", { timeoutMs: 60_000 });
  await until("the script runs", () => node.sessions().length === 1);
  await until(
    "the command is there",
    async () => (await fleet.run("n", "true", { timeoutMs })).kind === "exited",
  );
  hop.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  assert.equal((await running).kind, "lost");
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
});
