/** What the probe sees on a host, and that it is read. */
import assert from "node:assert/strict";
import { etcd } from "../../../plugins/etcd/mod.ts";
import { probeScript } from "../../../src/node/check.ts";
import { readDocument } from "../../../src/node/document.ts";
import type { Asks } from "../../../src/playbook/plugin.ts";
import { Host } from "../node/host.ts";

/** The probe on a host whose "etcd" has a name of its own: the machine may run real ones. */
async function probed(host: Host): Promise<Asks> {
  const text = probeScript([{ name: "etcd", probe: etcd.adopt?.probe ?? "" }])
    .replace("quorate_processes etcd", `quorate_processes ${host.process}`);
  const { bytes } = await host.sh(text);
  const asks = readDocument(bytes)?.services.get("etcd");
  assert.ok(asks, "the probe came back whole");
  return asks;
}

Deno.test("the probe finds a process, how it was started, and its unit's files; of credentials only the names", async () => {
  await using host = new Host();
  const file = host.write(
    "etc/env file",
    "# by hand\nETCD_NAME=n1\n  ETCDCTL_USER=root:secret\nOTHER=1\nETCD_X='a b'\n",
  );
  const plain = host.write("etc/plain", "ETCDCTL_CERT=/pki/c.crt\nETCD_Y=1\n");
  host.unit({ LoadState: "loaded", User: "etcd" });
  Deno.writeTextFileSync(
    host.path("unit"),
    `EnvironmentFiles=${file} (ignore_errors=yes)\nEnvironmentFiles=${plain} (ignore_errors=no)\n`,
    { append: true },
  );
  const pid = await host.start({ ETCD_NAME: "n1", ETCDCTL_PASSWORD: "secret", HOME: "/" });
  const asks = await probed(host);
  assert.match(asks.processes?.out ?? "", new RegExp(`^${pid} host \\S+\\n$`));
  assert.equal(asks[`started.${pid}`]?.out, `ETCD_NAME=n1\n--\n${host.path(host.process)}\n600\n`);
  assert.equal(asks[`binary.${pid}`]?.out, `${host.path(host.process)}\n`);
  assert.equal(
    asks[`names.${pid}`]?.out,
    `- ${file}\nETCD_NAME ${file}\nETCDCTL_USER ${file}\nETCD_X ${file}\n` +
      `- ${plain}\nsh ${plain}\nETCDCTL_CERT ${plain}\nETCD_Y ${plain}\n`,
  );
  assert.doesNotMatch(JSON.stringify(asks), /secret/);
  assert.equal(asks.hostname?.out.trim(), Deno.hostname());
  assert.deepEqual(host.list("etc"), ["env file", "plain"], "nothing was written");
  assert.deepEqual(host.calls(), [], "systemctl was asked to show, and for nothing else");
});

Deno.test("where nothing runs, the probe says so", async () => {
  await using host = new Host();
  const asks = await probed(host);
  assert.deepEqual([asks.processes?.code, asks.processes?.out], [0, ""]);
  const { remarks } = etcd.adopt?.read([{ name: "n1", asks, member: undefined }], {}) ?? { remarks: [] };
  assert.equal(remarks[0]?.kind, "stop");
});
