/**
 * Each folder of `adopt/` holds an `input.yaml`, what hosts answered and what the record says, and a `config.txt`: the
 * config that `init --from` would write, or why it writes none. `UPDATE_GOLDEN=1 deno task test:unit` writes those
 * anew: read the difference before you commit it.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { etcd } from "../../plugins/etcd/mod.ts";
import type { Host } from "../../src/adopt/look.ts";
import { waysOf } from "../../src/adopt/ways.ts";
import { parseConfig } from "../../src/config/read.ts";
import type { RecordedMember } from "../../src/model/node.ts";
import type { Adopt, Wishes } from "../../src/playbook/adopt.ts";
import type { Asked, Asks } from "../../src/playbook/plugin.ts";

interface Input {
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

const OF_PROCESS = ["started", "binary", "open", "config", "unit", "names"];
const usual: Readonly<Record<string, string | number>> = {
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

function asksOf(name: string, said: HostInput["asks"]): Asks {
  const started = String(said?.started ?? "");
  const keys = [...started.split("--\n")[0]?.matchAll(/^(ETCD_\w+)=/gm) ?? []].map(([, key]) => key);
  const names = ["-", ...keys].map((key) => `${key} /etc/default/etcd\n`).join("");
  const all = { hostname: `${name}\n`, uid: "0\n", ...usual, names, ...said };
  return Object.fromEntries(
    Object.entries(all).map(([ask, answer]) => [OF_PROCESS.includes(ask) ? `${ask}.77` : ask, asked(answer)]),
  );
}

function hostOf(name: string, { host, member, asks, trouble }: HostInput): Host {
  return {
    name,
    place: { host: host ?? name, user: undefined, port: undefined },
    asks: trouble === undefined ? asksOf(name, asks) : undefined,
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
    const adopt: Adopt | undefined = etcd.adopt;
    assert.ok(adopt);
    const hosts = Object.entries(input.hosts).map(([host, one]) => hostOf(host, one));
    const from = (input.from ?? hosts.slice(0, 1).map((h) => h.name)).map((text) => ({
      text,
      host: text,
      user: undefined,
      port: undefined,
    }));
    const login = { user: undefined, become: undefined } as const;
    const { texts, remarks } = waysOf(
      { name: "etcd", adopt },
      from,
      login,
      hosts,
      input.options ?? {},
    );
    for (const text of texts) {
      const { problems } = parseConfig(text, "quorate.yaml", [etcd]);
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
