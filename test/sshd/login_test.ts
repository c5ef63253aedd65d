import assert from "node:assert/strict";
import { bare, command, exists, keygen, kill, type Sshd, startSshd, until } from "./sshd.ts";
import type { Trouble } from "../../src/model/fleet.ts";
import type { SshSettings } from "../../src/ssh/settings.ts";
import type { Surroundings } from "../../src/ssh/endpoint.ts";

const timeoutMs = 10_000;

/** What a fresh fleet meets with these settings. */
async function meets(
  sshd: Sshd,
  settings: SshSettings,
  around: Partial<Surroundings> = {},
): Promise<Trouble | undefined> {
  const surroundings = { ...bare(sshd.directory), ...around };
  await using fleet = sshd.fleet({ passphrase: () => undefined, ...settings }, { surroundings });
  const reply = await fleet.run("n", "true", { timeoutMs });
  assert.ok(reply.kind === "unreachable" || reply.kind === "exited", JSON.stringify(reply));
  return reply.kind === "unreachable" ? reply.trouble : undefined;
}

/** Makes a key that may log in. */
async function authorize(sshd: Sshd, path: string): Promise<void> {
  await Deno.writeTextFile(`${sshd.directory}/authorized`, await Deno.readTextFile(`${path}.pub`), {
    append: true,
  });
}

async function startAgent(sshd: Sshd, keys: readonly string[]) {
  const socket = `${sshd.directory}/agent`;
  const agent = new Deno.Command("ssh-agent", { args: ["-D", "-a", socket], stdout: "null", stderr: "null" })
    .spawn();
  await until("the agent is there", () => exists(socket));
  for (const key of keys) await command("ssh-add", ["-q", key], { SSH_AUTH_SOCK: socket });
  return {
    socket,
    async [Symbol.asyncDispose]() {
      kill(agent.pid, "SIGTERM");
      await agent.status;
    },
  };
}

Deno.test("keys of every type log in, in OpenSSH's form and in PEM", async () => {
  await using sshd = await startSshd();
  for (
    const [type, ...more] of [["ed25519"], ["ecdsa"], ["rsa"], ["rsa", "-m", "PEM"], [
      "ecdsa",
      "-m",
      "PEM",
    ]] as const
  ) {
    const key = `${sshd.directory}/key-${type}-${more.length}`;
    await keygen(key, type, ...more);
    await authorize(sshd, key);
    assert.equal(await meets(sshd, { identityFiles: [key] }), undefined, key);
  }
});

Deno.test("an encrypted key logs in with its passphrase, is asked for it once, and tells when it has none", async () => {
  await using sshd = await startSshd();
  const key = `${sshd.directory}/locked`;
  await keygen(key, "ed25519", "-N", "open sesame");
  await authorize(sshd, key);
  let asked = 0;
  await using fleet = sshd.fleet({ identityFiles: [key], passphrase: () => (asked++, "open sesame") });
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
  sshd.sessions().forEach((pid) => kill(pid, "SIGKILL"));
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
  assert.equal(asked, 1);

  const without = await meets(sshd, { identityFiles: [key] });
  assert.equal(without?.code, "keyUnusable");
  assert.match(without.detail, /locked: it is encrypted, and there is no passphrase/);
  assert.match(without.unblock, /QUORATE_SSH_PASSPHRASE.*ssh-add/);
  const wrong = await meets(sshd, { identityFiles: [key], passphrase: () => "wrong" });
  assert.equal(wrong?.code, "keyUnusable");
  assert.match(wrong.detail, /the passphrase does not open it/);
});

Deno.test("the passphrase comes from the environment", async () => {
  await using sshd = await startSshd();
  const key = `${sshd.directory}/locked`;
  await keygen(key, "ed25519", "-N", "open sesame");
  await authorize(sshd, key);
  Deno.env.set("QUORATE_SSH_PASSPHRASE", "open sesame");
  try {
    await using fleet = sshd.fleet({ identityFiles: [key] });
    assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
  } finally {
    Deno.env.delete("QUORATE_SSH_PASSPHRASE");
  }
});

Deno.test("an encrypted key in PEM form is told to be unusable, and how to rewrite it", async () => {
  await using sshd = await startSshd();
  for (const type of ["rsa", "ecdsa"] as const) {
    const key = `${sshd.directory}/pem-${type}`;
    await keygen(key, type, "-m", "PEM", "-N", "open sesame");
    const trouble = await meets(sshd, { identityFiles: [key], passphrase: () => "open sesame" });
    assert.equal(trouble?.code, "keyUnusable");
    assert.match(trouble.detail, /old PEM form/);
    await authorize(sshd, key);
    await command("sh", ["-c", `${trouble.unblock.split(": ")[1]} -P 'open sesame' -N 'open sesame'`]);
    assert.equal(await meets(sshd, { identityFiles: [key], passphrase: () => "open sesame" }), undefined);
  }
});

Deno.test("the agent logs in, for a key whose file cannot be opened too", async () => {
  await using sshd = await startSshd();
  const key = `${sshd.directory}/locked`;
  await keygen(key, "rsa");
  await authorize(sshd, key);
  await using agent = await startAgent(sshd, [key]);
  await command("ssh-keygen", ["-q", "-p", "-f", key, "-N", "open sesame"]);
  assert.equal(await meets(sshd, { identityFiles: [] }, { agent: agent.socket }), undefined);
  assert.equal(await meets(sshd, { identityFiles: [key] }, { agent: agent.socket }), undefined);
});

Deno.test("with IdentitiesOnly, of the agent's keys only the named ones are offered", async () => {
  await using sshd = await startSshd({ config: () => ["MaxAuthTries 2"] });
  const keys = ["a", "b", "c", "d"].map((name) => `${sshd.directory}/key-${name}`);
  for (const key of keys) await keygen(key, "ed25519");
  const last = keys[3] ?? "";
  await authorize(sshd, last);
  await using agent = await startAgent(sshd, keys);
  await command("ssh-keygen", ["-q", "-p", "-f", last, "-N", "open sesame"]);
  const all = await meets(sshd, { identityFiles: [] }, { agent: agent.socket });
  assert.equal(all?.code, "authRefused");
  assert.match(all.detail, /too many authentication failures/i);
  const options = () => Promise.resolve({ identitiesonly: ["yes"], identityfile: [last] });
  assert.equal(await meets(sshd, { identityFiles: [] }, { agent: agent.socket, options }), undefined);
});

Deno.test("an agent that is not there does not stand in the way of a key file", async () => {
  await using sshd = await startSshd();
  await Deno.mkdir(`${sshd.directory}/.ssh`);
  await Deno.copyFile(sshd.key, `${sshd.directory}/.ssh/id_ed25519`);
  assert.equal(await meets(sshd, { identityFiles: [] }, { agent: `${sshd.directory}/none` }), undefined);
});

Deno.test("a refused login tells what was offered", async () => {
  await using sshd = await startSshd();
  const key = `${sshd.directory}/stranger`;
  await keygen(key, "ed25519");
  const trouble = await meets(sshd, { identityFiles: [key], user: "root" });
  assert.equal(trouble?.code, "authRefused");
  const [, fingerprint] = (await command("ssh-keygen", ["-lf", `${key}.pub`])).split(" ");
  assert.ok(trouble.detail.includes(`${key} (${fingerprint})`), trouble.detail);
  assert.match(trouble.unblock, /authorized_keys of root/);
});

Deno.test("a server that takes no keys, or wants more than a key, is told as that", async () => {
  await using passwords = await startSshd({
    config: () => ["PubkeyAuthentication no", "PasswordAuthentication yes"],
  });
  const only = await meets(passwords, {});
  assert.equal(only?.code, "authRefused");
  assert.match(only.detail, /it only takes .*password/);
  await using both = await startSshd({
    config: () => ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"],
  });
  const more = await meets(both, {});
  assert.equal(more?.code, "authRefused");
  assert.match(more.detail, /also asks for password/);
});

Deno.test("no key at all, and a key file that is not there, are told", async () => {
  await using sshd = await startSshd();
  const none = await meets(sshd, { identityFiles: [] });
  assert.equal(none?.code, "keyUnusable");
  assert.match(none.detail, /neither an agent nor a key file/);
  const missing = await meets(sshd, { identityFiles: ["/nonexistent/key"] });
  assert.equal(missing?.code, "keyUnusable");
  assert.match(missing.detail, /\/nonexistent\/key: there is no such file/);
});

Deno.test("a server with which nothing can be agreed on is unreachable, with a word on Deno", async () => {
  await using sshd = await startSshd({ config: () => ["KexAlgorithms ecdh-sha2-nistp521"] });
  const trouble = await meets(sshd, {});
  assert.equal(trouble?.code, "unreachable");
  assert.match(trouble.unblock, /ecdh-sha2-nistp521 is not supported on Deno/);
});
