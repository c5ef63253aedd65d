import assert from "node:assert/strict";
import { parseConfig } from "../../../src/config/read.ts";
import { renderProblem } from "../../../src/config/render.ts";
import { plugins } from "../../unit/config/plugins.ts";

// Not `.yaml`: the formatter would mend what is wrong on purpose.
const here = new URL("./", import.meta.url);
const cases = [...Deno.readDirSync(here)].filter((entry) => entry.isDirectory).map((entry) => entry.name)
  .sort();

for (const name of cases) {
  Deno.test(`the problems of the config "${name}" read as they did`, async () => {
    const folder = new URL(`${name}/`, here);
    const text = await Deno.readTextFile(new URL("quorate.yaml.txt", folder));
    const { problems } = parseConfig(text, "quorate.yaml", plugins);
    const seen = problems.map((one) => renderProblem(one, text, { colour: false }) + "\n").join("\n");
    const golden = new URL("problems.txt", folder);
    if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(golden, seen);
    assert.equal(seen, await Deno.readTextFile(golden));
  });
}
