import assert from "node:assert/strict";
import { needsSsh, parseSshConfig, parseSshG, sshOptions } from "../../../src/ssh/ssh_config.ts";

/** What the OpenSSH client takes from the same text. */
async function witness(text: string, host: string) {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, text);
    const { success, stdout, stderr } = await new Deno.Command("ssh", {
      args: ["-G", "-F", file, "--", host],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return parseSshG(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(file);
  }
}

const CONFIGS: Readonly<Record<string, string>> = {
  "the first value wins":
    "Host a*\n  User one\n  Port 2201\nHost *\n  User two\n  Port 2202\n  HostName real.example\n",
  "patterns, negation and several of them": "Host b* !bad a?\n User x\nHost !a1 *\n Port 2222\n",
  "case of keywords, equals signs and blanks": "hOsT=a1\n\tUSER = me\n  port=2022\n",
  "quotes": 'Host "a1"\n User "two words"\n UserKnownHostsFile "/a b" /c\n',
  "comments": "# one\nHost a1 # two\n  User x # three\n#Port 9\n",
  "every identity file":
    "IdentityFile /k/one\nHost a1\n IdentityFile /k/two\nHost *\n IdentityFile /k/three\n",
  "jumps": "Host a1\n ProxyJump u@hop:2200,hop2\nHost bad\n ProxyJump none\n",
  "a command before a jump": "Host a1\n ProxyCommand nc %h %p\nHost *\n ProxyJump hop\n",
  "alias, agent and time":
    "Host *\n HostKeyAlias al\n IdentitiesOnly yes\n IdentityAgent /run/agent\n ConnectTimeout 7\n",
  "match all": "Host b*\n User x\nMatch all\n User y\n",
};
const KEYWORDS = ["hostname", "port", "user", "hostkeyalias", "identitiesonly", "connecttimeout"] as const;

for (const [name, text] of Object.entries(CONFIGS)) {
  Deno.test(`ssh_config is read as the OpenSSH client reads it: ${name}`, async () => {
    for (const host of ["a1", "a12", "b1", "bad", "other"]) {
      const ours = sshOptions([parseSshConfig(text, () => [])], host);
      const theirs = await witness(text, host);
      for (const keyword of KEYWORDS) {
        if (ours[keyword] === undefined) continue; // they print defaults, too
        assert.equal(ours[keyword]?.join(" "), theirs[keyword]?.join(" "), `${keyword} of ${host}`);
      }
      // What they print for a host must be ours, unless it is a default.
      const bare = await witness("", host);
      for (const keyword of KEYWORDS) {
        if (theirs[keyword]?.join(" ") === bare[keyword]?.join(" ")) continue;
        assert.equal(ours[keyword]?.join(" "), theirs[keyword]?.join(" "), `${keyword} of ${host}`);
      }
      if (ours.identityfile) assert.deepEqual(ours.identityfile, theirs.identityfile);
      if (ours.userknownhostsfile) {
        assert.deepEqual(ours.userknownhostsfile.join(" "), theirs.userknownhostsfile?.join(" "));
      }
      if (ours.identityagent) assert.deepEqual(ours.identityagent, theirs.identityagent);
      const ourJump = ours.proxyjump?.join(",");
      assert.equal(ourJump === "none" ? undefined : ourJump, theirs.proxyjump?.join(","), `jump of ${host}`);
      assert.equal(ours.proxycommand?.join(" "), theirs.proxycommand?.join(" "), `command of ${host}`);
    }
  });
}

Deno.test("included files take part where they stand", () => {
  const files: Readonly<Record<string, string>> = { one: "User one\nHost b\n Port 1\n", two: "User two\n" };
  const include = (pattern: string) => [parseSshConfig(files[pattern] ?? "", () => [])];
  const config = parseSshConfig("Host a\n Include one\nHost *\n Include two\n User three\n", include);
  assert.deepEqual(sshOptions([config], "a"), { user: ["one"] });
  assert.deepEqual(sshOptions([config], "b"), { user: ["two"] });
});

Deno.test("only a Match block that says something of ours needs the OpenSSH client", () => {
  const needs = (text: string) => needsSsh([parseSshConfig(text, () => [])]);
  assert.equal(needs("Match host x\n User y\n"), true);
  assert.equal(needs("Match host x\n ForwardX11 yes\n"), false);
  assert.equal(needs("Match all\n User y\n"), false);
  assert.equal(needs("Match exec true\n SendEnv A\nHost *\n User y\n"), false);
});
