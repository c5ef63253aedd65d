import assert from "node:assert/strict";
import { checkShell, zookeeperCheck } from "../../../plugins/zookeeper/check.ts";
import {
  HIGHEST,
  readPeers,
  readZooKeeper,
  SUPER,
  UNNAMED,
  VERSION,
} from "../../../plugins/zookeeper/read.ts";
import { RESTART } from "../../../plugins/zookeeper/servers.ts";
import { readSession } from "../../../plugins/zookeeper/session.ts";
import type { RecordedMember } from "../../../src/model/node.ts";
import type { Asked, Asks } from "../../../src/playbook/plugin.ts";
import { Host } from "../node/host.ts";
import { cluster, nodes, options, recorded } from "./options.ts";

const names = ["leader", "follower", "observer", "no-quorum", "stopped", "bare"] as const;
const asks = new Map(await Promise.all(names.map(async (name) => [name, await recorded(name)] as const)));
const answers = (name: typeof names[number]): Asks => asks.get(name) ?? {};
const sight = (name: typeof names[number], more: Readonly<Record<string, Asked>> = {}) =>
  readZooKeeper({ ...answers(name), ...more }, options, nodes);
const said = (out: string, code: Asked["code"] = 0, err = ""): Asked => ({ code, out, err });
const hexOf = (name: typeof names[number]): string => answers(name)["read"]?.out ?? "";

Deno.test("a leader and a follower tell who they are, who leads, and who the others are", () => {
  for (const [name, id] of [["leader", "3"], ["follower", "1"]] as const) {
    const { view, disk, settings, dataPath, installed } = sight(name);
    assert.deepEqual(view?.identity, { clusterId: cluster, memberId: id });
    assert.deepEqual([view.linearizable, view.local, view.role, view.leaderId], ["yes", "yes", "voter", "3"]);
    assert.deepEqual(view.members?.map((m) => `${m.id} ${m.role} ${m.peerUrls} ${m.clientUrls}`), [
      "1 voter 10.90.132.11:2888:3888 10.90.132.11:2181",
      "2 voter 10.90.132.12:2888:3888 10.90.132.12:2181",
      "3 voter 10.90.132.13:2888:3888 10.90.132.13:2181",
    ]);
    assert.equal(view.term, 1n);
    assert.ok((view.index ?? 0n) > 0x100000000n, "a zxid is 64 bits, exact");
    assert.deepEqual([view.version, installed, view.trouble], ["3.8.0", "3.8.0", undefined]);
    assert.deepEqual([disk, dataPath], [view.identity, options.dataDir]);
    assert.deepEqual([settings?.[VERSION], settings?.[HIGHEST], settings?.[RESTART]], [
      "100000000",
      "3",
      undefined,
    ]);
  }
});

Deno.test("an observer on a host of the config is a learner, and reads through a majority as voters do", () => {
  const { view } = sight("observer");
  assert.deepEqual([view?.identity?.memberId, view?.role, view?.linearizable, view?.local], [
    "4",
    "learner",
    "yes",
    "yes",
  ]);
  assert.equal(view?.members?.find((m) => m.id === "4")?.role, "learner");
});

Deno.test("a server that finds no majority says so itself; a stopped one and a bare host have no view", () => {
  const { view, disk } = sight("no-quorum");
  assert.deepEqual([view?.linearizable, view?.local, view?.members, view?.trouble], [
    "no",
    "no",
    undefined,
    "ZooKeeper finds no majority",
  ]);
  assert.deepEqual(disk, { clusterId: cluster, memberId: "3" });
  assert.equal(view?.identity, undefined, "whose data lies there is no proof of who runs: it may be a copy");
  assert.deepEqual([sight("stopped").view, sight("stopped").disk], [undefined, {
    clusterId: cluster,
    memberId: "1",
  }]);
  assert.deepEqual([sight("bare").view, sight("bare").disk, sight("bare").settings], [undefined, "none", {}]);
});

Deno.test("what is not answered is unknown, and what would help is said", () => {
  const cases: readonly (readonly [Readonly<Record<string, Asked>>, RegExp])[] = [
    [
      { srvr: said("srvr is not executed because it is not in the whitelist.\n"), read: said("", 1) },
      /whitelist/,
    ],
    [{ srvr: said("", "timedOut"), read: said("", 1) }, /did not answer in time/],
    [{ read: said("", "timedOut") }, /no session could be opened in time/],
    [{ read: said("") }, /the server closed it/],
    [{ read: said("", 1, "connect: Connection refused\n") }, /Connection refused/],
    [{ port: said("", 1), srvr: said("", 1), read: said("", 1) }, /does not listen yet/],
  ];
  for (const [more, why] of cases) {
    const { view } = sight("follower", more);
    assert.equal(view?.identity, undefined);
    assert.equal(view?.linearizable, "unknown");
    assert.match(view?.trouble ?? "", why);
  }
  assert.equal(sight("bare", { taken: said("", 0) }).view?.trouble?.includes("not this service's"), true);
});

Deno.test("where sessions are local, a session proves no majority", () => {
  const { view } = sight("follower", { config: said("localSessionsEnabled=True\n") });
  assert.deepEqual([view?.linearizable, view?.local], ["unknown", "yes"]);
  assert.match(view?.trouble ?? "", /localSessionsEnabled is set: a session is no write/);
});

/** The session of a follower, /quorate not being there: error -101 and no data. */
function withoutName(): Asked {
  const hex = hexOf("follower");
  const hello = hex.slice(0, 8 + 2 * parseInt(hex.slice(0, 8), 16));
  const own = hex.slice(
    hello.length,
    hello.length + 8 + 2 * parseInt(hex.slice(hello.length).slice(0, 8), 16),
  );
  const none = `00000010${own.slice(8, 32)}ffffff9b`;
  return said(hello + none + hex.slice(hello.length + own.length));
}

Deno.test("without /quorate an ensemble that is being formed goes by the name beside its data, and no other does", () => {
  assert.equal(typeof readSession(hexOf("follower"))?.own, "object");
  const read = withoutName();
  assert.equal(readSession(read.out)?.own, "none");
  const forming = sight("follower", { read, intent: said("quorate=1\n") });
  assert.deepEqual(forming.view?.identity, { clusterId: cluster, memberId: "1" });
  assert.equal(forming.view?.linearizable, "yes");
  const hollow = sight("follower", { read });
  assert.deepEqual(
    [hollow.view?.linearizable, hollow.view?.local, hollow.view?.members],
    ["yes", "no", undefined],
    "a majority took part, and it lacks what was there before it",
  );
  assert.match(hollow.view?.trouble ?? "", /without \/quorate/);
});

/** A follower's answers as in an ensemble that others built and nobody has named. */
const unnamedAnswers = (): Asks => ({
  ...answers("follower"),
  read: withoutName(),
  disk: said("", 2, "of which ensemble the data in /d is, is not written beside it\n"),
  latch: said("", 1, "cat: /var/lib/quorate/kv/latch: No such file or directory\n"),
});

Deno.test("an ensemble that nobody has named goes by the name that the options would give it, as long as none was told", () => {
  const asks = unnamedAnswers();
  const bare = readZooKeeper(asks, options, nodes);
  assert.deepEqual([bare.view?.identity, bare.disk], [undefined, "unknown"]);
  assert.match(bare.view?.trouble ?? "", /let options.ensemble be "NAME 3"/);
  const o = { ...options, ensemble: "abc 9" };
  const seen = (more: Asks = {}) => readZooKeeper({ ...asks, ...more }, o, nodes);
  const { view, disk, settings } = seen();
  assert.deepEqual([view?.identity, disk], Array(2).fill({ clusterId: "abc", memberId: "1" }));
  assert.deepEqual([view?.linearizable, view?.trouble], ["yes", undefined]);
  assert.deepEqual(
    [settings?.[UNNAMED], settings?.[HIGHEST]],
    ["yes", undefined],
    "no id is given by it yet",
  );
  // Who was told a name once lacks /quorate: S3 must not take a new ensemble for it, or a hollow server for a whole one.
  for (
    const told of [
      { latch: said("quorate=1\n") },
      { latch: said("", 1, "cat: latch: Input/output error\n") },
      { latch: said("", "timedOut") },
      { disk: said("abc 1\n") },
      { disk: said("", 1) },
      { intent: said("quorate=1\n") },
    ]
  ) {
    const { view, settings } = seen(told);
    assert.equal(settings?.[UNNAMED], undefined, JSON.stringify(told));
    assert.ok(view?.identity === undefined || view.local === "no" || "intent" in told);
  }
  assert.match(seen({ latch: said("quorate=1\n") }).view?.trouble ?? "", /serves without \/quorate/);
  assert.equal(seen({ myid: said("2\n") }).disk, "unknown", "another server's data");
});

Deno.test("that nothing on a node says who may reconfigure is told only where it was seen", () => {
  assert.equal(sight("follower", { super: said("", 1) }).settings?.[SUPER], "none");
  for (const more of [{}, { super: said("") }, { super: said("", "timedOut") }]) {
    assert.equal(sight("follower", more).settings?.[SUPER], undefined);
  }
});

Deno.test("the check looks where the steps would: at the file of options.auth, or at the service's own", async () => {
  await using host = new Host();
  const looked = async (auth?: string) => {
    const o = auth === undefined ? options : { ...options, auth };
    const [n1] = nodes;
    assert.ok(n1);
    const own = 'ask() { echo "$*"; }\nservice=kv dir=/data pid=7\necho 1 >port.code\n';
    const { out } = await host.sh(`${checkShell}\n${own}${zookeeperCheck(o, n1)}`);
    return /^super .*$/m.exec(out)?.[0].replace(host.path("state"), "STATE");
  };
  assert.equal(await looked("/etc/zk super"), "super 0 test -r /etc/zk super");
  assert.equal(await looked(), "super 0 test -r STATE/kv/super");
});

Deno.test("data that others put there is whose the running server says, if myid says so, too", () => {
  const disk = said("", 2, "of which ensemble the data in /d is, is not written beside it\n");
  assert.deepEqual(sight("follower", { disk }).disk, { clusterId: cluster, memberId: "1" });
  assert.equal(sight("follower", { disk, myid: said("2\n") }).disk, "unknown");
  assert.equal(sight("stopped", { disk }).disk, "unknown");
});

Deno.test("a session that is cut off anywhere, refused or garbled is none", () => {
  const hex = hexOf("leader");
  const config = readSession(hex)?.config;
  assert.ok(typeof config === "object" && config.text.includes("server.1="));
  for (let length = 0; length < hex.length - 40; length += 14) {
    const cut = readSession(hex.slice(0, length));
    assert.ok(cut === undefined || typeof cut.config === "object" && cut.config.text === config.text);
  }
  assert.equal(readSession("0".repeat(hex.length)), undefined);
  // Timeout 0: the server lets nobody in.
  assert.equal(readSession(hex.slice(0, 16) + "00000000" + hex.slice(24)), undefined);
  assert.equal(readSession("not hex"), undefined);
});

Deno.test("of a member only itself can say yes, by its id; silence at its address is a no", () => {
  const member = (id: string): RecordedMember => ({
    id,
    name: `server.${id}`,
    role: "voter",
    peerUrls: [],
    clientUrls: ["10.0.0.1:2181"],
  });
  const told = (id: string, asked: Asked) => readPeers({ [`peer.${id}`]: asked }, [member(id)])[id];
  assert.equal(told("3", said(hexOf("leader"))), "yes");
  assert.equal(told("2", said(hexOf("leader"))), "unknown", "somebody else answers there");
  assert.equal(
    told("2", withoutName()),
    "unknown",
    "whether it has all that the ensemble holds is not known",
  );
  assert.equal(told("2", said("")), "no");
  assert.equal(told("2", said("", "timedOut")), "no");
  assert.equal(told("2", said("", 1, "bash: connect: Connection refused\n")), "no");
  assert.equal(told("2", said("", 127, "bash: not found\n")), "unknown");
  assert.equal(readPeers({}, [member("2")])["2"], "unknown");
});
