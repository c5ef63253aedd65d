/** Shell functions that keep zoo.cfg, on folders of this machine: what an operator wrote there stays. */
import assert from "node:assert/strict";
import { zookeeperShell } from "../../../plugins/zookeeper/shell.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { Host, type Ran } from "../node/host.ts";

const run = (host: Host, text: string): Promise<Ran> => host.sh(`${nodeShell}\n${zookeeperShell}\n${text}\n`);

Deno.test("a first start is configured whole: lists of an earlier membership are gone, other keys stay", async () => {
  await using host = new Host();
  host.unit({ User: "root", ActiveState: "inactive" });
  host.write("etc/zoo.cfg", "maxClientCnxns=7\ntickTime=3000\n");
  host.write("etc/zoo.cfg.dynamic.100000009", "server.9=x");
  host.write("data/initialize", "");
  const dirs = `${host.path("data")} ${host.path("etc/zoo.cfg")}`;
  // The unit's user is all that is asked of systemctl here.
  host.program("systemctl", "echo root");
  const { code, err } = await run(
    host,
    `zk_configure kv kv.service ${dirs} 4 abc 'server.1=a server.4=b' tickTime=2000`,
  );
  assert.equal(code, 0, err);
  assert.equal(
    host.read("etc/zoo.cfg"),
    `maxClientCnxns=7\ntickTime=2000\ndynamicConfigFile=${host.path("etc/zoo.cfg")}.dynamic\n`,
  );
  assert.equal(host.read("etc/zoo.cfg.dynamic"), "server.1=a\nserver.4=b\n");
  assert.deepEqual(host.list("etc").filter((name) => name.includes("100000009")), []);
  assert.deepEqual(host.list("data"), ["myid", "quorate-ensemble"], "nobody without data may vote");
  assert.deepEqual([host.read("data/myid"), host.read("data/quorate-ensemble")], ["4\n", "abc\n"]);
});

Deno.test("lists are gone only if ZooKeeper named them; what else lies beside them is somebody's", async () => {
  await using host = new Host();
  const mine = ["bak", "before-move", "example", "2025-01-01"].map((name) => `zoo.cfg.dynamic.${name}`);
  for (const name of [...mine, "zoo.cfg.dynamic.10a", "zoo.cfg.dynamic.next"]) host.write(`etc/${name}`, "x");
  assert.equal((await run(host, `zk_drop_lists ${host.path("etc/zoo.cfg")}`)).code, 0);
  assert.deepEqual(host.list("etc"), mine.toSorted());
});

Deno.test("zoo.cfg keeps its owner and its mode; a new one is its folder's owner's", async () => {
  await using host = new Host();
  const file = host.write("etc/zoo.cfg", "tickTime=3000\n");
  const about = async () => (await host.sh(`stat -c '%u:%g %a' ${file}`)).out.trim();
  await host.sh(`chown 0:7 ${file} && chmod 640 ${file} && chown 0:0 ${host.path("etc")}`);
  for (const keys of ["", "a=b"]) {
    assert.equal((await run(host, `zk_set kv ${file} ${keys}`)).code, 0);
    assert.equal(await about(), "0:7 640", "a server that reads it by its group goes on to");
  }
  assert.equal(host.read("etc/zoo.cfg"), "tickTime=3000\na=b\n");
  await host.sh(`rm ${file} && chown 5:6 ${host.path("etc")}`);
  assert.equal((await run(host, `zk_defaults ${file} a=b`)).code, 0);
  assert.equal(await about(), "5:6 644");
});

Deno.test("a value comes into zoo.cfg as it is: its quotes would be part of it", async () => {
  await using host = new Host();
  const file = host.write("etc/zoo.cfg", "4lw.commands.whitelist=mntr\n");
  assert.equal((await run(host, `zk_set_keys ${file} '4lw.commands.whitelist=*'`)).code, 0);
  assert.equal(host.read("etc/zoo.cfg"), "4lw.commands.whitelist=*\n");
});

Deno.test("a default is set where zoo.cfg says nothing of it", async () => {
  await using host = new Host();
  const before =
    "tickTime 3000\n  initLimit = 20\n#syncLimit=5\n4lw.commands.whitelist=mntr,conf\ndb.autocreated=x\n";
  const file = host.write("etc/zoo.cfg", before);
  const words = "tickTime=2000 initLimit=10 4lw.commands.whitelist=srvr,conf";
  assert.equal((await run(host, `zk_defaults ${file} ${words}`)).code, 0);
  assert.equal(host.read("etc/zoo.cfg"), before, "nothing");
  assert.equal((await run(host, `zk_defaults ${file} ${words} syncLimit=5 db.autocreate=false`)).code, 0);
  assert.equal(host.read("etc/zoo.cfg"), `${before}syncLimit=5\ndb.autocreate=false\n`);
});
