/**
 * Each folder of `adopt/` holds an `input.yaml`, what hosts answered and what the record says, and a `config.txt`: the
 * config that `init --from` would write, or why it writes none. `UPDATE_GOLDEN=1 deno task test:unit` writes those
 * anew: read the difference before you commit it.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { etcd } from "../../plugins/etcd/mod.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import type { Host } from "../../src/adopt/look.ts";
import { waysOf } from "../../src/adopt/ways.ts";
import { parseConfig } from "../../src/config/read.ts";
import type { RecordedMember } from "../../src/model/node.ts";
import type { Adopt, Wishes } from "../../src/playbook/adopt.ts";
import type { Asked, Asks } from "../../src/playbook/plugin.ts";

interface Input {
  /** etcd unless told. */
  readonly plugin?: "etcd" | "zookeeper";
  readonly from?: readonly string[];
  readonly options?: Wishes;
  readonly hosts: Readonly<Record<string, HostInput>>;
}
/**
 * Answers by their names, of process 77 where they are of one; a number is an exit code with nothing said. All of its
 * variables are in the environment file, unless `names` says otherwise.
 */
interface HostInput {
  readonly host?: string;
  readonly member?: Partial<RecordedMember>;
  readonly asks?: Readonly<Record<string, string | number>>;
  readonly trouble?: string;
}

type Said = Readonly<Record<string, string | number>>;
const OF_PROCESS = [
  ...["started", "binary", "open", "config", "unit", "names"],
  ...["cwd", "file", "lists", "myid", "session", "used"],
];
const usualZooKeeper: Said = {
  token: " b9 1f c2 61 35 54 a1 ab b3 db 1c a9 02 8f a5 69\n",
  java: "/usr/lib/jvm/java-17-openjdk-amd64/bin/java\n",
  processes: "77 host zookeeper.service\n",
  binary: "/usr/lib/jvm/java-17-openjdk-amd64/bin/java\n",
  cwd: "/\n",
  unit: "User=zookeeper\nLoadState=loaded\n",
  used: 1,
};
const usualEtcd: Said = {
  manifest: 1,
  etcdctl: "/usr/bin/etcdctl\n",
  processes: "77 host etcd.service\n",
  binary: "/usr/bin/etcd\n",
  config: "",
  open: "/var/lib/etcd/default/member/snap/db\n",
  unit: "LoadState=loaded\nUser=etcd\nEnvironmentFiles=/etc/default/etcd (ignore_errors=yes)\n",
};

const asked = (said: string | number): Asked =>
  typeof said === "number" ? { code: said, out: "", err: "" } : { code: 0, out: said, err: "" };

function asksOf(plugin: Input["plugin"], name: string, said: HostInput["asks"]): Asks {
  const started = String(said?.started ?? "");
  const keys = [...started.split("--\n")[0]?.matchAll(/^(ETCD_\w+)=/gm) ?? []].map(([, key]) => key);
  const names = ["-", ...keys].map((key) => `${key} /etc/default/etcd\n`).join("");
  const usual = plugin === "zookeeper" ? usualZooKeeper : { ...usualEtcd, names };
  const all = { hostname: `${name}\n`, uid: "0\n", ...usual, ...said };
  return Object.fromEntries(
    Object.entries(all).map(([ask, answer]) => [OF_PROCESS.includes(ask) ? `${ask}.77` : ask, asked(answer)]),
  );
}

function hostOf(plugin: Input["plugin"], name: string, { host, member, asks, trouble }: HostInput): Host {
  return {
    name,
    place: { host: host ?? name, user: undefined, port: undefined },
    asks: trouble === undefined ? asksOf(plugin, name, asks) : undefined,
    trouble: trouble === undefined
      ? undefined
      : { code: "unreachable", detail: trouble, unblock: "bring it back" },
    ...(member === undefined ? {} : {
      member: {
        id: "a1",
        name,
        node: undefined,
        role: "voter",
        peerUrls: [],
        clientUrls: [],
        leader: false,
        health: "healthy",
        caughtUp: "no",
        version: "3.5.30",
        ...member,
      },
    }),
  };
}

const folder = new URL("./adopt/", import.meta.url);
for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`adopt: ${name}`, () => {
    // The file is ours: its shape is the interface above.
    const input: Input = parse(Deno.readTextFileSync(new URL(`${name}/input.yaml`, folder)), { merge: true });
    const plugin = input.plugin === "zookeeper" ? zookeeper : etcd;
    const adopt: Adopt | undefined = plugin.adopt;
    assert.ok(adopt);
    const hosts = Object.entries(input.hosts).map(([host, one]) => hostOf(input.plugin, host, one));
    const from = (input.from ?? hosts.slice(0, 1).map((h) => h.name)).map((text) => ({
      text,
      host: text,
      user: undefined,
      port: undefined,
    }));
    const login = { user: undefined, become: undefined } as const;
    const { texts, remarks } = waysOf(
      { name: plugin.name, adopt },
      from,
      login,
      hosts,
      input.options ?? {},
    );
    for (const text of texts) {
      const { problems } = parseConfig(text, "quorate.yaml", [plugin]);
      assert.deepEqual(problems.filter((p) => p.severity === "error"), [], text);
    }
    const said = texts.length > 0
      ? texts.join("\n---- or\n")
      : remarks.map((r) => `${r.kind}: ${r.what}\nnow:  ${r.now}\n`).join("");
    const golden = new URL(`${name}/config.txt`, folder);
    if (Deno.env.get("UPDATE_GOLDEN") === "1") Deno.writeTextFileSync(golden, said);
    assert.equal(said, Deno.readTextFileSync(golden));
  });
}
