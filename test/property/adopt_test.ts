/** Hosts that say anything: what is made of it is a config that the loader takes, with that and nothing else in it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { etcd } from "../../plugins/etcd/mod.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import { namesFor } from "../../src/adopt/names.ts";
import { adoptedText } from "../../src/adopt/render.ts";
import { waysOf } from "../../src/adopt/ways.ts";
import { parseConfig } from "../../src/config/read.ts";
import type { Plugin } from "../../src/playbook/options.ts";
import type { Asks } from "../../src/playbook/plugin.ts";

const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "\n",
    "# ",
    ": ",
    "'",
    '"',
    "}\n",
    "]",
    "- ",
    "&a",
    "*a",
    "!!x",
    "%",
    "\u2028",
    "\u0085",
    "\u202e",
    "--\n",
    "=",
    "null",
    "~",
    "1e3",
    "0x1",
  ),
);
const text = fc.array(nasty, { maxLength: 4 }).map((parts) => parts.join(""));
const line = (key: string) => text.map((value) => `${key}=${value}\n`);
const url = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "http://10.0.0.11:2380",
      "https://kv1.example.org:2380",
      "http://[fd00::1]:2380",
    ),
  },
  { weight: 1, arbitrary: text },
);
const started = fc.tuple(
  fc.array(
    fc.oneof(
      line("ETCD_HEARTBEAT_INTERVAL"),
      line("ETCD_METRICS"),
      line("ETCD_CERT_FILE"),
      line("ETCD_KEY_FILE"),
      line("ETCD_TRUSTED_CA_FILE"),
      url.map((u) => `ETCD_ADVERTISE_CLIENT_URLS=${u}\n`),
      url.map((u) => `ETCD_LISTEN_PEER_URLS=${u}\n`),
      text,
    ),
    { maxLength: 6 },
  ),
  text.map((t) => `/${t.replaceAll("\0", "")}`),
).map(([lines, dir]) => `${lines.join("")}ETCD_DATA_DIR=${dir}\n--\n/usr/bin/etcd\n`);
const answer = (out: fc.Arbitrary<string>, code: fc.Arbitrary<number> = fc.constant(0)) =>
  fc.record({ code, out, err: text });
const etcdHost = fc.record({
  manifest: answer(text, fc.constantFrom(0, 1, 1, 1)),
  etcdctl: answer(text, fc.constantFrom(0, 0, 0, 127)),
  hostname: answer(text),
  processes: answer(
    fc.oneof({ weight: 6, arbitrary: fc.constant("77 host etcd.service\n") }, { weight: 1, arbitrary: text }),
  ),
  "started.77": answer(started, fc.constantFrom(0, 0, 0, 0, 1)),
  "binary.77": answer(text.map((t) => `/${t}\n`)),
  "open.77": answer(text.map((t) => `/${t}/member/snap/db\n`)),
  "config.77": answer(text),
  "unit.77": answer(text.map((t) => `User=${t}\nExecStart=${t}\n`)),
  "names.77": answer(text.map((t) => `ETCD_NAME /${t}\n`)),
});
const peer = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "10.0.0.11:2888:3888",
      "zk1.example.org:2888:3888",
      "[fd00::1]:2888:3888",
    ),
  },
  { weight: 1, arbitrary: text },
);
/** Mostly the same on all hosts: else there is nothing that one config could say. */
const mostly = (usual: string, odd: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });
const zooCfg = fc.array(
  fc.oneof(
    line("autopurge.purgeInterval"),
    line("tickTime"),
    line("ssl.keyStore.location"),
    line("skipACL"),
    text.map((t) => `${t}\n`),
  ),
  { maxLength: 6 },
);
const zookeeperHost = fc.record({
  token: answer(fc.oneof(fc.constant(" 0f".repeat(16)), text)),
  java: answer(text.map((t) => `/${t}\n`)),
  hostname: answer(text),
  processes: answer(
    fc.oneof({ weight: 6, arbitrary: fc.constant("77 host zk.service\n") }, { weight: 1, arbitrary: text }),
  ),
  "started.77": answer(
    fc.tuple(fc.array(text, { maxLength: 3 }), mostly("/lib/*", text)).map((
      [flags, classes],
    ) =>
      `--\njava\n${
        flags.map((f) => `-D${f}\n`).join("")
      }-cp\n${classes}\norg.apache.zookeeper.server.quorum.QuorumPeerMain\n`
    ),
    fc.constantFrom(0, 0, 0, 0, 1),
  ),
  "binary.77": answer(mostly("/usr/bin/java\n", text.map((t) => `/${t}\n`))),
  "cwd.77": answer(text),
  "unit.77": answer(text.map((t) => `User=${t}\n`)),
  "used.77": answer(text, fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 0)),
  "file.77": answer(mostly("/etc/zoo.cfg\n", text.map((t) => `/${t}\n`))),
  "config.77": answer(
    fc.tuple(zooCfg, mostly("data", text)).map(([lines, dir]) =>
      `${lines.join("")}dataDir=/${dir.replaceAll("\n", "")}\n`
    ),
  ),
  "myid.77": answer(fc.oneof({ weight: 6, arbitrary: fc.constant("1\n") }, { weight: 1, arbitrary: text })),
  "lists.77": answer(
    fc.tuple(peer, fc.array(text, { maxLength: 2 })).map(([p, more]) =>
      `server.1=${p}:participant;2181\n${more.map((m) => `server.2=${m}\n`).join("")}--\nserver.3\n`
    ),
  ),
  "session.77": answer(text),
});
const memberAt = (urls: fc.Arbitrary<string>, ids: readonly string[]) =>
  fc.record({
    id: fc.constantFrom(...ids),
    name: text,
    role: fc.constant("voter" as const),
    peerUrls: fc.array(urls, { minLength: 1, maxLength: 2 }),
    clientUrls: fc.array(urls, { maxLength: 2 }),
    node: fc.constant(undefined),
    leader: fc.constant(false),
    health: fc.constant("healthy" as const),
    caughtUp: fc.constant("no" as const),
    version: fc.constant(undefined),
  });

interface Sample {
  readonly plugin: Plugin;
  readonly host: fc.Arbitrary<Asks>;
  readonly urls: fc.Arbitrary<string>;
  readonly ids: readonly string[];
  readonly peerUrl: (i: number) => string;
}
const samples: readonly Sample[] = [
  {
    plugin: etcd,
    host: etcdHost,
    urls: url,
    ids: ["a1", "b2", "c3"],
    peerUrl: (i) => `http://10.0.0.1${i}:2380`,
  },
  {
    plugin: zookeeper,
    host: zookeeperHost,
    urls: peer,
    ids: ["1", "2", "255"],
    peerUrl: (i) => `10.0.0.1${i}:2888:3888`,
  },
];

for (const { plugin, host, urls, ids, peerUrl } of samples) {
  Deno.test(`whatever hosts answer of ${plugin.name} becomes a reason to stop, or a config that the loader takes`, () => {
    const adopt = plugin.adopt ?? assert.fail(`${plugin.name} takes over clusters`);
    let configs = 0;
    fc.assert(
      fc.property(
        fc.array(fc.record({ asks: host, member: memberAt(urls, ids) }), { minLength: 1, maxLength: 3 }),
        (all) => {
          const hosts = all.map(({ asks, member }, i) => ({
            name: `h${i}`,
            place: { host: `10.0.1.${i}`, user: undefined, port: undefined },
            asks,
            trouble: undefined,
            member: { ...member, peerUrls: [...member.peerUrls, peerUrl(i)] },
          }));
          const from = [{ text: "h0", host: "10.0.1.0", user: undefined, port: undefined }];
          const login = { user: undefined, become: undefined };
          const { texts, remarks, names } = waysOf({ name: plugin.name, adopt }, from, login, hosts, {});
          assert.ok(texts.length > 0 || remarks.some((r) => r.kind === "stop"));
          for (const one of texts) {
            configs++;
            const { config, problems } = parseConfig(one, "quorate.yaml", [plugin]);
            const wrong = problems.filter((p) => p.severity === "error");
            // Each word is one that a config takes; what clashes is for a person to sort out.
            if (wrong.some((p) => /have the same address|uses one thing twice/.test(p.message))) continue;
            assert.deepEqual(wrong, [], one);
            assert.deepEqual(
              config?.nodes.map((n) => [n.name, n.host]),
              hosts.map((h, i) => [names[i], h.place.host]),
            );
          }
        },
      ),
      { numRuns: 1_000 },
    );
    assert.ok(configs > 50, `only ${configs} were made`);
  });
}

Deno.test("text of any kind stays inside its comment or its value", () => {
  fc.assert(
    fc.property(text, text, text, (what, now, value) => {
      const made = adoptedText({
        from: [what],
        login: { user: "root", become: "sudo" },
        nodes: [{ name: "n1", host: "10.0.0.11", address: "10.0.0.11", port: 22, comment: what }],
        service: "etcd",
        plugin: "etcd",
        options: { env: { ETCD_X: value }, unit: value },
        remarks: [{ kind: "note", what, now }],
      });
      assert.deepEqual(parse(made), {
        version: 1,
        ssh: { user: "root", become: "sudo" },
        nodes: { n1: { host: "10.0.0.11", ssh: { port: 22 } } },
        services: {
          etcd: { plugin: "etcd", members: ["n1"], options: { env: { ETCD_X: value }, unit: value } },
        },
      });
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("names are valid and all different, and no host gets what another could be called as well", () => {
  const name = fc.oneof(
    fc.constantFrom("n1", "n2", "node1", "node2", "localhost"),
    text,
    fc.constant(undefined),
  );
  fc.assert(
    fc.property(fc.array(fc.array(name, { maxLength: 4 }), { maxLength: 5 }), (hosts) => {
      const names = namesFor(hosts);
      assert.equal(new Set(names).size, hosts.length);
      names.forEach((n, i) => {
        assert.match(n, /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
        assert.ok(hosts.every((other, k) => k === i || !other.includes(n)), n);
      });
    }),
  );
});
