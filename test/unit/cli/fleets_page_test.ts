/** What docs/fleets.md shows can be typed as it stands; only the hosts are some that nobody answers for. */
import assert from "node:assert/strict";
import { shellOf } from "../../docs.ts";
import { inFolder } from "./run.ts";

const page = await Deno.readTextFile(new URL("../../../docs/fleets.md", import.meta.url));
const files = [...page.matchAll(/^```yaml\n# (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = "", text = ""]) => ({
  name,
  text: text.replace("nodes:", "ssh: { user: nobody, port: 1, connectTimeout: 2s }\nnodes:").replaceAll(
    "10.0.",
    "127.0.",
  ),
}));

Deno.test("the page about fleets: its files are valid without a warning, and its commands run", () =>
  inFolder(async ({ run, dir, write }) => {
    assert.equal(files.length, 3);
    await Deno.mkdir(`${dir}/conf.d`);
    for (const { name, text } of files) await write(name, text);
    assert.deepEqual((await run("validate")).err, "", "quorate.yaml");
    const codes: number[] = [];
    for (const { text } of shellOf(page)) {
      for (const line of text.trim().split("\n")) {
        const [program, ...args] = line.replace("--jitter 20s", "--jitter 20ms").split(" ");
        assert.equal(program, "quorate");
        const { code, out, err } = await run(...args);
        codes.push(code);
        if (args[0] === "status") assert.match(out, /^2 services: 2 refused\n/);
        if (args[0] === "validate") assert.equal(err, "");
      }
    }
    assert.deepEqual(codes, [0, 3, 0]);
  }));
