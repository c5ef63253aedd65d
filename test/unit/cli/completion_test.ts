import assert from "node:assert/strict";
import { type Folder, inFolder, unreachable } from "./run.ts";

const proposed = async ({ run }: Folder, ...words: readonly string[]): Promise<readonly string[]> => {
  const { code, out } = await run("__complete", ...words);
  assert.equal(code, 0);
  return out.split("\n").filter(Boolean).map((line) => line.split("\t")[0] ?? "");
};
const withConfig = (test: (folder: Folder) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    await folder.write("other.yaml", unreachable);
    await folder.write(
      "quorate.yaml",
      unreachable.replace("metadata:", "locks: { plugin: etcd, members: [n4] }\n  metadata:"),
    );
    await test(folder);
  });

Deno.test("commands are completed, hidden ones are not", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await proposed(folder, "pl"), ["plan"]);
    const all = await proposed(folder, "");
    assert.ok(all.includes("apply") && all.includes("completion"));
    assert.ok(all.every((name) => /^[a-z]+$/.test(name)));
  }));

Deno.test("flags and their values are completed", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await proposed(folder, "plan", "--det"), ["--detailed-exitcode"]);
    assert.deepEqual(await proposed(folder, "plan", "-o", "j"), ["json"]);
    assert.deepEqual(await proposed(folder, "status", "--color", "=", "ne"), ["never"]);
    assert.deepEqual(await proposed(folder, "--color", "a"), ["auto", "always"]);
    assert.deepEqual(await proposed(folder, "--qu"), ["--quiet"]);
    assert.deepEqual(await proposed(folder, "-q", "stat"), ["status"]);
  }));

Deno.test("services, nodes and cases are completed, from the config that the line names", () =>
  withConfig(async (folder) => {
    assert.deepEqual(await proposed(folder, "plan", ""), ["locks", "metadata"]);
    assert.deepEqual(await proposed(folder, "plan", "-c", "other.yaml", ""), ["metadata"]);
    assert.deepEqual(await proposed(folder, "-c", "other.yaml", "plan", "m"), ["metadata"]);
    assert.deepEqual(await proposed(folder, "explain", "add", "--node", ""), ["n1", "n2", "n3", "n4"]);
    assert.deepEqual(
      await proposed(folder, "explain", "rep"),
      [
        "replace",
        "repairCrashed",
        "repairWiped",
        "repairConfig",
      ].filter((name) => name.startsWith("rep")),
    );
    assert.deepEqual(await proposed(folder, "explain", "add", "m"), ["metadata"]);
    const { out } = await folder.run("__complete", "explain", "reti");
    assert.match(out, /^retire\ta node holds data/);
  }));

Deno.test("where there is no config nothing is proposed and nothing is said", () =>
  inFolder(async ({ run }) => {
    assert.deepEqual(await run("__complete", "plan", ""), { code: 0, out: "", err: "" });
  }));

Deno.test("in bash the script completes what __complete proposes", () =>
  withConfig(async ({ run, write, dir }) => {
    await write("completion.bash", (await run("completion", "bash")).out);
    const words = async (...typed: readonly string[]): Promise<readonly string[]> => {
      const script = `
        quorate() { "${Deno.execPath()}" run -A --no-check "$MAIN" "$@"; }
        . ./completion.bash
        COMP_WORDS=(quorate "$@"); COMP_CWORD=$#
        _quorate
        [ \${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = await new Deno.Command("bash", {
        args: ["-c", script, "bash", ...typed],
        cwd: dir,
        env: { MAIN: new URL("../../../src/main.ts", import.meta.url).pathname },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      return new TextDecoder().decode(stdout).split("\n").filter(Boolean);
    };
    assert.deepEqual(await words("explain", "quor"), ["quorumLost"]);
    assert.deepEqual(await words("plan", ""), ["locks", "metadata"]);
    assert.deepEqual(await words("plan", "nothing"), []);
  }));

for (const shell of ["zsh", "fish"] as const) {
  Deno.test(`there is a script for ${shell} that asks __complete`, () =>
    inFolder(async ({ run }) => {
      const { code, out } = await run("completion", shell);
      assert.equal(code, 0);
      assert.match(out, /quorate __complete/);
    }));
}
