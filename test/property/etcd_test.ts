/** What etcd and its files say, torn, damaged or huge: nobody becomes a member, or is left out of a list, by that. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { diskIdShell } from "../../plugins/etcd/disk.ts";
import { readEnvFile } from "../../plugins/etcd/envfile.ts";
import { idOf, type Json, objectOf, parseJson } from "../../plugins/etcd/json.ts";
import { readEtcd, readPeers } from "../../plugins/etcd/read.ts";
import type { RecordedMember } from "../../src/model/node.ts";
import type { Asked, Asks } from "../../src/playbook/plugin.ts";
import { options } from "../unit/etcd/options.ts";
import { Host, n1 } from "../unit/node/host.ts";

/** Answers that were recorded from etcd itself. */
const recorded = (name: string): Asks =>
  JSON.parse(Deno.readTextFileSync(new URL(`../unit/etcd/asks/${name}.json`, import.meta.url)));
const versions = ["3.4.23", "3.5.30"];
const healthy = versions.map((v) => recorded(`${v}-healthy`));
const changed = (asks: Asks, name: string, change: (out: string) => string): Asks => {
  const asked = asks[name];
  return asked === undefined ? asks : { ...asks, [name]: { ...asked, out: change(asked.out) } };
};
const LIMIT = 256 * 1024;

Deno.test("an answer of etcd that was cut off anywhere tells the same, or nothing", () => {
  const names = ["status", "get", "members", "disk", "used"];
  fc.assert(
    fc.property(fc.constantFrom(...healthy), fc.constantFrom(...names), fc.nat(), (asks, name, at) => {
      const whole = readEtcd(asks, n1, options);
      const length = (asks[name]?.out ?? "").trimEnd().length;
      const torn = readEtcd(changed(asks, name, (out) => out.slice(0, at % length)), n1, options);
      const same = (a: unknown, b: unknown, nothing: unknown, what: string) => {
        if (a !== nothing) assert.deepEqual(a, b, what);
      };
      same(torn.view?.identity, whole.view?.identity, undefined, "identity");
      same(torn.view?.members, whole.view?.members, undefined, "members");
      same(torn.view?.leaderId, whole.view?.leaderId, undefined, "leader");
      same(torn.view?.linearizable, whole.view?.linearizable, "unknown", "linearizable");
      same(torn.view?.local, whole.view?.local, "unknown", "local");
      assert.notEqual(torn.view?.pristine, "yes");
      if (name === "disk") assert.equal(torn.disk, "unknown");
    }),
    { numRuns: 2_000 },
  );
});

const anyJson = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, "", 0, -1, 2 ** 63, 1e400, [], {}, "0", [null], [[]]),
);

Deno.test("a member of the list that is damaged does not make the list shorter, nor anybody else of it", () => {
  const fields = ["ID", "name", "peerURLs", "clientURLs", "isLearner"];
  fc.assert(
    fc.property(
      fc.constantFrom(...healthy),
      fc.nat(2),
      fc.constantFrom(...fields),
      anyJson,
      (asks, which, field, value) => {
        const whole = readEtcd(asks, n1, options).view?.members ?? [];
        assert.equal(whole.length, 3);
        const damage = (out: string): string => {
          const at = [...out.matchAll(/\{"ID"/g)][which]?.index ?? 0;
          const end = out.indexOf("}", at);
          const member = out.slice(at + 1, end).replace(
            new RegExp(`"${field}":("[^"]*"|\\[[^\\]]*\\]|[^,]*),?`),
            "",
          );
          return `${out.slice(0, at)}{"${field}":${JSON.stringify(value) ?? "null"},${
            member.replace(/,$/, "")
          }${out.slice(end)}`;
        };
        const { view } = readEtcd(changed(asks, "members", damage), n1, options);
        if (view?.members === undefined) return;
        assert.equal(view.members.length, 3);
        const others = (list: readonly RecordedMember[]) => list.filter((_, i) => i !== which);
        assert.deepEqual(others(view.members), others(whole));
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("a 64-bit id is read to its last digit, and printed as etcd does", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (id) => {
      assert.equal(idOf(objectOf(parseJson(`{"ID":${id}}`)).ID), id.toString(16));
    }),
  );
  for (const none of ["0", "-1", `${2n ** 64n}`, "1.5", "1e3", '"7"', "null", "[7]"]) {
    assert.equal(idOf(objectOf(parseJson(`{"ID":${none}}`)).ID), undefined, none);
  }
});

const piece = fc.constantFrom(
  "[",
  "]",
  '{"a":',
  "}",
  "9",
  "-",
  '"',
  "\\",
  "/",
  "'",
  "=",
  "\n",
  " ",
  "\0",
  "A=",
  "A='\nB=\"",
  "://",
  "127.0.0.1.",
  ": No such file or directory",
  "EnvironmentFiles= (ignore_errors=",
  "alarm:",
  "etcdserver: ",
  "\u00e9",
  "\ufffd",
  "\u202e",
);
/** As much as the check of a node keeps of an answer, of one thing again and again, or of two. */
const huge = fc.tuple(piece, piece, fc.boolean()).map(([a, b, mixed]) =>
  mixed ? `${a}${b}`.repeat(LIMIT / (a.length + b.length)) : a.repeat(LIMIT / a.length - 1) + b
);

Deno.test("an answer as long as an answer can be, of anything, is read", () => {
  const names = [
    "status",
    "get",
    "members",
    "env",
    "told",
    "unit",
    "version",
    "disk",
    "used",
    "port",
    "cert.0",
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...healthy),
      fc.constantFrom(...names),
      huge,
      fc.boolean(),
      (asks, name, text, bad) => {
        const asked: Asked = bad ? { code: 1, out: "", err: text } : { code: 0, out: text, err: "" };
        const { view, disk } = readEtcd({ ...asks, [name]: asked }, n1, options);
        assert.notEqual(view?.pristine, "yes");
        if (name === "disk" && !bad) assert.equal(disk, "unknown");
        if (name === "members") assert.equal(view?.members, undefined);
        if (name === "status") assert.equal(view?.identity, undefined);
        const member = {
          id: "1f",
          name: "x",
          role: "voter",
          peerUrls: ["http://x:1"],
          clientUrls: [],
        } as const;
        assert.notEqual(readPeers({ "peer.1f": asked }, [member])["1f"], "yes");
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("JSON of any kind has whole numbers as they are written, or is none", () => {
  const bare = (value: Json): unknown =>
    typeof value === "bigint"
      ? Number(value)
      : Array.isArray(value)
      ? value.map(bare)
      : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, v === undefined ? v : bare(v)]))
      : value;
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.string({ unit: "binary" })), (text) => {
      let plain: unknown;
      try {
        plain = JSON.parse(text);
      } catch {
        assert.equal(parseJson(text), undefined);
        return;
      }
      const read = parseJson(text);
      assert.ok(read !== undefined);
      // As texts, for which -0 is 0 and the order of keys counts.
      assert.equal(JSON.stringify(bare(read)), JSON.stringify(plain));
    }),
    { numRuns: 300 },
  );
});

Deno.test("an environment file of any text has variables, and the last assignment counts", () => {
  const part = fc.constantFrom(..."AB_ =\"'\\\n#;\t$é".split(""), "ETCD_NAME=", "export ", "\r\n", "\\\n");
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(..."az09:/."), minLength: 1, maxLength: 20 }),
      (parts, value) => {
        const text = parts.join("");
        for (const key of Object.keys(readEnvFile(text))) assert.match(key, /^[A-Za-z_][A-Za-z0-9_]*$/);
        // A quote or a line that is left open goes on; closed, whatever stood before changes nothing.
        const closed = `${text}\n'\n"\n`;
        const open = readEnvFile(`${closed}ETCD_LAST=${value}\n`).ETCD_LAST;
        const again = readEnvFile(`${closed}ETCD_LAST=other\nETCD_LAST=${value}\n`).ETCD_LAST;
        if (open !== undefined && again !== undefined) assert.equal(again, open);
        assert.equal(readEnvFile(`ETCD_LAST=${value}\n`).ETCD_LAST, value);
      },
    ),
    { numRuns: 1_000 },
  );
});

const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (b) => parseInt(b, 16));
/** The first bytes of logs that etcd wrote: a package's default, and a member of a cluster. */
const logs = [
  hex(
    "040000000000008408041000000000002000000000000000080110bb81c7fc051a1608cdd2918bd2b881cf8e0110b298eaf1948386fccd010e00000000000082",
  ),
  hex(
    "040000000000008408041000000000001f00000000000081080110b3b192eb0e1a1508dac39dd4f7c2e29f71108bf8aeb9e1a5c08fa901000e00000000000082",
  ),
];

Deno.test("a log with any damage names ids or is not told, and never counts as no data", async () => {
  await using host = new Host();
  const log = fc.constantFrom(...logs);
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(log, fc.nat(200)).map(([bytes, length]) => bytes.slice(0, length)),
    fc.tuple(log, fc.nat(63), fc.nat(255)).map(([bytes, at, byte]) => bytes.with(at, byte)),
    fc.tuple(log, fc.uint8Array({ maxLength: 100 })).map(([bytes, more]) =>
      new Uint8Array([...bytes, ...more])
    ),
    fc.tuple(log, log).map(([a, b]) => new Uint8Array([...a.slice(0, 24), ...b])),
  );
  const samples = fc.sample(damaged, 150);
  for (const [i, bytes] of samples.entries()) {
    host.write(`d${i}/member/wal/0000000000000000-0000000000000000.wal`, bytes);
  }
  // In one shell, each in a subshell, as the check of a node runs it.
  const { code, out, err } = await host.sh(
    `${diskIdShell}\ni=0; while [ $i -lt ${samples.length} ]; do
      said=$(etcd_disk_id ${host.path("d$i")} 2>/dev/null); echo "$? $said"; i=$((i + 1))
    done`,
  );
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, samples.length);
  for (const [i, line] of lines.entries()) {
    const story = () => `${line}: ${samples[i]?.toHex()}`;
    assert.match(
      line,
      /^(2 ?|0 [1-9a-f][0-9a-f]{0,15} [1-9a-f][0-9a-f]{0,15}( pristine| pristine unwritten)?)$/,
      story(),
    );
    // A few bytes of a log prove nothing about all of it.
    assert.doesNotMatch(line, /unwritten/, story());
  }
  assert.ok(lines.some((line) => line.startsWith("0 ")) && lines.some((line) => line.startsWith("2")));
});
