import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { knownHosts, lookupNames, matchesPattern, parseKnownHosts } from "../../../src/ssh/known_hosts.ts";

/** Keys with which nothing can be signed, but which every program takes for keys. */
const key = (seed: number): string => {
  const type = Buffer.from("ssh-ed25519");
  const length = (n: number) => Buffer.from([0, 0, 0, n]);
  return Buffer.concat([length(type.length), type, length(32), Buffer.alloc(32, seed)]).toString("base64");
};
const A = key(1);
const B = key(2);
const wire = (base64: string) => Buffer.from(base64, "base64");
const ask = (text: string, host: string, port: number, shown: string) =>
  knownHosts(parseKnownHosts(text, "file")).verdict({ host, port }, wire(shown));

const FILE = `
# comment
plain ssh-ed25519 ${A} with a comment
one,two,192.0.2.1 ssh-ed25519 ${A}
[odd]:2222 ssh-ed25519 ${A}
*.example.com,!bad.example.com ssh-ed25519 ${A}
node? ssh-ed25519 ${A}
[*.ports.net]:22?? ssh-ed25519 ${A}
UPPER ssh-ed25519 ${A}
  indented	ssh-ed25519   ${A}
fe80::1,[fe80::2]:2222 ssh-ed25519 ${A}
short ssh-ed25519
@unknown-marker marked ssh-ed25519 ${A}
`;
const HOSTS: readonly (readonly [string, number])[] = [
  ["plain", 22],
  ["plain", 2222],
  ["PLAIN", 22],
  ["one", 22],
  ["two", 22],
  ["three", 22],
  ["192.0.2.1", 22],
  ["odd", 2222],
  ["odd", 22],
  ["odd", 2223],
  ["a.example.com", 22],
  ["bad.example.com", 22],
  ["example.com", 22],
  ["node1", 22],
  ["node12", 22],
  ["a.ports.net", 2201],
  ["a.ports.net", 22],
  ["upper", 22],
  ["indented", 22],
  ["fe80::1", 22],
  ["fe80::2", 2222],
  ["short", 22],
  ["marked", 22],
];

/** What ssh-keygen finds for a host: the line numbers. */
async function witness(file: string, name: string): Promise<readonly number[]> {
  const { stdout } = await new Deno.Command("ssh-keygen", { args: ["-F", name, "-f", file], stderr: "null" })
    .output();
  return [...new TextDecoder().decode(stdout).matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
}

async function agree(text: string): Promise<void> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, text);
    const known = knownHosts(parseKnownHosts(text, file));
    for (const [host, port] of HOSTS) {
      const found = (await Promise.all(lookupNames({ host, port }).map((name) => witness(file, name))))
        .flat();
      const verdict = known.verdict({ host, port }, wire(A));
      assert.equal(verdict.kind === "known", found.length > 0, `${host}:${port} ${JSON.stringify(found)}`);
      if (verdict.kind === "known") assert.ok(found.includes(verdict.line.line), `${host}:${port}`);
    }
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("hosts are found as ssh-keygen finds them", () => agree(FILE));

Deno.test("hashed hosts are found as ssh-keygen finds them", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(
    file,
    HOSTS.map(([host, port]) => `${lookupNames({ host, port })[0]} ssh-ed25519 ${A}\n`).join(""),
  );
  await new Deno.Command("ssh-keygen", { args: ["-H", "-f", file], stdout: "null", stderr: "null" }).output();
  const text = await Deno.readTextFile(file);
  await Deno.remove(file);
  await Deno.remove(`${file}.old`);
  assert.ok(text.startsWith("|1|"));
  await agree(text);
});

Deno.test("another key of the same type is a change; a key of a type that is not known is unknown", () => {
  const text = `h ssh-ed25519 ${A}\n`;
  assert.equal(ask(text, "h", 22, A).kind, "known");
  assert.deepEqual(ask(text, "h", 22, B), { kind: "changed", line: parseKnownHosts(text, "file")[0] });
  const rsa = Buffer.from(wire(A));
  rsa.write("ssh-rsa-xyz", 4);
  assert.deepEqual(ask(text, "h", 22, rsa.toString("base64")), {
    kind: "unknown",
    otherTypes: ["ssh-ed25519"],
    certAuthority: false,
  });
});

Deno.test("a line whose type is not its key's own is left out, with every other one that cannot be read", () => {
  assert.deepEqual(
    parseKnownHosts(`h ssh-rsa ${A}\nh ssh-ed25519 !!\nh ssh-ed25519\n@x h ssh-ed25519 ${A}\n`, "file"),
    [],
  );
});

Deno.test("one of several keys of a type will do", () => {
  assert.equal(ask(`h ssh-ed25519 ${A}\nh ssh-ed25519 ${B}\n`, "h", 22, B).kind, "known");
});

Deno.test("a key that is known for the name without the port is taken, but another one there is no change", () => {
  const text = `h ssh-ed25519 ${A}\n`;
  assert.equal(ask(text, "h", 2222, A).kind, "known");
  assert.equal(ask(text, "h", 2222, B).kind, "unknown");
});

Deno.test("a revoked key stays revoked, whatever else the files say", () => {
  assert.equal(ask(`h ssh-ed25519 ${A}\n@revoked h ssh-ed25519 ${A}\n`, "h", 22, A).kind, "revoked");
  assert.equal(ask(`@revoked * ssh-ed25519 ${A}\n`, "h", 2222, A).kind, "revoked");
  assert.equal(ask(`@revoked h ssh-ed25519 ${A}\nh ssh-ed25519 ${B}\n`, "h", 22, B).kind, "known");
});

Deno.test("a certificate authority's key is no host key, and is told", () => {
  const verdict = ask(`@cert-authority h ssh-ed25519 ${A}\n`, "h", 22, A);
  assert.deepEqual(verdict, { kind: "unknown", otherTypes: [], certAuthority: true });
});

Deno.test("the types that are known without hashing are told, best name first", () => {
  const known = knownHosts(parseKnownHosts(`h ssh-ed25519 ${A}\n@revoked g ssh-ed25519 ${A}\n`, "file"));
  assert.deepEqual(known.plainTypes({ host: "H", port: 22 }), ["ssh-ed25519"]);
  assert.deepEqual(known.plainTypes({ host: "h", port: 2222 }), ["ssh-ed25519"]);
  assert.deepEqual(known.plainTypes({ host: "g", port: 22 }), []);
});

Deno.test("a pattern of many stars is matched quickly", () => {
  const begun = performance.now();
  assert.equal(matchesPattern("a".repeat(200), `${"*a".repeat(100)}b`), false);
  assert.equal(matchesPattern("abcabc", "*c"), true);
  assert.equal(matchesPattern("a.b", "a?b"), true);
  assert.equal(matchesPattern("axb", "a.b"), false);
  assert.ok(performance.now() - begun < 1_000);
});
