import assert from "node:assert/strict";
import { parseConfig } from "../../../src/config/read.ts";
import { plugins } from "./plugins.ts";

const NODES = `version: 1
nodes:
  n1: { host: h1 }
  n2: { host: h2 }
  n3: { host: h3 }
`;
/** A whole config: a service that says more on line 8, and others from line 9. */
const service = (more: string, plugin = "etcd", others = "") =>
  `${NODES}services: {\n  a: { plugin: ${plugin}, members: [n1, n2, n3],\n${more} },\n${others}}\n`;

const seen = (text: string) =>
  parseConfig(text, "q.yaml", plugins).problems.map((p) =>
    `${p.line}:${p.column} ${p.severity}: ${p.message}${p.didYouMean ? ` (${p.didYouMean}?)` : ""}`
  );

/** What is wrong, and the problems that it gives. */
const wrong: readonly (readonly [string, string, readonly string[]])[] = [
  ["an empty file", "", ["1:1 error: the file is empty"]],
  ["a file that is one word", "etcd", ["1:1 error: the file cannot be etcd"]],
  ["a file that is a list", "- a\n- b\n", ["1:1 error: the file cannot be a list"]],
  ["a file with only a version", "version: 1\n", [
    '1:1 error: the file has no "nodes"',
    '1:1 error: the file has no "services"',
  ]],
  ["no nodes and no services", "version: 1\nnodes: {}\nservices: {}\n", [
    "2:8 error: nodes cannot be an empty map",
    "3:11 error: services cannot be an empty map",
  ]],
  ["an unknown key that resembles a known one", service("  polcy: {}"), [
    '8:3 error: unknown key "polcy" in a (policy?)',
  ]],
  ["two unknown keys in one map", service("  policy: { x: 1, y: 2 }"), [
    '8:13 error: unknown key "x" in policy',
    '8:19 error: unknown key "y" in policy',
  ]],
  ["an unknown key in the plugin's options", service("  options: { datadir: /d }"), [
    '8:14 error: unknown key "datadir" in options (dataDir?)',
  ]],
  [
    "an unknown key in a group of options",
    service("  options: { tls: { ca: /a, cert: /b, key: /c, kee: /d } }"),
    [
      '8:48 error: unknown key "kee" in tls',
    ],
  ],
  ["a key given twice", service("  options: {}, options: {}"), ["8:16 error: options is given twice"]],
  ["a required option left out", service("  options: {}", "kinds"), ['8:3 error: options has no "word"']],
  ["required options left out as a whole", service("  policy: {}", "kinds"), [
    '7:3 error: options has no "word"',
  ]],
  ["an integer that is too small", service("  options: { word: w, count: 1 }", "kinds"), [
    "8:30 error: count cannot be 1",
  ]],
  ["an integer in words", service("  options: { clientPort: many }"), [
    "8:26 error: clientPort cannot be many",
  ]],
  ["a fraction", service("  options: { clientPort: 1.5 }"), ["8:26 error: clientPort cannot be 1.5"]],
  ["a huge number", service(`  options: { clientPort: ${"9".repeat(400)} }`), [
    `8:26 error: clientPort cannot be ${"9".repeat(39)}…`,
  ]],
  ["a number that is no number", service("  options: { clientPort: .nan }"), [
    "8:26 error: clientPort cannot be .nan",
  ]],
  ["a flag in words", service("  options: { word: w, flag: yes }", "kinds"), [
    "8:29 error: flag cannot be yes",
  ]],
  ["a relative path", service("  options: { dataDir: data }"), ["8:23 error: dataDir cannot be data"]],
  ["the root as a data directory", service("  options: { dataDir: / }"), ["8:23 error: dataDir cannot be /"]],
  ["a path that leads to the root", service("  options: { dataDir: /a/.. }"), [
    "8:23 error: dataDir cannot be /a/..",
  ]],
  ["a line break in a path", service('  options: { dataDir: "/a\\nb" }'), [
    '8:23 error: dataDir cannot be "/a\\nb"',
  ]],
  ["a unit that is no unit", service("  options: { unit: etcd; rm }"), [
    "8:20 error: unit cannot be etcd; rm",
  ]],
  ["a number where text by name is asked", service("  options: { env: { ETCD_X: 1 } }"), [
    "8:29 error: ETCD_X cannot be 1",
  ]],
  [
    "a variable that Quorate sets itself",
    service("  options: { env: { ETCD_INITIAL_CLUSTER_STATE: new } }"),
    ['8:21 error: "ETCD_INITIAL_CLUSTER_STATE" cannot be a name here'],
  ],
  [
    "a certificate without its key",
    service("  options: { tls: { ca: /a, cert: /b, key: /c, peerCert: /d } }"),
    [
      "8:48 error: peerCert needs peerKey as well",
    ],
  ],
  [
    "durations that are none",
    service("  policy: { stabilize: 5, deadAfter: 1d, deadline: -1s, joinTimeout: 1.5h }"),
    [
      "8:24 error: stabilize cannot be 5",
      "8:38 error: deadAfter cannot be 1d",
      "8:52 error: deadline cannot be -1s",
      "8:70 error: joinTimeout cannot be 1.5h",
    ],
  ],
  ["a duration longer than a timer can wait", service("  policy: { deadline: 597h }"), [
    "8:23 error: deadline cannot be 597h",
  ]],
  ["a run without any time", service("  policy: { deadline: 0s }"), ["8:23 error: deadline cannot be 0s"]],
  ["a backup that is a word", service("  policy: { backup: true }"), ["8:21 error: backup cannot be true"]],
  ["a backup that keeps nothing", service("  policy: { backup: { keep: 0 } }"), [
    "8:29 error: keep cannot be 0",
  ]],
  ["a backup in a relative folder", service("  policy: { backup: { dir: ~/b } }"), [
    "8:28 error: dir cannot be ~/b",
  ]],
  ["a key without a value", service("  policy:"), ["8:3 error: policy has no value"]],
  ["a member that is no node", `${NODES}services:\n  a: { plugin: etcd, members: [n1, n2, n33] }\n`, [
    "7:40 error: n33 is not under nodes: (n3?)",
  ]],
  ["a member named twice", `${NODES}services:\n  a: { plugin: etcd, members: [n1, n2, n1] }\n`, [
    "7:40 error: n1 is named twice",
  ]],
  ["no member", `${NODES}services:\n  a: { plugin: etcd, members: [] }\n`, [
    "7:31 error: members cannot be an empty list",
  ]],
  ["members without a plugin", `${NODES}services:\n  a: { members: [n1, n2, n3] }\n`, [
    '7:3 error: a has no "plugin"',
  ]],
  ["an unknown plugin, and its policy is read all the same", service("  policy: { x: 1 }", "ectd"), [
    '7:16 error: there is no plugin "ectd" (etcd?)',
    '8:13 error: unknown key "x" in policy',
  ]],
  ["a plugin of one's own", service("  policy: {}", "../mine.ts"), [
    "7:16 error: the file was not loaded",
  ]],
  ["a playbook of one's own", service("  playbook: ./p.ts"), [
    "8:13 error: the file was not loaded",
  ]],
  ["a path that is no file of TypeScript", service("  playbook: ./p.js", "./mine"), [
    '7:16 error: there is no plugin "./mine"',
    "8:13 error: playbook cannot be ./p.js",
  ]],
  ["bad names", `${NODES}  _n: { host: h4 }\nservices:\n  a b: { plugin: etcd, members: [n1, n2, n3] }\n`, [
    '6:3 error: "_n" cannot be a name here',
    '8:3 error: "a b" cannot be a name here',
  ]],
  ["a name that would be a path", `${NODES}services:\n  ../a: { plugin: etcd, members: [n1, n2, n3] }\n`, [
    '7:3 error: "../a" cannot be a name here',
  ]],
  [
    "names that JavaScript keeps",
    `${NODES}  __proto__: { host: h4 }\n  constructor: { host: h5 }\nservices:\n  a: { plugin: etcd, members: [n1, n2, n3] }\n`,
    [
      '6:3 error: "__proto__" cannot be a name',
      '7:3 error: "constructor" cannot be a name',
    ],
  ],
  ["a host with its port", `${NODES}  n4: { host: "h4:22" }\nservices: {}\n`, [
    '6:15 error: host cannot be "h4:22"',
    "7:11 error: services cannot be an empty map",
  ]],
  [
    "one host under two names",
    `${NODES}  n4: { host: H1 }\nservices:\n  a: { plugin: etcd, members: [n1, n2, n3] }\n`,
    [
      "6:15 error: n1 and n4 are the same host: h1 port 22",
    ],
  ],
  [
    "one address under two names",
    `${NODES}  n4: { host: h4, address: h1 }\nservices:\n  a: { plugin: etcd, members: [n1, n2, n3] }\n`,
    [
      "6:28 error: n1 and n4 have the same address: h1",
    ],
  ],
  [
    "a member that only it can reach among others",
    `${NODES}  n4: { host: localhost }
  n5: { host: h5, address: 127.0.0.1 }
services:
  a: { plugin: etcd, members: [n1, n4, n5] }
`,
    [
      "6:15 error: localhost is, to every other member, that member itself",
      "7:28 error: 127.0.0.1 is, to every other member, that member itself",
    ],
  ],
  [
    "two services with the same unit on one node",
    service(
      "  options: {}",
      "etcd",
      "  b: { plugin: etcd, members: [n1, n2, n3], options: { dataDir: /b, envFile: /e, clientPort: 1, peerPort: 2 } }",
    ),
    [
      "9:45 error: a and b would break each other on n1, n2, n3: unit etcd.service",
    ],
  ],
  ["one port twice in one service", service("  options: { clientPort: 2380 }"), [
    "8:3 error: a uses one thing twice: clientPort and peerPort 2380",
  ]],
  ["two members", `${NODES}services:\n  a: { plugin: etcd, members: [n1, n2] }\n`, [
    "7:31 warning: a loses its quorum with any one member",
  ]],
  [
    "four members",
    `${NODES}  n4: { host: h4 }\nservices:\n  a: { plugin: etcd, members: [n1, n2, n3, n4] }\n`,
    [
      "8:31 warning: 4 members survive the loss of 1, no more than 3 would",
    ],
  ],
  ["no pause and no backup", service("  policy: { stabilize: 0s, backup: false }"), [
    "8:24 warning: changes follow each other without a pause",
    "8:36 warning: a is changed without a snapshot before",
  ]],
  ["a pause as long as a run", service("  policy: { stabilize: 5m, deadline: 5m }"), [
    "8:24 warning: no run lasts long enough to see that a change has held",
  ]],
  ["a number for a member", `${NODES}services:\n  a: { plugin: etcd, members: [n1, n2, 3] }\n`, [
    "7:40 error: members[2] cannot be 3",
  ]],
  ["the form of a later release", `version: 2\n${service("").slice("version: 1\n".length)}`, [
    "1:10 error: version cannot be 2",
  ]],
];

for (const [what, text, problems] of wrong) {
  Deno.test(`parseConfig() places ${what}`, () => assert.deepEqual(seen(text), problems));
}

Deno.test("parseConfig() reads who is told of what", () => {
  const read = (more: string) =>
    parseConfig(`${service("  x: 1", "etcd").replace("  x: 1", "")}${more}`, "q.yaml", plugins);
  const { config, problems } = read(
    "metrics: { textfile: /m/q.prom }\nalerts: { command: [/n, -x], on: [failure], timeout: 5s }\n",
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.metrics, { textfile: "/m/q.prom" });
  assert.deepEqual(config?.alerts, { command: ["/n", "-x"], on: ["failure"], timeoutMs: 5_000 });
  const all = read("alerts: { webhook: https://h/x }\n").config?.alerts;
  assert.deepEqual(all?.on, ["change", "refusal", "failure", "quorumLost", "recovery"]);
  assert.equal(read("").config?.alerts, undefined);
  const said = (more: string) => read(more).problems.map((p) => p.message);
  assert.deepEqual(said("alerts: {}\n"), ["alerts tells nobody"]);
  assert.deepEqual(said("alerts: { command: [notify] }\n"), ['command[0] cannot be "notify"']);
  assert.deepEqual(said("alerts: { webhook: ftp://h/x }\n"), ["webhook cannot be that"]);
  assert.deepEqual(said("alerts: { webhook: http://h, on: [changes] }\n"), ["on[0] cannot be changes"]);
  assert.equal(read("alerts: { webhook: http://h, timeout: 60s }\n").config?.alerts?.timeoutMs, 60_000);
  const long = read("alerts: { webhook: http://h, timeout: 61s }\n");
  assert.match(JSON.stringify(long.problems), /timeout cannot be 61s.*a duration of at most 60s/);
  assert.deepEqual(said("metrics: { textfile: /m/q.txt }\n"), ["textfile cannot be /m/q.txt"]);
  assert.deepEqual(said("metrics: { file: /m/q.prom }\n"), [
    'metrics has no "textfile"',
    'unknown key "file" in metrics',
  ]);
});

Deno.test("parseConfig() gives no config with an error, and one with a warning", () => {
  assert.equal(parseConfig(service("  x: 1"), "q.yaml", plugins).config, undefined);
  assert.ok(parseConfig(service("  policy: { backup: false }"), "q.yaml", plugins).config);
});

Deno.test("parseConfig() fills in the defaults", () => {
  const { config, problems } = parseConfig(service(""), "/etc/quorate/quorate.yaml", plugins);
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.nodes[1], { name: "n2", host: "h2", address: "h2", labels: {}, ssh: {} });
  assert.deepEqual(config?.services, [{
    name: "a",
    plugin: plugins[0],
    members: config?.nodes,
    options: {
      unit: "etcd.service",
      dataDir: "/var/lib/etcd/default",
      envFile: "/etc/default/etcd",
      clientPort: 2379,
      peerPort: 2380,
      user: "etcd",
      binary: "/usr/bin/etcd",
      configureMembers: true,
      env: {},
    },
    policy: {
      stabilizeMs: 5000,
      deadAfterMs: 60_000,
      deadlineMs: 600_000,
      joinTimeoutMs: 1_800_000,
      backup: { keep: 10 },
      paused: false,
      moveAll: false,
      removeUnfenced: false,
      repairTries: 5,
    },
  }]);
});

Deno.test("parseConfig() keeps members in config order, whatever the order of the nodes", () => {
  const { config } = parseConfig(
    `${NODES}services:\n  a: { plugin: etcd, members: [n3, n1, n2] }\n`,
    "q",
    plugins,
  );
  assert.deepEqual(config?.services[0]?.members.map((m) => m.name), ["n3", "n1", "n2"]);
});

Deno.test("parseConfig() lays a node's ssh settings over those of all, and finds files beside the config", () => {
  const { config } = parseConfig(
    `version: 1
ssh: { user: ops, become: sudo, jump: gate, identityFiles: [key, ~/.ssh/id], knownHosts: [/k], connectTimeout: 1500ms }
nodes:
  n1: { host: h1 }
  n2: { host: h2, ssh: { user: root, become: none, port: 2222, jump: none } }
  n3: { host: h3 }
services:
  a: { plugin: etcd, members: [n1, n2, n3] }
`,
    "/etc/quorate/quorate.yaml",
    plugins,
  );
  const all = {
    user: "ops",
    jump: "gate",
    identityFiles: ["/etc/quorate/key", "~/.ssh/id"],
    knownHosts: ["/k"],
    connectTimeoutMs: 1500,
  };
  assert.deepEqual(config?.ssh, { ...all, become: "sudo" });
  assert.deepEqual(config?.nodes[1]?.ssh, { ...all, user: "root", port: 2222, jump: "none" });
});

Deno.test("parseConfig() reads every kind of option", () => {
  const { config } = parseConfig(
    service(
      "  options: { word: w, place: //a/./b/, count: 2, flag: false, wait: 1h, words: { x: y } }",
      "kinds",
    ),
    "q.yaml",
    plugins,
  );
  assert.deepEqual(config?.services[0]?.options, {
    word: "w",
    place: "/a/b",
    count: 2,
    flag: false,
    wait: 3_600_000,
    words: { x: "y" },
  });
});

/** A second service on the same nodes: only its data directory, on line 10, can be shared. */
const beside = (dataDir: string) =>
  `  b: { plugin: etcd, members: [n1, n2, n3], options: {
    dataDir: ${dataDir}, unit: b.service, envFile: /etc/default/etcd-b, clientPort: 1, peerPort: 2 } }`;

Deno.test("parseConfig() takes two services on one node that share nothing", () => {
  assert.deepEqual(seen(service("  options: {}", "etcd", beside("/var/lib/etcd/b"))), []);
});

Deno.test("parseConfig() sees a data directory inside another service's, in either order", () => {
  const inside = (a: string, b: string) => seen(service(`  options: { dataDir: ${a} }`, "etcd", beside(b)));
  const both = "10:14 error: a and b would break each other on n1, n2, n3";
  assert.deepEqual(inside("/d", "/d/x/y"), [`${both}: dataDir /d and dataDir /d/x/y`]);
  assert.deepEqual(inside("/d/x/y", "/d"), [`${both}: dataDir /d/x/y and dataDir /d`]);
  assert.deepEqual(inside("/d", "/dx"), []);
});

Deno.test("members that are all on this host may be called so", () => {
  const text = `version: 1
nodes: { n1: { host: localhost }, n2: { host: 127.0.0.2 }, n3: { host: "::1" }, n4: { host: h4 } }
services: { a: { plugin: etcd, members: [n1, n2, n3] } }
`;
  assert.deepEqual(parseConfig(text, "q.yaml", plugins).problems, []);
});
