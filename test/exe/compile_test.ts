/**
 * `deno task compile`: which kind it makes, and why; checksums; the file for the other machine.
 */
import assert from "node:assert/strict";
import { here, listed, mustRefuse, root, run, scratch } from "./kit.ts";

const { version } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));

async function compile(out: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/compile.ts", "--out", out, ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("a DENORT_BIN that is no denort is noticed, and a file that works is made all the same", async (t) => {
  const sums = new Set<string>();
  const name = `quorate-${version}-linux-${here().name}`;
  const tried = async (what: string, denort: string, why: RegExp) =>
    await t.step(what, async () => {
      const out = scratch();
      const made = await compile(out, ["--arch", here().name], { DENORT_BIN: denort });
      assert.equal(made.code, 0, made.err);
      assert.match(made.out, /\n {2}\d+\.\d MB, self-extracting, because /);
      assert.match(made.out, why);
      assert.match(made.out, /\n {2}smoke test passed\n/);
      assert.deepEqual(listed(out), ["SHA256SUMS", name]);
      sums.add(Deno.readTextFileSync(`${out}/SHA256SUMS`));
      assert.deepEqual(await run("sha256sum", { args: ["-c", "SHA256SUMS"], cwd: out }), {
        code: 0,
        out: `${name}: OK\n`,
        err: "",
      });
      const { out: said } = await run(`${out}/${name}`, {
        args: ["--version"],
        env: { QUORATE_CACHE: `${out}/cache` },
      });
      assert.match(
        said,
        /^quorate \S+ \(commit [0-9a-f]{7,}(\+changes)?, Deno 2\.9\.5, self-extracting\)\n$/,
      );
    });
  await tried("deno itself", Deno.execPath(), /what deno compile made does not work, is \S+ a denort\?/);
  await tried("no program", `${root}README.md`, /deno compile could not: .*not an ELF file/i);
  assert.equal(sums.size, 1, "the same source gives the same bytes");
});

Deno.test("the file for the other machine says so on this one, and holds a runtime for it", async () => {
  const out = scratch();
  const other = here().name === "arm64" ? "x86_64" : "arm64";
  const made = await compile(out, ["--arch", other, "--self-extracting"]);
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /\n {2}not run: this machine is /);
  const file = `${out}/quorate-${version}-linux-${other}`;
  const cache = { QUORATE_CACHE: `${out}/cache` };
  mustRefuse(
    await run(file, { args: ["--version"], env: cache }),
    /this file is for \w+, and this machine is \w+/,
  );

  const script = `begin=$(sed -n '/^size=/{s/.*begin=//;s/ .*//;p;q}' "$1")
    code=$(sed -n '/^size=/{s/.*code=//;s/ .*//;p;q}' "$1")
    tail -c +$((begin + code + 1)) "$1" | tar -xzO package/deno | head -c 20 | od -An -tu1`;
  const { out: head } = await run("sh", { args: ["-euc", script, "sh", file] });
  const bytes = head.trim().split(/\s+/).map(Number);
  assert.deepEqual(bytes.slice(0, 4), [0x7f, 0x45, 0x4c, 0x46]);
  assert.equal(bytes[18], other === "arm64" ? 183 : 62);
});

Deno.test("an architecture that there is no file for is named with those that there are", async () => {
  const { code, err } = await compile(scratch(), ["--arch", "mips"]);
  assert.equal(code, 64);
  assert.match(err, /There is no --arch mips: name some of x86_64, arm64/);
});
