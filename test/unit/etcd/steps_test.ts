/** Shell functions of the etcd playbook's own steps, on folders of this machine. */
import assert from "node:assert/strict";
import { etcdShell } from "../../../plugins/etcd/shell.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { Host } from "../node/host.ts";

const member = "713f8a177a8761da";
/** The first bytes of a write-ahead log that 3.4.23 wrote for that member. */
const log =
  "040000000000008408041000000000001f00000000000081080110b3b192eb0e1a1508dac39dd4f7c2e29f71108bf8aeb9e1a5c08fa901" +
  "000e00000000000082";
const holds = (host: Host, id: string) =>
  host.sh(`${nodeShell}\n${etcdShell}\nquorate_holds ${host.path("data")} ${id} etcd_disk_id\n`);

Deno.test("a latch may be written where the member's own data lies, and nowhere else", async () => {
  await using host = new Host();
  host.write(
    "data/member/wal/0000000000000000-0000000000000000.wal",
    Uint8Array.from(log.match(/../g) ?? [], (b) => parseInt(b, 16)),
  );
  assert.equal((await holds(host, member)).code, 0);
  const other = await holds(host, "7e1a201b9f109e78");
  assert.equal(other.code, 1);
  assert.match(other.err, new RegExp(`holds the data of member ${member}`));
});

Deno.test("a unit that tells etcd by flags or a config file which cluster to join is not staged", async () => {
  const said = async (execStart: string, file = "") => {
    await using host = new Host();
    const env = host.write("etc/env", file);
    const shown = `ExecStart=${execStart}\nEnvironmentFiles=${env} (ignore_errors=yes)\n`;
    host.program("systemctl", `cat ${host.write("shown", shown)}`);
    return (await host.sh(`${nodeShell}\n${etcdShell}\netcd_can_be_told kv.service\n`)).code;
  };
  for (
    const flag of [
      "--initial-cluster-state new",
      "-initial-cluster=a=http://a:2380",
      "--config-file /etc/e.yaml",
    ]
  ) {
    assert.equal(await said(`{ path=/usr/bin/etcd ; argv[]=/usr/bin/etcd ${flag} }`), 1, flag);
    assert.equal(await said("/usr/bin/etcd $DAEMON_ARGS", `DAEMON_ARGS="${flag}"\n`), 1, flag);
  }
  assert.equal(await said("/usr/bin/etcd", "ETCD_CONFIG_FILE=/etc/e.yaml\n"), 1);
  assert.equal(
    await said("/usr/bin/etcd --name=a --data-dir=/d $DAEMON_ARGS", "#DAEMON_ARGS=\nETCD_NAME=a\n"),
    0,
  );
  assert.equal(await said('/bin/sh -c "etcd --initial-cluster=\\"${ETCD_INITIAL_CLUSTER}\\""'), 0);
  assert.equal(await said(""), 0);
});

Deno.test("an empty folder, as a disk that is not mounted leaves it, is never latched", async () => {
  await using host = new Host();
  host.write("data/member/wal.tmp/x", new Uint8Array());
  const { code, err } = await holds(host, member);
  assert.equal(code, 1);
  assert.match(err, /is a disk not mounted/);
});
