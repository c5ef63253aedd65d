import assert from "node:assert/strict";
import { command, fleetOf, keygen, type Sshd, startSshd } from "./sshd.ts";
import type { Trouble } from "../../src/model/fleet.ts";

const timeoutMs = 10_000;

/** What a fresh fleet meets with these known_hosts lines. */
async function meets(sshd: Sshd, lines: readonly string[]): Promise<Trouble | undefined> {
  const file = `${sshd.directory}/known`;
  await Deno.writeTextFile(file, lines.map((line) => `${line}\n`).join(""));
  await using fleet = sshd.fleet({ knownHosts: [file] });
  const reply = await fleet.run("n", "true", { timeoutMs });
  assert.ok(reply.kind === "unreachable" || reply.kind === "exited", JSON.stringify(reply));
  return reply.kind === "unreachable" ? reply.trouble : undefined;
}

async function fingerprintOf(sshd: Sshd, type: string): Promise<string> {
  const printed = await command("ssh-keygen", ["-lf", `${sshd.directory}/host_${type}.pub`]);
  return printed.split(" ")[1] ?? "";
}

Deno.test("an unknown host key is refused with its fingerprint, and the command that is named adds it", async () => {
  await using sshd = await startSshd();
  const trouble = await meets(sshd, []);
  assert.equal(trouble?.code, "hostKeyUnknown");
  assert.ok(trouble.detail.includes(await fingerprintOf(sshd, "ed25519")), trouble.detail);
  assert.match(trouble.unblock, /ssh-keygen -lf \/etc\/ssh\/ssh_host_ed25519_key\.pub/);
  const add = trouble.unblock.split("if they are equal: ")[1] ?? "";
  await command("sh", ["-c", add]);
  await using fleet = sshd.fleet({ knownHosts: [`${sshd.directory}/known`] });
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
});

Deno.test("a changed host key is refused with both fingerprints, and the commands that are named replace it", async () => {
  await using sshd = await startSshd();
  await keygen(`${sshd.directory}/other`, "ed25519");
  const other = (await Deno.readTextFile(`${sshd.directory}/other.pub`)).split(" ").slice(0, 2).join(" ");
  const trouble = await meets(sshd, [`[127.0.0.1]:${sshd.port} ${other}`]);
  assert.equal(trouble?.code, "hostKeyChanged");
  assert.ok(trouble.detail.includes(await fingerprintOf(sshd, "ed25519")));
  const [, stored] = (await command("ssh-keygen", ["-lf", `${sshd.directory}/other.pub`])).split(" ");
  assert.ok(trouble.detail.includes(`${sshd.directory}/known:1 has ${stored}`), trouble.detail);
  await command("sh", ["-c", trouble.unblock.split("if they are equal: ")[1] ?? ""]);
  await using fleet = sshd.fleet({ knownHosts: [`${sshd.directory}/known`] });
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
});

Deno.test("a revoked host key is refused, even when another line accepts it", async () => {
  await using sshd = await startSshd();
  const line = await sshd.hostKeyLine("ed25519");
  const trouble = await meets(sshd, [line, `@revoked * ${line.split(" ").slice(1).join(" ")}`]);
  assert.equal(trouble?.code, "hostKeyRevoked");
  assert.match(trouble.detail, /known:2 marks as revoked/);
});

Deno.test("a certificate authority does not vouch for a host, and the reason is told", async () => {
  await using sshd = await startSshd();
  const line = await sshd.hostKeyLine("ed25519");
  const trouble = await meets(sshd, [`@cert-authority ${line}`]);
  assert.equal(trouble?.code, "hostKeyUnknown");
  assert.match(trouble.detail, /host certificates are not supported/);
});

Deno.test("every key of a host will do, however the host would order them", async () => {
  await using sshd = await startSshd({ hostKeys: ["ed25519", "ecdsa", "rsa"] });
  for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
    assert.equal(await meets(sshd, [await sshd.hostKeyLine(type)]), undefined, type);
  }
});

Deno.test("every key of a host will do when its name is hashed, too", async () => {
  await using sshd = await startSshd({ hostKeys: ["ed25519", "ecdsa", "rsa"] });
  for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
    const file = `${sshd.directory}/hashed`;
    await Deno.writeTextFile(file, `${await sshd.hostKeyLine(type)}\n`);
    await command("ssh-keygen", ["-q", "-H", "-f", file]);
    const hashed = (await Deno.readTextFile(file)).trim();
    assert.match(hashed, /^\|1\|/);
    assert.equal(await meets(sshd, [hashed]), undefined, type);
  }
});

Deno.test("a host that shows another type of key than the known one is named with the key it shows", async () => {
  await using sshd = await startSshd({ hostKeys: ["rsa"] });
  await keygen(`${sshd.directory}/other`, "ed25519");
  const other = (await Deno.readTextFile(`${sshd.directory}/other.pub`)).split(" ").slice(0, 2).join(" ");
  const trouble = await meets(sshd, [`[127.0.0.1]:${sshd.port} ${other}`]);
  assert.equal(trouble?.code, "hostKeyUnknown");
  assert.ok(trouble.detail.includes(await fingerprintOf(sshd, "rsa")));
  assert.match(trouble.detail, /known are only its ssh-ed25519 keys/);
});

Deno.test("a name by HostKeyAlias is looked up without a port", async () => {
  await using sshd = await startSshd();
  const [, type, key] = (await sshd.hostKeyLine("ed25519")).split(" ");
  const file = `${sshd.directory}/known`;
  await Deno.writeTextFile(file, `the-alias ${type} ${key}\n`);
  await using fleet = fleetOf([{ name: "n", host: "db", ssh: { ...sshd.ssh, knownHosts: [file] } }], {
    surroundings: {
      home: sshd.directory,
      localUser: "root",
      agent: undefined,
      options: () => Promise.resolve({ hostname: ["127.0.0.1"], hostkeyalias: ["the-alias"] }),
    },
  });
  assert.equal((await fleet.run("n", "true", { timeoutMs })).kind, "exited");
});
