import assert from "node:assert/strict";
import { findEndpoint, parseHop, readSurroundings, type Surroundings } from "../../../src/ssh/endpoint.ts";
import { isTrouble } from "../../../src/ssh/trouble.ts";
import type { SshOptions } from "../../../src/ssh/ssh_config.ts";
import type { SshSettings } from "../../../src/ssh/settings.ts";

const around = (options: Readonly<Record<string, SshOptions>> = {}): Surroundings => ({
  home: "/home/op",
  localUser: "op",
  agent: "/run/agent",
  options: (host) => Promise.resolve(options[host] ?? {}),
});

async function found(
  host: string,
  settings: SshSettings,
  options: Readonly<Record<string, SshOptions>> = {},
) {
  const endpoint = await findEndpoint(host, settings, around(options));
  assert.ok(!isTrouble(endpoint), JSON.stringify(endpoint));
  return endpoint;
}

Deno.test("hops are read as ssh reads them", () => {
  assert.deepEqual(parseHop("db"), { user: undefined, host: "db", port: undefined });
  assert.deepEqual(parseHop("me@db:22"), { user: "me", host: "db", port: 22 });
  assert.deepEqual(parseHop("me@[fe80::1]:2200"), { user: "me", host: "fe80::1", port: 2200 });
  assert.deepEqual(parseHop("ssh://me@db:22/"), { user: "me", host: "db", port: 22 });
  for (const bad of ["", "a b", "a b:c", "db:port", "db:0", "db:65536", "[db", "@", "a:1:2"]) {
    assert.equal(parseHop(bad), undefined, bad);
  }
});

Deno.test("without a word, a node is reached as ssh would reach it", async () => {
  const endpoint = await found("db", {});
  assert.deepEqual(
    [endpoint.host, endpoint.port, endpoint.user, endpoint.agent, endpoint.jump, endpoint.connectTimeoutMs],
    ["db", 22, "op", "/run/agent", undefined, 10_000],
  );
  assert.deepEqual(endpoint.identities.map(({ path }) => path), [
    "/home/op/.ssh/id_ed25519",
    "/home/op/.ssh/id_ecdsa",
    "/home/op/.ssh/id_rsa",
  ]);
  assert.equal(endpoint.knownHosts[0], "/home/op/.ssh/known_hosts");
});

Deno.test("the config's settings come before ssh_config's", async () => {
  const options: SshOptions = {
    hostname: ["%h.example"],
    user: ["them"],
    port: ["2200"],
    identityfile: ["~/keys/%r"],
    connecttimeout: ["3"],
    identityagent: ["none"],
  };
  const theirs = await found("db", {}, { db: options });
  assert.deepEqual(
    [
      theirs.host,
      theirs.user,
      theirs.port,
      theirs.connectTimeoutMs,
      theirs.agent,
      theirs.identities[0]?.path,
    ],
    ["db.example", "them", 2200, 3_000, undefined, "/home/op/keys/them"],
  );
  const ours = await found("db", {
    user: "us",
    port: 2,
    identityFiles: ["/k"],
    connectTimeoutMs: 5,
    knownHosts: ["~/kh"],
  }, {
    db: options,
  });
  assert.deepEqual([ours.user, ours.port, ours.connectTimeoutMs, ours.knownHosts], ["us", 2, 5, [
    "/home/op/kh",
  ]]);
  assert.deepEqual(ours.identities.slice(0, 2), [
    { path: "/k", from: "settings" },
    { path: "/home/op/keys/us", from: "sshConfig" },
  ]);
});

Deno.test("hops come in a row, with their own settings; `none` overrides ssh_config", async () => {
  const options = { db: { proxyjump: ["a,b:2200"] }, a: { user: ["for-a"], hostname: ["10.0.0.1"] } };
  const endpoint = await found("db", { port: 7, identityFiles: ["/k"] }, options);
  const [b, a] = [endpoint.jump, endpoint.jump?.jump];
  assert.deepEqual([b?.host, b?.port, b?.user, b?.identities[0]?.path], ["b", 2200, "op", "/k"]);
  assert.deepEqual([a?.host, a?.port, a?.user, a?.jump], ["10.0.0.1", 22, "for-a", undefined]);
  assert.equal((await found("db", { jump: "none" }, options)).jump, undefined);
  assert.equal((await found("db", { jump: "c" }, options)).jump?.host, "c");
});

Deno.test("the first hop's own ProxyJump counts, and a circle is told", async () => {
  const chain = { db: { proxyjump: ["a"] }, a: { proxyjump: ["b"] } };
  assert.equal((await found("db", {}, chain)).jump?.jump?.host, "b");
  const circle = await findEndpoint("db", {}, around({ db: { proxyjump: ["a"] }, a: { proxyjump: ["a"] } }));
  assert.ok(isTrouble(circle));
  assert.match(circle.detail, /circle at a/);
});

Deno.test("what cannot be done is told: a ProxyCommand, a hop that cannot be read", async () => {
  const command = await findEndpoint("db", {}, around({ db: { proxycommand: ["nc %h %p"] } }));
  assert.ok(isTrouble(command) && /ProxyCommand/.test(command.detail));
  const hop = await findEndpoint("db", { jump: "a:b:c" }, around());
  assert.ok(isTrouble(hop) && /cannot read "a:b:c" as a hop/.test(hop.detail));
});

async function withHome(files: Readonly<Record<string, string>>, test: () => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  const before = Deno.env.get("HOME");
  try {
    Deno.env.set("HOME", home);
    await Deno.mkdir(`${home}/.ssh/conf.d`, { recursive: true });
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${home}/.ssh/${name}`, text);
    await test();
  } finally {
    if (before === undefined) Deno.env.delete("HOME");
    else Deno.env.set("HOME", before);
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("the user's files are found by HOME, with what they include; an endless Include ends", () =>
  withHome({
    config: "Include conf.d/*.conf\nInclude ~/.ssh/none\n",
    "conf.d/a.conf": "Host db\n User included\nInclude conf.d/a.conf\n",
    "conf.d/ignored": "Port 1\n",
  }, async () => {
    const options = await readSurroundings().options("db");
    assert.ok(!isTrouble(options));
    assert.deepEqual([options.user, options.port], [["included"], undefined]);
  }));

Deno.test("what a Match block means is asked of the OpenSSH client", () =>
  withHome({ config: "Match host db*\n User matched\n ProxyJump a,b\nHost *\n Port 2222\n" }, async () => {
    const { options } = readSurroundings();
    const [db, other] = [await options("db1"), await options("other")];
    assert.ok(!isTrouble(db) && !isTrouble(other));
    assert.deepEqual([db.user, db.port, db.proxyjump], [["matched"], ["2222"], ["a,b"]]);
    assert.notDeepEqual(other.user, ["matched"]);
  }));
