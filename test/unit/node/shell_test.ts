import assert from "node:assert/strict";
import { nodeShell, shellFor } from "../../../src/node/shell.ts";
import { Host } from "./host.ts";

const run = (host: Host, command: string) => host.sh(`${shellFor(command, "")}\n${command}\n`);

Deno.test("shellFor() sends the functions that a command calls, those that they call, and no others", () => {
  const sent = shellFor("quorate_unmark metadata latch", "");
  assert.match(sent, /^quorate_unmark\(\) \($/m);
  assert.match(sent, /^quorate_sync\(\) \{$/m);
  assert.doesNotMatch(sent, /quorate_fence/);
  assert.equal(shellFor("etcdctl member list", ""), "");
});

Deno.test("shellFor() finds a plugin's function that is handed over as an argument", () => {
  const plugin = "disk_id() {\n\techo c a\n}\nother() {\n\t:\n}\n";
  const sent = shellFor("quorate_set_aside /data a1 disk_id u p", plugin);
  assert.match(sent, /^disk_id\(\) \{$/m);
  assert.doesNotMatch(sent, /^other/m);
});

Deno.test("every function of the node's shell is found by its name", () => {
  for (const [, name] of nodeShell.matchAll(/^(quorate_[a-z_]+)\(\)/gm)) {
    assert.ok(shellFor(name ?? "", "").includes(`${name}() `), name);
  }
});

Deno.test("quorate_write makes a file, and leaves it alone when it says the same", async () => {
  await using host = new Host();
  const write = `printf 'a\\377b\\n' | quorate_write ${host.path("etc/x")} 640`;
  assert.equal((await run(host, write)).code, 0);
  assert.deepEqual(Deno.readFileSync(host.path("etc/x")), new Uint8Array([97, 255, 98, 10]));
  assert.equal((Deno.statSync(host.path("etc/x")).mode ?? 0) & 0o777, 0o640);
  const before = Deno.statSync(host.path("etc/x")).ino;
  assert.equal((await run(host, write)).code, 0);
  assert.equal(Deno.statSync(host.path("etc/x")).ino, before);
  assert.deepEqual(host.list("etc"), ["x"]);
});

Deno.test("quorate_write keeps the mode, follows a link, and keeps the former file beside it", async () => {
  await using host = new Host();
  host.write("etc/real", "old\n");
  Deno.chmodSync(host.path("etc/real"), 0o604);
  Deno.symlinkSync(host.path("etc/real"), host.path("link"));
  assert.equal((await run(host, `echo new | quorate_write ${host.path("link")} 600`)).code, 0);
  assert.equal(host.read("etc/real"), "new\n");
  assert.equal((Deno.statSync(host.path("etc/real")).mode ?? 0) & 0o777, 0o604);
  assert.equal(Deno.lstatSync(host.path("link")).isSymlink, true);
  const [former] = host.list("etc").filter((f) => /^real\.quorate-\d{8}T\d{6}Z$/.test(f));
  assert.equal(host.read(`etc/${former}`), "old\n");
});

Deno.test("quorate_write says in one line that it cannot, and leaves the file as it was", async () => {
  await using host = new Host();
  host.write("etc/x", "old\n");
  host.program("mv", "echo mv: no way: No space left on device >&2; exit 1\n");
  const { code, err } = await run(host, `echo new | quorate_write ${host.path("etc/x")} 600`);
  assert.notEqual(code, 0);
  assert.match(err, /^cannot write .*etc\/x: No space left on device\n$/);
  assert.equal(host.read("etc/x"), "old\n");
  assert.ok(!host.list("etc").includes("x.quorate-new"));
});

const setKeys = (host: Host, keys: string) => run(host, `quorate_set_keys ${host.path("etc/env")} ${keys}`);

Deno.test("quorate_set_keys changes its keys in place and keeps every other line byte for byte", async () => {
  await using host = new Host();
  const others = [
    "# ETCD_NAME=comment",
    "",
    "  FOO = bar ",
    "ETCD_NAME_X='ETCD_NAME=in a value'",
    "BAD\xff\r",
  ];
  const file = (name: string) =>
    Uint8Array.from(
      [others[0], others[1], name, others[2], others[3], others[4], ""].join("\n"),
      (c) => c.charCodeAt(0),
    );
  host.write("etc/env", file(' ETCD_NAME="old" '));
  assert.equal((await setKeys(host, "ETCD_NAME=n1")).code, 0);
  assert.deepEqual(Deno.readFileSync(host.path("etc/env")), file("ETCD_NAME=n1"));
});

Deno.test("quorate_set_keys writes nothing where nothing differs, however it is quoted", async () => {
  await using host = new Host();
  const text = `A="x"\nB='y z'\n  C=w  \nD=http://a:1,http://b:2`;
  host.write("etc/env", text);
  const ino = Deno.statSync(host.path("etc/env")).ino;
  assert.equal((await setKeys(host, `A=x B='y z' C=w D=http://a:1,http://b:2`)).code, 0);
  assert.equal(Deno.statSync(host.path("etc/env")).ino, ino);
  assert.equal(host.read("etc/env"), text);
  assert.deepEqual(host.list("etc"), ["env"]);
});

Deno.test("quorate_set_keys adds what is missing, also after a last line without an end", async () => {
  await using host = new Host();
  host.write("etc/env", "A=1\nB=2");
  assert.equal((await setKeys(host, "C=3 B=4 D=5")).code, 0);
  assert.equal(host.read("etc/env"), "A=1\nB=4\nC=3\nD=5\n");
});

Deno.test("quorate_set_keys makes a file that is not there", async () => {
  await using host = new Host();
  assert.equal((await setKeys(host, "A=1")).code, 0);
  assert.equal(host.read("etc/env"), "A=1\n");
});

Deno.test("quorate_set_keys quotes a value so that systemd reads it back", async () => {
  await using host = new Host();
  assert.equal((await setKeys(host, `'A=a b"c$d\\e\`f' 'B=-x --y'`)).code, 0);
  assert.equal(host.read("etc/env"), 'A="a b\\"c\\$d\\\\e\\`f"\nB="-x --y"\n');
});

Deno.test("quorate_set_keys leaves a continued value of another key alone, and refuses one of its own", async () => {
  await using host = new Host();
  host.write("etc/env", "X=a \\\nA=not a key\nA=1\n");
  assert.equal((await setKeys(host, "A=2")).code, 0);
  assert.equal(host.read("etc/env"), "X=a \\\nA=not a key\nA=2\n");
  host.write("etc/env", "A=a \\\nb\n");
  const { code, err } = await setKeys(host, "A=2");
  assert.notEqual(code, 0);
  assert.match(err, /the value of A goes on in the next line\n$/);
  assert.equal(host.read("etc/env"), "A=a \\\nb\n");
});

Deno.test("quorate_set_keys refuses what it could not write back unharmed", async () => {
  await using host = new Host();
  host.write("etc/env", "A=1\0\n");
  assert.notEqual((await setKeys(host, "A=2")).code, 0);
  assert.equal(host.read("etc/env"), "A=1\0\n");
  host.write("etc/env", "A=1\n");
  assert.notEqual((await setKeys(host, "'A=2\n3'")).code, 0);
  assert.equal(host.read("etc/env"), "A=1\n");
});

Deno.test("quorate_mark writes a mark as it is read, and quorate_unmark takes it away twice", async () => {
  await using host = new Host();
  assert.equal((await run(host, "quorate_mark metadata intent token=t 'members=n1,n2'")).code, 0);
  assert.equal(host.read("state/metadata/intent"), "quorate=1\ntoken=t\nmembers=n1,n2\n");
  for (let i = 0; i < 2; i++) {
    assert.equal((await run(host, "quorate_unmark metadata intent started")).code, 0);
    assert.deepEqual(host.list("state/metadata"), []);
  }
});

Deno.test("quorate_latch writes down the place of the data that it has seen, also when the disk goes right then", async () => {
  await using host = new Host();
  host.write("data/x", new Uint8Array());
  const fsId = (await run(host, `stat -f -c %i ${host.root}`)).out;
  // On another file system than the data, as what a disk that is gone leaves behind.
  const goes = `goes() { echo c1 m1; rm -r "$1" && ln -s /dev/shm "$1"; }`;
  const { code, err } = await run(
    host,
    `${goes}; quorate_latch metadata "${host.root}/data" m1 goes memberId=m1`,
  );
  assert.equal(code, 0, err);
  assert.notEqual((await run(host, "stat -f -c %i /dev/shm")).out, fsId);
  assert.equal(
    host.read("state/metadata/latch"),
    `quorate=1\ndataPath=${Deno.realPathSync(host.root)}/data\nfsId=${fsId}memberId=m1\n`,
  );
  const other = await run(host, `goes() { echo c1 m2; }; quorate_latch metadata "${host.root}/data" m1 goes`);
  assert.equal(other.code, 1);
  assert.match(other.err, /holds the data of member m2/);
  const bare = await run(
    host,
    `goes() { echo c1 m1 blank; }; quorate_latch metadata "${host.root}/data" m1 goes`,
  );
  assert.equal(bare.code, 1);
  assert.match(bare.err, /holds nothing: is a disk not mounted/);
});

Deno.test("quorate_mark_place writes down where a directory will be that is not there yet", async () => {
  await using host = new Host();
  const { code, err } = await run(host, `quorate_mark_place metadata started "${host.root}/data/a b/c"`);
  assert.equal(code, 0, err);
  const fsId = (await run(host, `stat -f -c %i ${host.root}`)).out;
  assert.equal(
    host.read("state/metadata/started"),
    `quorate=1\ndataPath=${Deno.realPathSync(host.root)}/data/a b/c\nfsId=${fsId}`,
  );
});

Deno.test("quorate_forget takes away the marks of the cluster that it was told, once nothing runs, and no others", async () => {
  await using host = new Host();
  const forget = (cluster: string) =>
    run(host, `quorate_forget metadata ${cluster} etcd.service ${host.process} ${host.path("data")}`);
  const marks = ["fenced", "latch", "started"];
  for (const mark of marks) host.write(`state/metadata/${mark}`, "quorate=1\nclusterId=c1\nmemberId=a1\n");
  const other = await forget("c");
  assert.deepEqual([other.code, other.err], [1, "the latch is not of cluster c\n"]);
  host.unit({ ActiveState: "active" });
  assert.match((await forget("c1")).err, /etcd\.service is not stopped/);
  assert.deepEqual(host.list("state/metadata"), marks);
  host.unit({ ActiveState: "inactive" });
  for (let i = 0; i < 2; i++) {
    assert.equal((await forget("c1")).code, 0);
    assert.deepEqual(host.list("state/metadata"), ["fenced"]);
  }
});
