/** What docs/zookeeper.md shows can be typed as it stands. */
import assert from "node:assert/strict";
import { builtIn } from "../../../src/cli/built_in.ts";
import { plugins } from "../../../src/cli/plugins.ts";
import { shellOf } from "../../docs.ts";
import { inFolder } from "./run.ts";

const page = await Deno.readTextFile(new URL("../../../docs/zookeeper.md", import.meta.url));

/** Sections whose commands are typed on a node. */
const ON_NODES = ["A super user", "Debian's zookeeperd"];

Deno.test("the page about ZooKeeper: its config is valid without a warning, and its commands run", () =>
  inFolder(async ({ run, write }) => {
    const [config = "", fixed = "", options = ""] = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
      .map(([, text]) => text);
    await write("quorate.yaml", config);
    await write("static.yaml", fixed);
    await write("let-through.yaml", fixed.replace(/^ +options: .*\n/m, `    ${options}`));
    const said: string[] = [];
    const typed = shellOf(page).filter(({ heading }) => !ON_NODES.includes(heading));
    for (const line of typed.flatMap(({ text }) => text.trim().split("\n"))) {
      const [program, ...args] = line.split(" ");
      assert.equal(program, "quorate");
      const { code, out, err } = await run(...args);
      assert.equal(code, 0, `${line}: ${err}`);
      said.push(out + err);
    }
    assert.equal(said.length, 5);
    assert.match(said[2] ?? "", /its id back/);
    assert.match(said[4] ?? "", /write the list of servers into zoo\.cfg/);
    assert.match(options, /conf/);
    assert.deepEqual(await run("validate", "-q", "-c", "let-through.yaml"), { code: 0, out: "", err: "" });
    assert.deepEqual(await run("validate", "-q", "-c", "zookeeper.yaml"), { code: 0, out: "", err: "" });
  }));

Deno.test("init --service with a name that no plugin has says which there are", () =>
  inFolder(async ({ run }) => {
    const { code, err } = await run("init", "--service", "zookeper", "-");
    assert.equal(code, 64);
    assert.match(err, /no plugin zookeper: --service takes etcd or zookeeper; did you mean zookeeper\?/);
  }));

Deno.test("the help names the plugins that there are", () =>
  inFolder(async ({ run }) => {
    assert.deepEqual([...builtIn], plugins.map((p) => p.name));
    assert.match((await run("init", "--help")).out, /etcd or zookeeper \[else etcd; with/);
  }));
