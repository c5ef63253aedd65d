/** What docs/zookeeper.md has a person type on a node, on a folder of this machine. */
import assert from "node:assert/strict";
import { readName } from "../../../plugins/zookeeper/record.ts";
import { zookeeperOptions } from "../../../plugins/zookeeper/spec.ts";
import { zookeeperShell } from "../../../plugins/zookeeper/shell.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { shellOf } from "../../docs.ts";
import { Host } from "../node/host.ts";

const page = await Deno.readTextFile(new URL("../../../docs/zookeeper.md", import.meta.url));

/** The blocks of a section, typed one after the other; all that they write comes to lie in the host's folder. */
async function typed(host: Host, heading: string): Promise<void> {
  const blocks = shellOf(page).filter((s) => s.heading === heading);
  assert.equal(blocks.length, 2);
  for (const { text } of blocks) {
    const { code, err } = await host.sh(`set -e\n${text.replaceAll("/etc/zookeeper", host.path("etc"))}`);
    assert.deepEqual([code, err], [0, ""], text);
  }
}

Deno.test("the super user of the page is the one that Quorate would let in by the same file", async () => {
  await using host = new Host();
  await typed(host, "A super user");
  assert.match(host.read("etc/super"), /^digest super:[0-9a-f]{48}\n$/);
  const { code } = await host.sh(`${nodeShell}\n${zookeeperShell}\nzk_super kv ${host.path("etc/super")}\n`);
  assert.equal(code, 0);
  assert.equal(host.read("etc/super.env"), host.read("state/kv/java.env"));
  for (const file of ["super", "super.env"]) {
    assert.equal((Deno.statSync(host.path(`etc/${file}`)).mode ?? 0) & 0o777, 0o600);
  }
  assert.equal(
    host.read("units/zookeeper.service.d/super.conf"),
    `[Service]\nEnvironmentFile=${host.path("etc/super.env")}\n`,
  );
  assert.deepEqual(host.calls(), ["daemon-reload", "restart zookeeper"]);
});

Deno.test("zookeeperd is removed before its unit's place is taken, and the unit reads the page's super user", async () => {
  await using host = new Host();
  for (const name of ["apt-mark", "apt-get"]) {
    host.program(name, `echo ${name} "$*" >>${host.path("calls")}\n`);
  }
  await typed(host, "Debian's zookeeperd");
  assert.deepEqual(host.calls(), [
    "apt-mark manual zookeeper",
    "apt-get remove -y zookeeperd",
    "daemon-reload",
    "daemon-reload",
    "enable --now zookeeper",
  ]);
  const unit = /^```ini\n([^]*?)^```$/m.exec(page)?.[1] ?? "";
  assert.ok(page.includes(`/etc/systemd/system/${zookeeperOptions.unit.default}`));
  assert.match(unit, new RegExp(`^User=${zookeeperOptions.user.default}$`, "m"));
  assert.match(unit, /^EnvironmentFile=-\/etc\/zookeeper\/super\.env$/m);
  const { java, classPath } = zookeeperOptions;
  const [start] = /^ExecStart=(?:.*\\\n)*.*$/m.exec(unit) ?? [];
  assert.deepEqual(start?.replaceAll("\\\n", "").split(/ +/), [
    `ExecStart=${java.default}`,
    "-Xmx512m",
    "-Dzookeeper.forceSnapshotSync=true",
    "-cp",
    classPath.default,
    "org.apache.zookeeper.server.quorum.QuorumPeerMain",
    "/etc/zookeeper/conf/zoo.cfg",
  ]);
});

Deno.test("what the page writes into /quorate by hand is read as what it says", () => {
  const [, text = ""] = /^set \/quorate "(.*)"$/m.exec(page) ?? [];
  assert.deepEqual(readName(text), {
    ensemble: "5f3c09a1",
    highest: 2,
    servers: [11, 12].map((n, i) => `server.${i + 1}=10.0.0.${n}:2888:3888:participant;0.0.0.0:2181`),
  });
});
