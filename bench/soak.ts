/**
 * `deno task soak --runs 1000`: as many steady runs in a row as a timer makes in a day, on real hosts. Nothing may be
 * said, and the state directory of the manager and what lies on the nodes may not grow.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { warm } from "../scripts/warm.ts";
import { Site } from "../test/lab/kit.ts";

const { values } = parseArgs({ args: Deno.args, options: { runs: { type: "string", default: "1000" } } });
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 2) {
  throw new TypeError(`--runs must be 2 or more: it is ${values.runs}`);
}

await warm();
await using site = await Site.up("soak", { hosts: 3 });
const config = await site.config(["n1", "n2", "n3"]);
await site.apply(config);

/** Every file of the manager with its size; the lock holds a process id, whose length says nothing. */
async function managed(): Promise<string> {
  const { stdout } = await site.lab.exec([
    ...["find", site.state, "-type", "f", "-not", "-path", "*/locks/*", "-printf", "%P %s %T@\\n"],
    ...["-o", "-printf", "%P\\n"],
  ]);
  return stdout.split("\n").sort().join("\n");
}
/** Every file of ours on the nodes. */
async function onNodes(): Promise<string> {
  const said = await Promise.all(
    site.lab.hosts.map(({ name }) =>
      site.lab.must(
        name,
        "find /var/lib/quorate /run/quorate /etc/systemd/system/etcd* -printf '%p %s\\n' 2>/dev/null | sort",
      )
    ),
  );
  return said.join("\n");
}

// The first steady run may still write down that all is well.
await site.quorate(config, "apply");
const before = { managed: await managed(), onNodes: await onNodes(), touched: await site.revisions() };
const began = performance.now();
for (let run = 1; run <= runs; run++) {
  assert.deepEqual(await site.quorate(config, "apply"), { code: 0, out: "", err: "" }, `run ${run}`);
  if (run % 100 === 0) console.error(`${run} runs in ${Math.round((performance.now() - began) / 1000)} s`);
}
const after = { managed: await managed(), onNodes: await onNodes(), touched: await site.revisions() };
assert.deepEqual(after, before);
console.log(
  `${runs} steady runs: nothing said, no file written or grown, here or on the nodes:\n${after.managed}`,
);
