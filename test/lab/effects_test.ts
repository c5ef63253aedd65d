/**
 * Real hosts answer each step of each case as its declared effect predicts (what is compared, and what is not, is said in
 * test/effects/differences.ts), and end as the plan had shown; test/sim/effects_test.ts asks the same of the simulator.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { until } from "../../lab/mod.ts";
import { everyEffect, told, type WatchedChange } from "../effects/watch.ts";
import { DATA, Site } from "./kit.ts";

const MAIN = fileURLToPath(new URL("../effects/main.ts", import.meta.url));

Deno.test("every step of every case does on real hosts what its effect says", async (t) => {
  await using site = await Site.up("effects", { hosts: 3 });
  const { lab } = site;
  await lab.add("n4", { pristine: "running" });
  await lab.add("n5", { bareBinary: true });
  const seen = new Set<string>();
  let commands = 0;

  /** One change, which must be of this case, and come as predicted. */
  const change = async (kind: string, config: string): Promise<void> => {
    const argv = [Deno.execPath(), "run", "-A", "--no-check", MAIN, config, site.state];
    const { code, stdout, stderr } = await lab.exec(argv, { timeoutMs: 240_000 });
    assert.equal(code, 0, stderr);
    const changed: WatchedChange = JSON.parse(stdout);
    assert.equal(changed.case, kind, changed.why);
    assert.deepEqual(told(changed), [], changed.why);
    changed.steps.forEach((step) => seen.add(step.does));
    commands += changed.steps.length;
  };
  const config = (members: readonly string[], options: object = {}) =>
    site.config(members, { options, policy: { stabilize: "0s" } });
  const lead = async (host: string, among: readonly string[]): Promise<void> => {
    const leader = await site.leader(among);
    const id = (await site.members(host)).find((m) => m.name === host)?.id;
    if (leader !== host) await site.etcdctl(leader, `move-leader ${id}`);
    await until(`${host} leads`, async () => await site.leader(among).catch(() => "") === host);
  };
  const all = ["n1", "n2", "n3"];
  const three = await config(all);

  await t.step("bootstrap", () => change("bootstrap", three));
  await t.step("restart", async () => {
    for (const host of all) await lab.must(host, "systemctl stop etcd");
    await change("restart", three);
  });
  await t.step("repairCrashed", async () => {
    await lab.must("n2", "systemctl stop etcd");
    await until("the others elect a leader", async () => (await site.etcdctl("n1", "get x")).code === 0);
    await change("repairCrashed", three);
  });
  await t.step("repairWiped", async () => {
    await lab.must("n3", "systemctl stop etcd");
    await lab.wipe("n3", DATA);
    await until("the others elect a leader", async () => (await site.etcdctl("n1", "get x")).code === 0);
    await change("repairWiped", three);
  });
  await t.step("repairConfig: a latch that is missing", async () => {
    await lab.must("n2", "rm /var/lib/quorate/metadata/latch");
    await change("repairConfig", three);
  });
  await t.step("repairConfig: settings and the peer URL, there and back", async () => {
    const moved = await config(all, { peerPort: 2390, env: { ETCD_SNAPSHOT_COUNT: "20000" } });
    await change("repairConfig", moved);
    await change("repairConfig", three);
  });
  await t.step("add: a node where a package's default runs", async () => {
    await change("add", await config([...all, "n4"]));
  });
  await t.step("replace: a healthy leader, by a node that has only the binary", async () => {
    await lead("n3", [...all, "n4"]);
    await change("replace", await config(["n1", "n2", "n4", "n5"]));
  });
  await t.step("replace: a dead member", async () => {
    await lead("n1", ["n1", "n2", "n4", "n5"]);
    await lab.must("n2", "systemctl stop etcd");
    await change("replace", await config(["n1", "n3", "n4", "n5"]));
  });
  await t.step("remove: a leader", async () => {
    await lead("n5", ["n1", "n3", "n4", "n5"]);
    await change("remove", await config(["n1", "n3", "n4"]));
  });
  await t.step("retire: one that could not be reached when it was removed", async () => {
    const two = await config(["n1", "n3"]);
    await lead("n1", ["n1", "n3", "n4"]);
    await lab.cutManagement("n4");
    await change("remove", two);
    await lab.heal();
    await change("retire", two);
    await site.mustBe("n1", "n3");
  });
  assert.deepEqual([...seen].sort(), everyEffect);
  console.log(`${commands} commands did what their effects say`);
});
