/** docs/playbooks.md: its files are written, its commands run in their order, and what they print is compared. */
import assert from "node:assert/strict";

const root = new URL("../../../", import.meta.url).pathname;

type Block =
  | { readonly kind: "file"; readonly name: string; readonly text: string }
  | { readonly kind: "command"; readonly command: string; readonly prints: readonly string[] };

/** Fenced blocks with a file name are files; `console` blocks are commands after "$ ", each with what it prints. */
function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].flatMap((found): readonly Block[] => {
    const [, kind, name, text = ""] = found;
    if (name !== undefined) return [{ kind: "file", name, text }];
    if (kind !== "console") return [];
    return text.split(/^\$ /m).filter((one) => one !== "").map((one): Block => {
      const [command = "", ...prints] = one.replace(/\n$/, "").split("\n");
      return { kind: "command", command, prints };
    });
  });
}

/** A line of only "…" stands for any lines, "…" within a line for any text. */
const patternOf = (prints: readonly string[]): RegExp =>
  new RegExp(
    `^${
      prints.map((line) =>
        line === "…"
          ? "(?:.*\\n)*?"
          : `${line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", "[^\\n]*?")}\\n`
      ).join("")
    }$`,
  );

Deno.test("the tutorial: every file, every command, every output", async () => {
  const blocks = blocksOf(await Deno.readTextFile(`${root}docs/playbooks.md`));
  assert.ok(blocks.length > 12);
  const dir = await Deno.makeTempDir({ prefix: "quorate-tutorial-" });
  const bin = await Deno.makeTempDir({ prefix: "quorate-bin-" });
  try {
    const quorate = `#!/bin/sh\nexec '${Deno.execPath()}' run -q -A --no-check '${root}src/main.ts' "$@"\n`;
    await Deno.writeTextFile(`${bin}/quorate`, quorate, { mode: 0o755 });
    await Deno.symlink(Deno.execPath(), `${bin}/deno`);
    for (const block of blocks) {
      if (block.kind === "file") {
        await Deno.writeTextFile(`${dir}/${block.name}`, block.text, { mode: 0o644 });
        continue;
      }
      const { code, stdout } = await new Deno.Command("sh", {
        args: ["-c", `exec 2>&1; umask 022; ${block.command}`],
        cwd: dir,
        env: { PATH: `${bin}:${Deno.env.get("PATH")}`, NO_COLOR: "1", QUORATE_STATE: `${dir}/.state` },
        stdin: "null",
      }).output();
      const printed = new TextDecoder().decode(stdout).replaceAll(`${dir}/`, "");
      // The formatter takes blank lines at the end of a block away.
      const said = `${printed}${code === 0 ? "" : `[exit ${code}]`}`.replace(
        /\n*$/,
        printed === "" ? "" : "\n",
      );
      assert.match(said, patternOf(block.prints), `$ ${block.command}\nprinted:\n${said}`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
    await Deno.remove(bin, { recursive: true });
  }
});
