/** Shell functions of the ZooKeeper playbook's own steps, on folders of this machine. */
import assert from "node:assert/strict";
import { zookeeperShell } from "../../../plugins/zookeeper/shell.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { Host, type Ran } from "../node/host.ts";

const run = (host: Host, text: string): Promise<Ran> => host.sh(`${nodeShell}\n${zookeeperShell}\n${text}\n`);

// ---- whose data lies on a disk -----------------------------------------------------------------------------------

const diskId = async (files: Readonly<Record<string, string>>): Promise<string> => {
  await using host = new Host();
  for (const [name, text] of Object.entries(files)) host.write(`data/${name}`, text);
  const { code, out, err } = await run(host, `zk_disk_id ${host.path("data")}`);
  return `${code} ${out.trim()}${err.trim().replaceAll(host.root, "")}`;
};
const named = { "quorate-ensemble": "abc123\n", myid: "3\n" };

Deno.test("zk_disk_id reads whose data it is", async () => {
  assert.equal(await diskId({ ...named, "version-2/snapshot.0": "" }), "0 abc123 3");
  assert.equal(await diskId({ ...named, "version-2/log.100000001": "" }), "0 abc123 3");
});

Deno.test("a server that was made ready, or has only heard of epochs, has no data", async () => {
  assert.equal(await diskId({}), "1 ");
  assert.equal(await diskId({ ...named, initialize: "", "lost+found/x": "", ".quorate-1/x": "" }), "1 ");
  assert.equal(
    await diskId({ ...named, "version-2/acceptedEpoch": "1", "version-2/currentEpoch": "1" }),
    "1 ",
  );
});

Deno.test("what cannot be judged is not called empty", async () => {
  assert.match(await diskId({ myid: "3\n", "version-2/snapshot.0": "" }), /^2 of which ensemble/);
  assert.match(
    await diskId({ "quorate-ensemble": "a b\n", myid: "3\n", "version-2/log.1": "" }),
    /^2 of which/,
  );
  assert.match(await diskId({ "quorate-ensemble": "abc\n", "version-2/snapshot.0": "" }), /^2 .*no myid/);
  assert.match(await diskId({ ...named, "notes.txt": "" }), /^2 .*holds what is not ZooKeeper's: notes.txt/);
});

// ---- changes of the ensemble -------------------------------------------------------------------------------------

/** A node whose server tells this record, and whose shell says this and leaves another record, or the same. */
class Node extends Host {
  constructor(record: string, says: string, after = record) {
    super();
    this.write("state/kv/super", "digest super:secret\n");
    this.write("record", record);
    this.write("after", after);
    this.program(
      "java",
      `cat >>${this.root}/typed\necho "$*" >>${this.root}/argv\ncp ${this.root}/after ${this.root}/record\nprintf '%s\\n' '${says}'\nexit 1\n`,
    );
  }
  change(command: string): Promise<Ran> {
    const own = `zk_session() { cat ${this.root}/record; }\nzk_version() { echo 7; }\nsleep() { :; }`;
    return run(this, `${own}\nzk_with kv 2181 java /zk.jar && ${command}`);
  }
}
/** As it comes over the wire: text between bytes that are none. */
const record = (name: string, ...servers: readonly string[]): string =>
  `\x02\x01${name}\x01\x03_${servers.map((s) => `server.${s};0.0.0.0:2181\n`).join("")}version=100000005\x02`;
const [one, two] = ["1=10.0.0.1:2888:3888:participant", "2=10.0.0.2:2888:3888:participant"];
const observer = "3=10.0.0.3:2888:3888:observer";
const before = record("abc 2", one, two);

Deno.test("a reply that was lost says nothing: the record that is read back does", async () => {
  const lost = "KeeperErrorCode = ConnectionLoss";
  await using left = new Node(before, lost, record("abc 2", one));
  assert.equal((await left.change("zk_remove 2 100000005")).code, 0, "it took effect");
  await using stayed = new Node(before, lost);
  const { code, err } = await stayed.change("zk_remove 2 100000005");
  assert.equal(code, 1);
  assert.match(err, /ConnectionLoss/);
});

Deno.test("a change is made against the version that was seen, and one that came first is told", async () => {
  await using node = new Node(before, "version No is not valid : ");
  const { code, err } = await node.change(
    "zk_register abc 3 '10.0.0.3:2888:3888:observer;0.0.0.0:2181' 100000004",
  );
  assert.equal(code, 1);
  assert.match(err, /is not valid/);
  assert.equal(
    node.read("typed"),
    'addauth digest super:secret\nset -v 7 /quorate "abc 3"\n' +
      "reconfig -v 100000004 -add server.3=10.0.0.3:2888:3888:observer;0.0.0.0:2181\nquit\n",
  );
  assert.doesNotMatch(node.read("argv"), /secret/, "no credentials where everybody sees them");
});

Deno.test("a server is registered only when its id is written down, too", async () => {
  const add = "zk_register abc 3 10.0.0.3:2888:3888:observer 100000005";
  await using well = new Node(before, "", record("abc 3", one, two, observer));
  assert.equal((await well.change(add)).code, 0);
  await using unwritten = new Node(
    before,
    "Insufficient permission : /quorate",
    record("abc 2", one, two, observer),
  );
  assert.equal((await unwritten.change(add)).code, 1);
});

Deno.test("who comes late with an id takes nothing back that was given since", async () => {
  await using node = new Node(`x 1\x01${record("abc 5", one, two)}\x01y 3\x01`, "");
  const { code, err } = await node.change("zk_register abc 4 10.0.0.4:2888:3888:observer 100000005");
  assert.equal(code, 1);
  assert.match(err, /id 4 is not valid any more: 5 was given since/);
  assert.throws(() => node.read("typed"), "nothing was asked of the ensemble");
});

Deno.test("an observer that the leader does not count follows without a vote first", async () => {
  await using node = new Node(record("abc 2", one, observer), "");
  // Refused as an observer; removed; added when it follows.
  node.program(
    "java",
    `cat >typed.now; cat typed.now >>typed
case $(tail -n 2 typed.now) in
*-remove*) cp removed record ;;
*) if grep -q observer record; then echo "No quorum of new config is connected"; else cp added record; fi ;;
esac`,
  );
  node.write("removed", record("abc 2", one));
  node.write("added", record("abc 2", one, "3=10.0.0.3:2888:3888:participant"));
  assert.equal((await node.change("zk_promote 3 10.0.0.3:2888:3888:participant 100000005")).code, 0);
  assert.deepEqual(node.read("typed").match(/-(add|remove)/g), ["-add", "-remove", "-add"]);
});

Deno.test("the ensemble is named once, and another name is not taken for it", async () => {
  await using node = new Node(before, "Node already exists: /quorate");
  assert.equal((await node.change("zk_name abc 2")).code, 0);
  assert.equal((await node.change("zk_name other 2")).code, 1);
});

Deno.test("an ensemble that others built is named unless it has a name; another one is told, and not taken", async () => {
  const adopt = (node: Node) =>
    run(
      node,
      `zk_session() { cat ${node.root}/record; }\nsleep() { :; }\nzk_near kv 2181 java /zk.jar ${
        node.path("none")
      } && zk_adopt abc 2 world:anyone:rw`,
    );
  const unnamed = record("", one, two);
  await using fresh = new Node(unnamed, "Created /quorate", before);
  assert.equal((await adopt(fresh)).code, 0);
  assert.equal(
    fresh.read("typed"),
    'create /quorate "abc 2" world:anyone:rw\nquit\n',
    "nobody has to be let in",
  );
  await using named = new Node(before, "");
  assert.equal((await adopt(named)).code, 0);
  assert.ok(!named.list(".").includes("typed"), "nothing was asked for");
  await using late = new Node(unnamed, "Node already exists: /quorate", record("other 2", one, two));
  const { code, err } = await adopt(late);
  assert.equal(code, 1);
  assert.match(err, /somebody else has just done so/);
});

Deno.test("without credentials nothing is begun, and it is said where they should be", async () => {
  await using node = new Node(before, "");
  const { code, err } = await run(node, `zk_with kv 2181 java /zk.jar ${node.path("none")} && zk_remove 2 1`);
  assert.equal(code, 1);
  assert.match(err, /cannot read .*none.*SCHEME CREDENTIALS.*let options\.auth name it/);
});

Deno.test("who is not let in is told whom the server would let in; another failure is told as it is", async () => {
  await using node = new Node(before, "Insufficient permission : ");
  const refused = await node.change("zk_remove 2 100000005");
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /^Insufficient permission : \nthe server here does not let in whom .*kv\/super names.*superDigest/,
  );
  await using away = new Node(before, "KeeperErrorCode = ConnectionLoss");
  const lost = await away.change("zk_remove 2 100000005");
  assert.deepEqual([lost.code, lost.err], [1, "KeeperErrorCode = ConnectionLoss\n"]);
});

// ---- files on a node ---------------------------------------------------------------------------------------------

Deno.test("a node's own super user: the password stays, its hash is what ZooKeeper makes of it", async () => {
  await using host = new Host();
  assert.equal((await run(host, "zk_super kv")).code, 0);
  const password = /^digest (super:[0-9a-f]{48})\n$/.exec(host.read("state/kv/super"))?.[1] ?? "";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(password)))
    .toBase64();
  assert.equal(
    host.read("state/kv/java.env"),
    `JDK_JAVA_OPTIONS=-Dzookeeper.DigestAuthenticationProvider.superDigest=super:${hash}\n`,
  );
  for (const file of ["super", "java.env"]) {
    assert.equal((Deno.statSync(host.path(`state/kv/${file}`)).mode ?? 0) & 0o777, 0o600);
  }
  await run(host, "zk_super kv");
  assert.match(host.read("state/kv/super"), new RegExp(password), "made once");
});

Deno.test("where a file names the super user, the unit that Quorate writes lets that one in", async () => {
  await using host = new Host();
  const auth = host.write("etc/super", "digest admin:a b%s");
  assert.equal((await run(host, `zk_super kv ${auth}`)).code, 0);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode("admin:a b%s")))
    .toBase64();
  assert.match(host.read("state/kv/java.env"), new RegExp(`superDigest=admin:${RegExp.escape(hash)}\n$`));
  assert.deepEqual(host.list("state/kv"), ["java.env"], "there is no other");
  const { code, err } = await run(host, `zk_super kv ${host.path("none")}`);
  assert.equal(code, 1);
  assert.match(err, /cannot read .*none, which should say who may reconfigure: bring it here/);
  const other = host.write("etc/other", "x509 CN=admin\n");
  assert.equal((await run(host, `rm -r /var/lib/quorate/kv; zk_super kv ${other}`)).code, 0);
  assert.deepEqual(host.list("state"), [], "another scheme is the unit's own to know");
});

Deno.test("a unit that systemd makes of an init script is not started: it would not be, and nobody would be told", async () => {
  await using host = new Host();
  host.program("systemctl", "echo /etc/init.d/zookeeper");
  const start = (unit: string) =>
    run(host, `quorate_start() { echo started; }\nzk_start ${unit} ${host.path("data")} x`);
  const { code, out, err } = await start("zk.service");
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /init script \/etc\/init\.d\/zookeeper/);
  host.program("systemctl", "echo");
  assert.equal((await start("zk.service")).out, "started\n");
});

Deno.test("nothing is staged on a unit that systemd makes of an init script, nor without Java", async () => {
  await using host = new Host();
  host.write("lib/zookeeper.jar", "");
  const stage = (java = "sh") =>
    run(
      host,
      `quorate_stage() { :; }\nzk_owned() { :; }\nzk_stage kv zk.service ${host.path("data")} ${
        host.path("etc/zoo.cfg")
      } ${java} ${host.path("lib/zookeeper.jar")} dynamic`,
    );
  host.program("systemctl", "echo /etc/init.d/zookeeper");
  const { code, err } = await stage();
  assert.equal(code, 1);
  assert.match(err, /^zk\.service is .* init script .*\/etc\/init\.d\/zookeeper.* disable --now zk\.service/);
  assert.deepEqual(host.list("state"), [], "nothing was written");
  host.program("systemctl", "echo");
  const native = await stage();
  assert.equal(native.code, 0, native.err);
  assert.match((await stage("no-such-java")).err, /install a Java runtime, 9 or later/);
  host.program("systemctl", "exit 1");
  assert.match((await stage()).err, /systemd does not tell what zk\.service is made of/);
});

Deno.test("a backup is the newest snapshot and the logs since, the one that it was taken in among them; one that is being written is none", async () => {
  await using host = new Host();
  const sealed = Uint8Array.of(1, 2, 0, 0, 0, 1, 47);
  for (const file of ["log.1", "log.1a0", "log.205", "log.300", "log.x"]) {
    host.write(`data/version-2/${file}`, file);
  }
  for (const file of ["snapshot.0", "snapshot.200"]) host.write(`data/version-2/${file}`, sealed);
  host.write("data/version-2/snapshot.290", sealed.subarray(0, 5));
  host.write("data/myid", "1\n");
  host.write("record", before);
  const own = `zk_session() { cat ${host.path("record")}; }\nzk_port=2181`;
  const { code, err } = await run(host, `${own}\nzk_backup ${host.path("data")} ${host.path("out.tgz")}`);
  assert.equal(code, 0, err);
  const { out } = await host.sh("tar -tzf out.tgz | sort");
  assert.equal(
    out,
    "myid\nquorate-snapshot\nversion-2/log.1a0\nversion-2/log.205\nversion-2/log.300\nversion-2/snapshot.200\n",
  );
});

Deno.test("no backup and no new beginning is made of data whose newest snapshot is compressed", async () => {
  await using host = new Host();
  const sealed = Uint8Array.of(1, 2, 0, 0, 0, 1, 47);
  host.write("data/version-2/snapshot.200", sealed);
  host.write("data/version-2/log.1a0", "log");
  host.write("data/myid", "1\n");
  host.write("data/quorate-ensemble", "abc\n");
  host.write("record", before);
  host.unit({ LoadState: "loaded", ActiveState: "inactive" });
  const backup = () =>
    run(
      host,
      `zk_session() { cat ${host.path("record")}; }\nzk_port=2181\nzk_backup ${host.path("data")} ${
        host.path("out.tgz")
      }`,
    );
  host.write("data/version-2/snapshot.1f0.gz", "");
  assert.equal((await backup()).code, 0, "an older one is not needed");
  for (const suffix of ["gz", "snappy"]) {
    const path = host.write(`data/version-2/snapshot.201.${suffix}`, "");
    Deno.removeSync(host.path("out.tgz"));
    const { code, err } = await backup();
    assert.equal(code, 1);
    assert.match(
      err,
      new RegExp(`snapshot\\.201\\.${suffix} is compressed.*snapshot\\.compression\\.method`),
    );
    assert.ok(!host.list(".").includes("out.tgz"));
    const begun = await run(
      host,
      `zk_replay_empty() { quorate_next=${host.path("next")}; }\nzk_ready() { echo ready; }\n` +
        `zk_ready_disk kv zk.service ${host.path("data")} zoo.cfg java jar '' spec token 3`,
    );
    assert.deepEqual([begun.code, begun.out], [1, ""]);
    assert.match(begun.err, /is compressed/);
    Deno.removeSync(path);
    host.write("out.tgz", "");
  }
});

Deno.test("a class path with ZooKeeper's jar on it is one, and nothing else is", async () => {
  await using host = new Host();
  host.write("lib/zookeeper-3.9.2.jar", "");
  host.write("other/slf4j.jar", "");
  const has = async (path: string) => (await run(host, `zk_has_server '${path}'`)).code;
  assert.equal(await has(`${host.path("etc")}:${host.path("lib")}/*`), 0);
  assert.equal(await has(`${host.path("lib/zookeeper-3.9.2.jar")}:/x`), 0);
  assert.equal(await has(`${host.path("other")}/*:/none/zookeeper.jar`), 1);
});

Deno.test("the version that is installed stands in a name of the jar, whichever of its names is on the class path", async () => {
  await using host = new Host();
  const installed = async (path: string) => (await run(host, `zk_installed '${path}'`)).out;
  host.write("upstream/slf4j.jar", "");
  host.write("upstream/zookeeper-jute-3.7.0.jar", "");
  host.write("upstream/zookeeper-3.9.2.jar", "");
  assert.equal(await installed(`${host.path("etc")}:${host.path("upstream")}/*`), "3.9.2\n");
  // So does Debian have it; another version lies beside it.
  host.write("debian/zookeeper.jar", "");
  host.write("debian/zookeeper-3.4.1.jar", "");
  Deno.symlinkSync("zookeeper.jar", host.path("debian/zookeeper-3.8.0.jar"));
  assert.equal(await installed(`/none:${host.path("debian/zookeeper.jar")}`), "3.8.0\n");
  Deno.mkdirSync(host.path("linked"));
  Deno.symlinkSync(host.path("upstream/zookeeper-3.9.2.jar"), host.path("linked/zookeeper.jar"));
  assert.equal(await installed(host.path("linked/zookeeper.jar")), "3.9.2\n");
  assert.equal(await installed(`${host.path("upstream/slf4j.jar")}:/none/zookeeper.jar`), "");
});

Deno.test("a folder of somebody else's is never made the server's: it may be /etc", async () => {
  await using host = new Host();
  const user = async (name: string, folder: string) => {
    host.program("systemctl", `echo ${name}`);
    const { code, err } = await run(host, `zk_owned kv.service ${host.path(folder)}`);
    return { code, err };
  };
  const me = (await host.sh("id -un")).out.trim();
  assert.deepEqual(await user(me, "etc"), { code: 0, err: "" });
  assert.deepEqual(await user(me, "etc/new/deep"), { code: 0, err: "" });
  assert.ok(Deno.statSync(host.path("etc/new/deep")).isDirectory);
  const { code, err } = await user("nobody", "etc");
  assert.equal(code, 1);
  assert.match(err, /is not nobody's, and the server has to write there/);
});
