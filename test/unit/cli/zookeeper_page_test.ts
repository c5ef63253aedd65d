/** What docs/zookeeper.md shows can be typed as it stands. */
import assert from "node:assert/strict";
import { shellOf } from "../../docs.ts";
import { inFolder } from "./run.ts";

const page = await Deno.readTextFile(new URL("../../../docs/zookeeper.md", import.meta.url));

Deno.test("the page about ZooKeeper: its config is valid without a warning, and its commands run", () =>
  inFolder(async ({ run, write }) => {
    const [, config = ""] = /^```yaml\n# quorate.yaml\n([\s\S]*?)^```$/m.exec(page) ?? [];
    await write("quorate.yaml", config);
    const said: string[] = [];
    for (const line of shellOf(page).flatMap(({ text }) => text.trim().split("\n"))) {
      const [program, ...args] = line.split(" ");
      assert.equal(program, "quorate");
      const { code, out, err } = await run(...args);
      assert.equal(code, 0, `${line}: ${err}`);
      said.push(out + err);
    }
    assert.equal(said.length, 3);
    assert.match(said[2] ?? "", /its id back/);
    assert.deepEqual(await run("validate", "-q", "-c", "zookeeper.yaml"), { code: 0, out: "", err: "" });
  }));

Deno.test("init --service with a name that no plugin has says which there are", () =>
  inFolder(async ({ run }) => {
    const { code, err } = await run("init", "--service", "zookeper", "-");
    assert.equal(code, 64);
    assert.match(err, /no plugin zookeper: --service takes etcd or zookeeper; did you mean zookeeper\?/);
  }));
