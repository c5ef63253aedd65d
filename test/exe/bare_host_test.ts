/**
 * The executable alone on a host that has nothing but what Debian cannot be without: from there it bootstraps three
 * nodes, with a playbook beside it, and speaks to nobody but their sshd.
 */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { type Lab, labUp } from "../../lab/mod.ts";
import { placeOf } from "../../lab/place.ts";
import { must } from "../../lab/process.ts";
import { provide } from "../../lab/setup.ts";
import { build, scratch } from "./kit.ts";

/**
 * Of the programs of the machine, which hosts see, it keeps those of Debian's required packages, and what the lab needs
 * of a host to boot: what debootstrap makes as `minbase`, without its 55 seconds. The bare host's own tools tell so.
 */
const STRIP = `
  dpkg-query -W -f '\${Package} \${Priority} \${Essential}\\n' |
    awk '$2 == "required" || $3 == "yes" { print $1 }' >/tmp/required
  dpkg -L $(cat /tmp/required) systemd dbus openssh-server | sed -n 's:.*/s\\{0,1\\}bin/::p' | sort -u >/tmp/keep
  cd /usr
  ls -d bin/* sbin/* | awk -F/ 'NR == FNR { keep[$1]; next } !($2 in keep)' /tmp/keep - | xargs rm
  rm -rf /usr/lib/node_modules /usr/share/nodejs /usr/share/node_modules
  hash -r
  for gone in deno node npm npx python3 curl wget ssh scp; do ! command -v $gone || exit 1; done
  [ -z "$(find / -xdev \\( -name 'deno*' -o -name 'node_modules' -o -name 'denort*' \\) ! -path '/proc/*' | tee /dev/stderr)" ]`;

/** What leaves the host, by where it goes; a connection is counted at its first packet. */
const COUNT = `table inet seen {
  counter nodes {}
  counter others {}
  counter local {}
  chain out {
    type filter hook output priority 0;
    oifname "lo" counter name local accept
    ct state established,related accept
    ip daddr @NODES@ tcp dport 22 counter name nodes accept
    meta l4proto { tcp, udp, icmp } counter name others accept
  }
}`;

/** A step on the management node itself, where all members are healthy for the first time. */
const PLAYBOOK = `import { extend, management, nothing, run, sh, step } from "quorate";
import { etcdPlaybook } from "quorate/plugins/etcd";

const tell = step("tell", run(sh\`hostname >/root/told\`), { on: management, effect: nothing, idempotent: true });
export default extend(etcdPlaybook, { bootstrap: { after: { "wait-all": () => [tell] } } });
`;

const LAB = "exe-bare";
const MGMT = "mg";
const NODES = ["n1", "n2", "n3"];

Deno.test("copied alone to a bare host, it bootstraps a cluster, and connects to sshd of the nodes only", async (t) => {
  await provide({ nftables: "counts the connections of a management node" });
  const exe = await build(scratch());
  await using lab = await labUp({ name: LAB, hosts: [MGMT, ...NODES] });
  const nodes = lab.hosts.filter((h) => h.name !== MGMT);
  await nft(["-f", "-"], COUNT.replace("@NODES@", `{ ${nodes.map((n) => n.address).join(", ")} }`));
  await lab.must(MGMT, STRIP);

  await copy(lab, "/usr/local/bin/quorate", await Deno.readFile(exe), "755");
  await copy(lab, "/root/.ssh/id_ed25519", await Deno.readFile(`${lab.dir}/id_ed25519`), "600");
  await copy(lab, "/root/.ssh/known_hosts", await Deno.readFile(`${lab.dir}/known_hosts`), "600");
  const config = stringify({
    version: 1,
    ssh: { user: "root" },
    nodes: Object.fromEntries(nodes.map((n) => [n.name, { host: n.address }])),
    services: {
      metadata: {
        plugin: "etcd",
        playbook: "./playbook.ts",
        members: NODES,
        policy: { stabilize: "300ms", deadline: "3m" },
      },
    },
  });
  await copy(lab, "/etc/quorate/quorate.yaml", new TextEncoder().encode(config), "644");
  await copy(lab, "/etc/quorate/playbook.ts", new TextEncoder().encode(PLAYBOOK), "644");
  const quorate = (args: string) => lab.on(MGMT, `quorate ${args}`, { timeoutMs: 240_000 });

  await t.step("plan, then apply", async () => {
    const planned = await quorate("plan");
    assert.equal(planned.code, 0, planned.stderr);
    assert.match(planned.stdout, /bootstrap/);
    const applied = await quorate("apply -v");
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(await lab.must(MGMT, "cat /root/told"), MGMT);
    const members = await lab.must("n1", "ETCDCTL_API=3 etcdctl member list");
    assert.deepEqual(members.trim().split("\n").map((line) => line.split(", ").slice(1, 3)).sort(), [
      ["started", "n1"],
      ["started", "n2"],
      ["started", "n3"],
    ]);
    assert.deepEqual(await quorate("apply"), { code: 0, stdout: "", stderr: "" });
  });

  await t.step("every connection went to sshd of a node", async () => {
    const seen = await counted();
    assert.deepEqual([seen["others"], seen["local"]], [0, 0]);
    // plan and two applies, and a session for the lock on each.
    assert.ok((seen["nodes"] ?? 0) >= 9, `only ${seen["nodes"]} connections`);
  });

  await t.step("the filter counts what goes elsewhere", async () => {
    const [n1 = { address: "" }] = nodes;
    await lab.must(MGMT, `bash -c ': >/dev/udp/${n1.address}/53; echo >/dev/udp/${n1.address}/53'`);
    await lab.on(MGMT, `timeout 5 bash -c ': </dev/tcp/${n1.address}/2379'`);
    assert.equal((await counted())["others"], 2);
  });
});

/** The machine's own `nft`, in the bare host's network. */
const nft = (args: readonly string[], stdin = ""): Promise<string> =>
  must(["ip", "netns", "exec", placeOf(LAB).netns(MGMT), "nft", ...args], { stdin });

/** Packets by the counter's name. */
async function counted(): Promise<Readonly<Record<string, number>>> {
  const { nftables } = JSON.parse(await nft(["-j", "list", "counters", "table", "inet", "seen"]));
  return Object.fromEntries(
    nftables.flatMap((
      { counter }: { readonly counter?: { readonly name: string; readonly packets: number } },
    ) => counter === undefined ? [] : [[counter.name, counter.packets]]),
  );
}

async function copy(lab: Lab, path: string, bytes: Uint8Array, mode: string): Promise<void> {
  await lab.must(
    MGMT,
    `mkdir -p "$(dirname ${path})"; cat >${path}; chmod ${mode} ${path}`,
    { stdin: bytes },
  );
}
