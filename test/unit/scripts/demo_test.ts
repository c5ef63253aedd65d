import assert from "node:assert/strict";

const demo = (...args: string[]) =>
  new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/demo.ts", ...args],
    cwd: new URL("../../..", import.meta.url),
    stdin: "null",
  }).output().then(({ code, stdout, stderr }) => ({
    code,
    out: new TextDecoder().decode(stdout),
    err: new TextDecoder().decode(stderr),
  }));

for (const service of ["etcd", "zookeeper"]) {
  Deno.test(`the demo of ${service} on simulated hosts plays all acts, says what it is, and loses no write`, async () => {
    const { code, out, err } = await demo("--simulated", "--service", service);
    assert.equal(code, 0, err);
    assert.match(out, /^SIMULATED HOSTS: /);
    const cases = ["bootstrap", "add n5", "repairCrashed n1", "repairWiped n2", "replace n6", "remove n5"];
    for (const one of cases) assert.match(out, new RegExp(`^ {2}\\d\\. ${one}, then `, "m"), one);
    assert.equal(out.match(/converged after/g)?.length, 6);
    const [, acknowledged] = /^The client: (\d+) writes acknowledged, .*, 0 lost; /m.exec(out) ?? [];
    assert.ok(Number(acknowledged) > 100, out.slice(-300));
  });
}

Deno.test("the demo names what it does not know", async () => {
  const { code, out, err } = await demo("--simulate");
  assert.deepEqual([code, out], [64, ""]);
  assert.match(err, /there is no --simulate/);
});
