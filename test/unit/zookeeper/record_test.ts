import assert from "node:assert/strict";
import {
  readEnsemble,
  readKernelAddress,
  readName,
  readProperties,
} from "../../../plugins/zookeeper/record.ts";

const isHost = (address: string): boolean => address.startsWith("10.0.0.");
const members = (text: string) =>
  readEnsemble(text, 2181, isHost)?.members.map((m) => `${m.id} ${m.role} ${m.peerUrls} ${m.clientUrls}`);

Deno.test("a server list is read with roles, several addresses, and client addresses of every form", () => {
  assert.deepEqual(
    members(
      "server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\n" +
        "server.02=10.0.0.2:2888:3888;2182\n" +
        "server.3=[fd00::3]:2888:3888:participant;[::]:2181\n" +
        "server.4=10.0.0.4:2888:3888|10.1.0.4:2888:3888:participant;10.1.0.4:2181\n" +
        "server.5=10.0.0.5:2888:3888:participant\n" +
        "version=10000002a",
    ),
    [
      "1 voter 10.0.0.1:2888:3888 10.0.0.1:2181",
      "2 voter 10.0.0.2:2888:3888 10.0.0.2:2182",
      "3 voter [fd00::3]:2888:3888 [fd00::3]:2181",
      "4 voter 10.0.0.4:2888:3888,10.1.0.4:2888:3888 10.1.0.4:2181",
      "5 voter 10.0.0.5:2888:3888 10.0.0.5:2181",
    ],
  );
});

Deno.test("an observer on a host of the config is one that joins; any other is somebody's observer", () => {
  assert.deepEqual(
    members(
      "server.1=10.0.0.1:2888:3888:observer;2181\nserver.2=10.9.0.1:2888:3888:observer;2181\nversion=1",
    ),
    ["1 learner 10.0.0.1:2888:3888 10.0.0.1:2181", "2 observer 10.9.0.1:2888:3888 10.9.0.1:2181"],
  );
});

Deno.test("a list counts whole or not at all", () => {
  const good = "server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181";
  for (
    const text of [
      good,
      "version=1",
      "",
      `${good}\nserver.x=10.0.0.2:2888:3888:participant;2181\nversion=1`,
      `${good}\nserver.2=10.0.0.2:2888\nversion=1`,
      `${good}\nserver.2=10.0.0.2:2888:3888:participant;somewhere\nversion=1`,
      `${good}\nversion=xyz`,
    ]
  ) assert.equal(members(text), undefined, text);
});

Deno.test("the version stays exact: it is 64 bits of hexadecimal text", () => {
  const read = readEnsemble("server.1=10.0.0.1:2888:3888;2181\nversion=7fffffffffffffff", 2181, isHost);
  assert.equal(read?.version, "7fffffffffffffff");
});

Deno.test("the ensemble's name and the highest id that was given", () => {
  assert.deepEqual(readName("abc123 7"), { ensemble: "abc123", highest: 7, servers: [] });
  assert.deepEqual(readName("abc123 7 server.1=a:1:2 server.3=b:1:2;2181")?.servers, [
    "server.1=a:1:2",
    "server.3=b:1:2;2181",
  ]);
  for (const text of ["", "abc123", "abc123 x", "a b 7", "ab-c 7"]) {
    assert.equal(readName(text), undefined, text);
  }
});

Deno.test("zoo.cfg is read as Java reads properties", () => {
  assert.deepEqual(
    readProperties("# a\n! b\n tickTime = 2000 \ninitLimit:10\ndataDir=/a\ndataDir=/b\n\nempty=\n"),
    {
      tickTime: "2000",
      initLimit: "10",
      dataDir: "/b",
      empty: "",
    },
  );
});

Deno.test("the kernel's way to write an address, also of an IPv4 one in an IPv6 socket", () => {
  assert.equal(readKernelAddress("0D845A0A"), "10.90.132.13");
  assert.equal(readKernelAddress("0000000000000000FFFF00000D845A0A"), "10.90.132.13");
  assert.equal(readKernelAddress("000080FE00000000FF005450B6AD1DFE"), undefined);
});
