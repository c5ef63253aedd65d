import assert from "node:assert/strict";
import { configJsonSchema } from "../../../src/config/json_schema.ts";
import { isMap } from "../../../src/config/keys.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { parseConfig } from "../../../src/config/read.ts";
import { sampleConfig } from "../../../src/config/sample.ts";
import { plugins as builtIn } from "../../../src/cli/plugins.ts";
import { plugins } from "./plugins.ts";

const examples = new URL("../../../examples/", import.meta.url);

for (const { name } of [...Deno.readDirSync(examples)].filter((one) => one.name.endsWith(".yaml"))) {
  Deno.test(`the example ${name} is valid, without a warning`, async () => {
    const { config, problems } = await loadConfig({ path: name, env: {}, cwd: examples.pathname }, builtIn);
    assert.deepEqual(problems, []);
    assert.ok(config);
  });
}

for (const plugin of plugins) {
  Deno.test(`the sample for ${plugin.name} is valid as it is, and with every line taken in`, () => {
    const sample = sampleConfig([plugin]);
    const bare = parseConfig(sample, "quorate.yaml", [plugin]);
    assert.deepEqual(bare.problems, []);
    const whole = sample.replaceAll(/^( *)# ( *[A-Za-z]+:( |$))/gm, "$1$2");
    const full = parseConfig(whole, "quorate.yaml", [plugin]);
    assert.deepEqual(full.problems, []);
    assert.deepEqual(full.config?.services[0]?.policy, bare.config?.services[0]?.policy);
    for (const [name, option] of Object.entries(plugin.options)) {
      assert.ok(whole.includes(`\n      ${name}:`), `the sample does not show ${name}`);
      if (option.default === undefined) continue;
      assert.deepEqual(full.config?.services[0]?.options[name], bare.config?.services[0]?.options[name]);
    }
  });
}

Deno.test("the JSON Schema describes every key that the reader takes", () => {
  const missing: string[] = [];
  const walk = (schema: unknown, at: string): void => {
    if (!isMap(schema)) return;
    for (const [key, one] of Object.entries(isMap(schema.properties) ? schema.properties : {})) {
      if (!isMap(one) || (typeof one.description !== "string" && !Array.isArray(one.anyOf))) {
        missing.push(`${at}.${key}`);
      }
      walk(one, `${at}.${key}`);
    }
    walk(schema.additionalProperties, `${at}.*`);
    for (const one of Array.isArray(schema.anyOf) ? schema.anyOf : []) walk(one, at);
  };
  const schema = configJsonSchema(plugins);
  walk(schema, "");
  assert.deepEqual(missing, []);
  const text = JSON.stringify(schema);
  assert.ok(text.startsWith('{"title":"quorate.yaml"'));
  for (const key of ["$schema", "knownHosts", "repairTries", "peerPort", "words"]) {
    assert.ok(text.includes(`"${key}"`));
  }
});
