/** What the probe sees on a host, and that it is read. */
import assert from "node:assert/strict";
import { zookeeper } from "../../../plugins/zookeeper/mod.ts";
import { probeScript } from "../../../src/node/check.ts";
import { readDocument } from "../../../src/node/document.ts";
import type { Asks } from "../../../src/playbook/plugin.ts";
import { Host } from "../node/host.ts";

/** The probe on a host whose "java" has a name of its own, and whose servers are its processes of two arguments. */
async function probed(host: Host): Promise<Asks> {
  const text = probeScript([{ name: "zookeeper", probe: zookeeper.adopt?.probe ?? "" }])
    .replace("quorate_processes java", `quorate_processes ${host.process}`)
    .replace("zk_main=org.apache.zookeeper.server.quorum.QuorumPeerMain", "zk_main=600");
  const { bytes } = await host.sh(text);
  const asks = readDocument(bytes)?.services.get("zookeeper");
  assert.ok(asks, "the probe came back whole");
  return asks;
}

Deno.test("the probe finds a server, how it was started, and its files; of secrets only that they are there", async () => {
  await using host = new Host();
  host.unit({ LoadState: "loaded", User: "zk" });
  const pid = await host.start({
    CLASSPATH: "/zk/lib",
    JDK_JAVA_OPTIONS: "-DsuperDigest=super:xyz",
    HOME: "/",
  });
  const asks = await probed(host);
  assert.match(asks.processes?.out ?? "", new RegExp(`^${pid} host \\S+\\n$`));
  assert.equal(
    asks[`started.${pid}`]?.out,
    `CLASSPATH=/zk/lib\nJDK_JAVA_OPTIONS=-DsuperDigest=***\n--\n${host.path(host.process)}\n600\n`,
  );
  assert.equal(asks[`unit.${pid}`]?.out, "LoadState=loaded\nUser=zk\n");
  assert.match(asks.token?.out ?? "", /^( [0-9a-f]{2}){16}\n$/);
  assert.equal(asks[`file.${pid}`]?.code, 1, "this one names no file");
  assert.doesNotMatch(JSON.stringify(asks), /xyz/);
  assert.deepEqual(host.calls(), [], "systemctl was asked to show, and for nothing else");
});

Deno.test("of the unit it is asked who runs it, and whether an init script is behind it", async () => {
  await using host = new Host();
  host.program("systemctl", 'case $* in *LoadState*) echo "$*" ;; esac');
  const pid = await host.start();
  const asks = await probed(host);
  assert.match(asks[`unit.${pid}`]?.out ?? "", /^show -p LoadState -p User -p SourcePath -- \S+\n$/);
});

Deno.test("the files of a server are read: its list, former ones beside it, myid; and no password", async () => {
  await using host = new Host();
  const file = host.write(
    "etc/zoo.cfg",
    `dataDir = ${host.path("data")}\nssl.keyStore.password: xyz\ndynamicConfigFile=${
      host.path("etc/zoo.cfg.dynamic.2")
    }\n`,
  );
  host.write("etc/zoo.cfg.dynamic.1", "server.9=old\n");
  host.write("etc/zoo.cfg.dynamic.2", "server.1=a:1:2;7\nserver.2=b:1:2:observer;[::]:8\ngroup.1=1:2\n");
  host.write("data/myid", "2\n");
  host.write(
    "started.77.out",
    `--\njava\norg.apache.zookeeper.server.quorum.QuorumPeerMain\n${host.root}/bin/../etc/zoo.cfg\n`,
  );
  const probe = (zookeeper.adopt?.probe ?? "").replace(/^zk_adopt$/m, "");
  const run = async (text: string) => (await host.sh(`${probe}\n${text}\n`)).out;
  assert.equal(await run("zk_config_path 77 | tee file.77.out"), `${file}\n`);
  assert.equal(
    await run(`zk_masked <${file} | tee config.77.out`),
    `dataDir = ${host.path("data")}\nssl.keyStore.password:***\ndynamicConfigFile=${file}.dynamic.2\n`,
  );
  assert.equal(await run("zk_key dataDir config.77.out"), `${host.path("data")}\n`);
  assert.equal(
    await run("zk_lists 77 | tee lists.77.out"),
    "server.1=a:1:2;7\nserver.2=b:1:2:observer;[::]:8\ngroup.1=1:2\n--\nserver.1\nserver.2\nserver.9\n",
  );
  assert.equal(
    await run('zk_read() { echo "$*"; }\nzk_session_of 77 2; zk_session_of 77 1'),
    "localhost 8\nlocalhost 7\n",
  );
});

Deno.test("where nothing runs, the probe says so", async () => {
  await using host = new Host();
  const asks = await probed(host);
  assert.equal(asks.processes?.out, "");
  assert.equal(zookeeper.adopt?.runs(asks), false);
  const { remarks } = zookeeper.adopt?.read([{ name: "n1", asks, member: undefined }], {}) ?? { remarks: [] };
  assert.equal(remarks[0]?.kind, "stop");
});
