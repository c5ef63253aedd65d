import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { AnswerReader } from "../../src/ssh/answer.ts";
import { parseHop } from "../../src/ssh/endpoint.ts";
import { keyTypeOf, knownHosts, matchesPattern, parseKnownHosts } from "../../src/ssh/known_hosts.ts";
import { needsSsh, parseSshConfig, parseSshG, sshOptions } from "../../src/ssh/ssh_config.ts";
import { shellWord } from "../../src/ssh/trouble.ts";

const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

/** Text that is nearly of a format: its own words in any order, among anything else. */
const nearly = (...words: readonly string[]) =>
  fc.array(fc.oneof(fc.constantFrom(...words), fc.string(), fc.string({ unit: "binary" })), { maxLength: 40 })
    .map((parts) => parts.join(""));

Deno.test("known_hosts of any text never throws, and no text makes a host known without its very key", () => {
  const other = Buffer.from(KEY, "base64");
  other.fill(9, other.length - 32);
  const text = nearly(
    "|1|",
    "=",
    ",",
    " ",
    "\n",
    "*",
    "?",
    "!",
    "[",
    "]:22",
    "host",
    "@revoked ",
    "@cert-authority ",
    "ssh-ed25519",
    KEY,
    "#",
    "\t",
    "\0",
  );
  fc.assert(
    fc.property(text, fc.string(), fc.nat(65_535), (text, host, port) => {
      const known = knownHosts(parseKnownHosts(text, "file"));
      known.plainTypes({ host, port });
      known.verdict({ host, port }, Buffer.from(host));
      assert.notEqual(known.verdict({ host, port }, other).kind, "known");
    }),
    { numRuns: 500 },
  );
});

Deno.test("a key of any bytes has a type or none", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const type = keyTypeOf(bytes);
    assert.ok(type === undefined || type.length > 0);
  }));
});

Deno.test("ssh_config of any text never throws", () => {
  const text = nearly(
    "Host ",
    "Match ",
    "Include ",
    "User ",
    "IdentityFile ",
    "=",
    '"',
    "'",
    "\\",
    "\n",
    "*",
    "!",
    "#",
    "all",
  );
  fc.assert(
    fc.property(text, fc.string(), (text, host) => {
      const config = parseSshConfig(text, () => [parseSshConfig(text, () => [])]);
      sshOptions([config], host);
      needsSsh([config]);
      parseSshG(text);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a hop of any text is read as a host, or not at all", () => {
  fc.assert(fc.property(nearly("@", ":", "[", "]", "22", "ssh://", "/"), (text) => {
    const hop = parseHop(text);
    assert.ok(hop === undefined || hop.host.length > 0);
  }));
});

Deno.test("patterns match as the same regular expression does", () => {
  const glob = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  fc.assert(
    fc.property(text, glob, (text, pattern) => {
      const expected = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(text);
      assert.equal(matchesPattern(text, pattern), expected);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("an answer is cut out exactly, in whatever pieces it comes and whatever stands around it", async () => {
  const tag = "0123456789abcdef0123456789abcdef";
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(
      bytes,
      bytes,
      bytes,
      bytes,
      fc.integer({ min: 1, max: 97 }),
      async (noise, out, err, after, size) => {
        const reader = new AnswerReader(tag, 10_000);
        const framed = (content: Uint8Array) =>
          Buffer.concat([
            noise,
            Buffer.from(`${tag} begin\n`),
            content,
            Buffer.from(`${tag} end 7 123456\n`),
            after,
          ]);
        const [stdout, stderr] = [framed(out), framed(err)];
        for (let at = 0; at < stdout.length; at += size) reader.stdout(stdout.subarray(at, at + size));
        for (let at = 0; at < stderr.length; at += size) reader.stderr(stderr.subarray(at, at + size));
        const answer = await reader.answer;
        assert.deepEqual(Buffer.from(answer.stdout), Buffer.from(out));
        assert.deepEqual(Buffer.from(answer.stderr), Buffer.from(err));
        assert.deepEqual([answer.code, answer.uptime, answer.late, answer.tooLong], [
          7,
          123_456,
          false,
          false,
        ]);
      },
    ),
  );
});

Deno.test("an answer of any length is whole, or is told to be too long; its exit code is right all the same", async () => {
  const tag = "0123456789abcdef0123456789abcdef";
  const limit = 500;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(3_000),
      fc.nat(3_000),
      fc.integer({ min: 1, max: 700 }),
      fc.nat(255),
      async (out, err, size, code) => {
        const reader = new AnswerReader(tag, limit);
        const framed = (length: number) =>
          Buffer.from(`${tag} begin\n${"\u00ff".repeat(length / 2)}${tag} end ${code} 1\n`);
        const [stdout, stderr] = [framed(out), framed(err)];
        for (let at = 0; at < stdout.length; at += size) reader.stdout(stdout.subarray(at, at + size));
        for (let at = 0; at < stderr.length; at += size) reader.stderr(stderr.subarray(at, at + size));
        const answer = await reader.answer;
        assert.equal(answer.code, code);
        const kept = answer.stdout.length === 2 * Math.floor(out / 2) &&
          answer.stderr.length === 2 * Math.floor(err / 2);
        assert.ok(
          kept || answer.tooLong,
          `${answer.stdout.length} of ${out}, ${answer.stderr.length} of ${err}`,
        );
        // What it keeps is bounded by the limit and one piece.
        assert.ok(answer.stdout.length <= limit + size + 128 && answer.stderr.length <= limit + size + 128);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("lines of any kind in known_hosts neither lift a revocation nor change whose key a key is", () => {
  const key = Buffer.from(KEY, "base64");
  const other = Buffer.from(key);
  other.fill(7, other.length - 32);
  const name = { host: "db1", port: 22 };
  const noise = fc.array(
    nearly(
      "db1",
      " ",
      "\t",
      ",",
      "*",
      "!",
      "|1|",
      "@revoked ",
      "@cert-authority ",
      "ssh-ed25519",
      "#",
      "=",
      "\0",
    )
      .map((line) => line.replaceAll(/[\n\r]/g, "")),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(noise, noise, (before, after) => {
      const file = (line: string) => parseKnownHosts([...before, line, ...after].join("\n"), "file");
      const known = knownHosts(file(`db1 ssh-ed25519 ${KEY}`));
      assert.notEqual(known.verdict(name, other).kind, "known");
      assert.ok(["known", "revoked"].includes(known.verdict(name, key).kind));
      const revoked = knownHosts([
        ...file(`@revoked * ssh-ed25519 ${KEY}`),
        ...file(`db1 ssh-ed25519 ${KEY}`),
      ]);
      assert.equal(revoked.verdict(name, key).kind, "revoked");
    }),
    { numRuns: 500 },
  );
});

Deno.test("a word is quoted so that sh reads it back", async () => {
  const words = fc.sample(
    fc.string({ unit: fc.constantFrom(..."ab '\"\\$`!*~#;&|<>(){}[]\n\t-é".split("")) }),
    300,
  );
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", words.map((word) => `printf '%s\\0' ${shellWord(word)}`).join("\n")],
  }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});
