/** Shell functions for lists of servers that stand in files, on folders of this machine. */
import assert from "node:assert/strict";
import { zookeeperShell } from "../../../plugins/zookeeper/shell.ts";
import { nodeShell } from "../../../src/node/shell.ts";
import { Host, type Ran } from "../node/host.ts";

const run = (host: Host, text: string): Promise<Ran> => host.sh(`${nodeShell}\n${zookeeperShell}\n${text}\n`);
const line = (id: number, role = "participant"): string =>
  `server.${id}=10.0.0.${id}:2888:3888:${role};0.0.0.0:2181`;
const list = (...ids: readonly number[]): string => ids.map((id) => line(id)).join(" ");

// ---- zoo.cfg -----------------------------------------------------------------------------------------------------

const written = async (before: string, servers: string): Promise<string> => {
  await using host = new Host();
  host.write("etc/zoo.cfg", before);
  const { code, err } = await run(host, `zk_servers ${host.path("etc/zoo.cfg")} '${servers}'`);
  assert.equal(code, 0, err);
  return host.read("etc/zoo.cfg");
};

Deno.test("a list comes into zoo.cfg, and all else that an operator wrote there stays", async () => {
  const before =
    "# mine\ntickTime=2000\nserver.1=10.0.0.1:2888:3888;2181\n  server.2 = 10.0.0.2:2888:3888\n" +
    "server.3=10.0.0.3:2888:3888\n#server.4=old\nlast=line";
  assert.equal(
    await written(before, list(1, 2, 4)),
    "# mine\ntickTime=2000\nserver.1=10.0.0.1:2888:3888;2181\n  server.2 = 10.0.0.2:2888:3888\n#server.4=old\n" +
      "last=line\nserver.4=10.0.0.4:2888:3888\n",
  );
});

Deno.test("a server at another address, or that votes where it observed, gets another line", async () => {
  assert.equal(
    await written("server.1=10.0.0.11:2888:3888\nserver.2=10.0.0.2:2888:3888:observer\n", list(1, 2)),
    "server.1=10.0.0.1:2888:3888\nserver.2=10.0.0.2:2888:3888\n",
  );
  assert.equal(
    await written("", `${line(1)} ${line(2, "observer")}`).then((text) => text.split("\n")[1]),
    "server.2=10.0.0.2:2888:3888:observer",
  );
});

Deno.test("a list that is empty is none, and takes nobody out", async () => {
  await using host = new Host();
  host.write("etc/zoo.cfg", "server.1=a:1:2\n");
  assert.equal((await run(host, `zk_servers ${host.path("etc/zoo.cfg")} ''`)).code, 1);
  assert.equal(host.read("etc/zoo.cfg"), "server.1=a:1:2\n");
});

Deno.test("a first start is configured whole, its list in zoo.cfg alone", async () => {
  await using host = new Host();
  host.write("data/initialize", "");
  const { code, err } = await run(
    host,
    `zk_configure_static kv kv.service ${host.path("data")} ${host.path("etc/zk/zoo.cfg")} 2 abc '${
      list(1, 2)
    }' clientPort=2181`,
  );
  assert.equal(code, 0, err);
  assert.equal(
    host.read("etc/zk/zoo.cfg"),
    "clientPort=2181\nserver.1=10.0.0.1:2888:3888\nserver.2=10.0.0.2:2888:3888\n",
  );
  assert.deepEqual(host.list("data"), ["myid", "quorate-ensemble"], "nobody without data may vote");
});

// ---- who can be spared -------------------------------------------------------------------------------------------

interface Told {
  /** Ids of those that serve, and who of them leads. */
  readonly serve: readonly number[];
  readonly leads: number;
  /** What the server of this node says of itself. @default its mode */
  readonly srvr?: string;
  /** Something listens on its port, at whatever address. @default false */
  readonly listens?: boolean;
  /** Lists of the servers that go by another one than 1 to 4. */
  readonly lists?: Readonly<Record<number, readonly number[]>>;
  /** Of those that do not let `conf` through: their lists in /zookeeper/config. */
  readonly config?: Readonly<Record<number, readonly number[]>>;
}
/** The servers of an ensemble tell this; the one of this node is 1. */
async function spared(
  { serve, leads, srvr, listens = false, lists = {}, config = {} }: Told,
  own: number,
  next: string,
  command = `zk_reload kv kv.service ${own} '${next}'`,
): Promise<Ran> {
  await using host = new Host();
  host.program(
    "systemctl",
    `case $1 in restart | stop) echo "$1" >>${host.root}/did ;; esac; [ "$1" != show ] || echo active`,
  );
  const confs = [1, 2, 3, 4].map((id) => {
    const words = lists[id] === undefined && config[id] !== undefined
      ? "'conf is not executed because it is not in the whitelist.'"
      : list(...(lists[id] ?? [1, 2, 3, 4])).replaceAll(";", "\\;");
    return `10.0.0.${id}) printf '%s\\n' ${words} ;;`;
  });
  const sessions = Object.entries(config).map(([id, ids]) =>
    `10.0.0.${id}) printf '\\0\\0\\0sabc 9 ${list(1, 9)}\\0\\0\\0\\1\\0\\0\\0s%s\\nversion=0\\0\\1' '${
      ids.map((one) => line(one)).join("\n")
    }' ;;`
  );
  const fakes = `zk_listening() { ${listens}; }
zk_session() { at=$1; [ "$at" != localhost ] || at=10.0.0.${own}; case $at in
${sessions.join("\n")}
*) return 1 ;; esac; }
zk_serving() { [ "$1" != localhost ] || set -- 10.0.0.${own}; case " ${
    serve.map((id) => `10.0.0.${id}`).join(" ")
  } " in *" $1 "*) echo "\${1##*.}" ;; *) return 1 ;; esac; }
zk_word() { at=$1; [ "$at" != localhost ] || at=10.0.0.${own}; case $3 in
conf) case $at in ${confs.join("\n")} esac ;;
*) ${
    srvr === undefined ? "" : `[ "$1" != localhost ] || { ${srvr}; return; }; `
  }case $at in 10.0.0.${leads}) echo Mode: leader ;; *) echo Mode: follower ;; esac ;; esac; }`;
  const ran = await host.sh(
    `${nodeShell}\n${zookeeperShell}\n${fakes}\nzk_near kv 2181 java /zk.jar && ${command}`,
  );
  return { ...ran, out: (await host.sh(`cat ${host.root}/did 2>/dev/null; true`)).out.trim() };
}

Deno.test("a server is restarted with another list where the others hold a majority of each", async () => {
  const all = { serve: [1, 2, 3, 4], leads: 2 };
  assert.deepEqual(await spared(all, 1, list(1, 2, 3)).then(({ code, out }) => [code, out]), [
    0,
    "restart",
  ]);
  // Of the four that all count two would be left.
  const one = await spared({ serve: [1, 2, 3], leads: 2 }, 1, list(1, 2, 3));
  assert.deepEqual([one.code, one.out], [1, ""]);
  assert.match(one.err, /not yet spared: without it serve 2 3/);
});

Deno.test("each of the others has to find a majority by its own list; that of who restarts is nobody's then", async () => {
  const by = (lists: Told["lists"]) =>
    spared({ serve: [1, 2, 3], leads: 2, lists: { ...lists } }, 1, list(1, 2, 3));
  assert.equal((await by({ 2: [1, 2, 3], 3: [1, 2, 3] })).code, 0, "2 and 3 ask for two of three");
  assert.match((await by({ 1: [1, 2, 3], 2: [1, 2, 3] })).err, /not yet spared/, "3 asks for three of four");
  assert.match(
    (await by({ 1: [1, 2, 3], 3: [1, 2, 3] })).err,
    /not yet spared/,
    "and so does 2, which leads",
  );
});

Deno.test("who leads is restarted when the others count the same servers: else they might elect nobody", async () => {
  const led = (lists: Told["lists"]) =>
    spared({ serve: [1, 2, 3, 4], leads: 1, lists: { ...lists } }, 1, list(1, 2, 3));
  assert.match(
    (await led({ 2: [1, 2, 3] })).err,
    /server 1 leads, and server 3 counts other servers: not yet spared/,
  );
  assert.deepEqual(await led({ 2: [1, 2, 3], 3: [3, 1, 2] }).then(({ code, out }) => [code, out]), [
    0,
    "restart",
  ]);
});

Deno.test("one that says that it serves nobody is not missed; one that answers late, or may not tell, may be", async () => {
  const says = (srvr: string) => spared({ serve: [1, 2, 3], leads: 2, srvr }, 1, list(1, 2, 3));
  for (
    const idle of [
      "echo This ZooKeeper instance is not currently serving requests",
      "echo connect: Connection refused >&2; false",
    ]
  ) {
    assert.deepEqual(await says(idle).then(({ code, out }) => [code, out]), [0, "restart"]);
  }
  for (const unclear of ["return 124", "echo srvr is not executed because it is not in the whitelist."]) {
    const { code, out, err } = await says(unclear);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /not yet spared: without it serve 2 3/);
  }
  const elsewhere = { serve: [1, 2, 3], leads: 2, srvr: "echo connect: Connection refused >&2; false" };
  const { code, out } = await spared({ ...elsewhere, listens: true }, 1, list(1, 2, 3));
  assert.deepEqual([code, out], [1, ""], "it listens at another address than localhost");
});

Deno.test("a list that nobody tells is no proof: nothing is restarted", async () => {
  // What is shown in a session may be old (`readLists`): it is asked for only where conf is not let through.
  const config = { 1: [1, 2, 3], 2: [1, 2, 3], 3: [1, 2, 3] };
  for (const silent of [1, 2, 3]) {
    const lists = { 1: [1, 2, 3], 2: [1, 2, 3], 3: [1, 2, 3], [silent]: [] };
    const ran = await spared({ serve: [1, 2, 3], leads: 2, lists, config }, 1, list(1, 2, 3));
    assert.deepEqual([ran.code, ran.out], [1, ""]);
    assert.match(ran.err, new RegExp(`server ${silent} .*does not tell with which servers.*not yet spared`));
  }
});

Deno.test("a server that does not let conf through tells its list in a session", async () => {
  const silent = (serve: readonly number[], config: Readonly<Record<number, readonly number[]>>) =>
    spared({ serve, leads: 2, lists: { 3: [1, 2, 3] }, config }, 1, list(1, 2, 3));
  const three = { 1: [1, 2, 3], 2: [1, 2, 3] };
  assert.deepEqual(await silent([1, 2, 3], three).then(({ code, out }) => [code, out]), [0, "restart"]);
  assert.match((await silent([1, 2, 3], { ...three, 2: [1, 2, 3, 4] })).err, /not yet spared/);
});

Deno.test("nobody is restarted with a list that lacks the leader", async () => {
  const { code, out, err } = await spared({ serve: [1, 2, 3, 4], leads: 4 }, 1, list(1, 2, 3));
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /server 4 leads and is no member any more: not yet spared/);
});

Deno.test("a leader that is to go is not stopped where the others hold no majority without it", async () => {
  const few = await spared({ serve: [1, 2, 3], leads: 1 }, 1, "", "zk_yield kv.service");
  assert.deepEqual([few.code, few.out], [1, ""]);
  assert.match(few.err, /server 1 is not yet spared: without it serve 2 3/);
});

// ---- /quorate ----------------------------------------------------------------------------------------------------

/** A session's bytes as hexadecimal digits: the hello, /quorate that was written `version` times, and the rest. */
function sessionHex(text: string, version: number): string {
  const int = (n: number) => n.toString(16).padStart(8, "0");
  const packet = (body: string) => int(body.length / 2) + body;
  const bytes = new TextEncoder().encode(text);
  const hello = int(0) + int(4000) + "02".padEnd(16, "0") + int(16) + "0".repeat(34);
  const own = int(1) + "0".repeat(16) + int(0) + int(bytes.length) + bytes.toHex() + "0".repeat(64) +
    int(version) +
    "0".repeat(72);
  return packet(hello) + packet(own);
}

Deno.test("how often /quorate was written is read out of a session's bytes", async () => {
  await using host = new Host();
  const hex = sessionHex(`abc 4 ${list(1, 2, 3)}`, 300);
  const version = (bytes: Uint8Array) => {
    host.write("session", bytes);
    return run(host, `zk_session() { cat ${host.path("session")}; }\nzk_version h 2181`);
  };
  const whole = Uint8Array.fromHex(hex);
  assert.equal((await version(whole)).out, "300\n");
  for (const length of [0, 4, 40, 70, whole.length - 37]) {
    const { code, out } = await version(whole.subarray(0, length));
    assert.deepEqual([code, out], [1, ""], `cut off after ${length} bytes`);
  }
});

Deno.test("who may write /quorate follows from a file, or from whether the unit lets the super user in", async () => {
  const asked = async (unit: Readonly<Record<string, string>> | undefined, acl = "") => {
    await using host = new Host();
    if (unit === undefined) host.program("systemctl", "exit 1");
    else host.unit(unit);
    const own =
      "zk_running() { echo server.1=a:1:2; echo server.4=b:1:2; }\nzk_name() { printf '%s|' \"$@\"; }\n";
    // Paths of the state are moved in what is run alone.
    host.write("unit", host.read("unit").replaceAll("/var/lib/quorate", host.path("state")));
    const { code, out } = await run(host, `${own}zk_port=2181\nzk_name_static abc kv zk.service ${acl}`);
    return `${code} ${out}`;
  };
  const name = "0 abc|4 server.1=a:1:2 server.4=b:1:2|";
  const env = (path: string) => ({ EnvironmentFiles: `${path} (ignore_errors=yes)` });
  assert.equal(await asked(env("/var/lib/quorate/kv/java.env")), `${name}world:anyone:r|`);
  assert.equal(await asked(env("/var/lib/quorate/other/java.env")), `${name}world:anyone:rw|`);
  assert.equal(await asked({ EnvironmentFiles: "" }), `${name}world:anyone:rw|`);
  assert.equal(await asked(undefined, "world:anyone:r,auth::rwa"), `${name}world:anyone:r,auth::rwa|`);
  assert.equal(await asked(undefined), "1 ", "not known: nothing is created");
});

Deno.test("a runbook reads what /quorate is to hold out of what it holds", async () => {
  await using host = new Host();
  const listed = (text: string, rest: string) =>
    run(
      host,
      `zk_session() { printf '\\001\\002a%s\\001x\\nserver.1=a:1:2:participant\\nversion=0' '${text}'; }\nzk_listed abc h 2181 ${rest}`,
    )
      .then(({ out }) => out.trim().replaceAll("\n", " "));
  assert.equal(
    await listed("abc 3 server.1=x:1:2 server.3=y:1:2", ""),
    "abc 3 server.1=x:1:2 server.3=y:1:2",
  );
  assert.equal(await listed("abc 3", ""), "abc 3 server.1=a:1:2:participant", "the server's own list");
  assert.equal(
    await listed("abc 3 server.1=x:1:2", "| zk_registering z:1:2:observer"),
    "abc 4 server.1=x:1:2 server.4=z:1:2:observer",
  );
  assert.equal(
    await listed("abc 3 server.1=x:1:2", "| zk_registering z:1:2:observer 3"),
    "abc 3 server.1=x:1:2 server.3=z:1:2:observer",
  );
});
