/**
 * The executable alone on a host that has nothing but what Debian cannot be without, installed as docs/install.md says:
 * from there it bootstraps three nodes, with a playbook beside it, and speaks to nobody but their sshd.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";
import { type Lab, labUp, until } from "../../lab/mod.ts";
import { placeOf } from "../../lab/place.ts";
import { must } from "../../lab/process.ts";
import { provide } from "../../lab/setup.ts";
import { shellOf } from "../docs.ts";
import { build, here, root, scratch } from "./kit.ts";

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

const { version } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
const LAB = "exe-bare";
const MGMT = "mg";
const NODES = ["n1", "n2", "n3"];

Deno.test("copied alone to a bare host, it is installed and keeps a cluster as docs/install.md says", async (t) => {
  await provide({ nftables: "counts the connections of a management node" });
  const exe = await build(scratch());
  await using lab = await labUp({ name: LAB, hosts: [MGMT, ...NODES] });
  const nodes = lab.hosts.filter((h) => h.name !== MGMT);
  await nft(["-f", "-"], COUNT.replace("@NODES@", `{ ${nodes.map((n) => n.address).join(", ")} }`));
  await lab.must(MGMT, STRIP);

  const file = `quorate-${version}-linux-${here().name}`;
  const bytes = await Deno.readFile(exe);
  await copy(lab, `/root/${file}`, bytes, "644");
  const sum = createHash("sha256").update(bytes).digest("hex");
  await copy(
    lab,
    "/root/SHA256SUMS",
    text(`${sum}  ${file}\n${"0".repeat(64)}  quorate-of-another\n`),
    "644",
  );
  await copy(lab, "/root/.ssh/id_ed25519", await Deno.readFile(`${lab.dir}/id_ed25519`), "600");
  await copy(lab, "/root/.ssh/known_hosts", await Deno.readFile(`${lab.dir}/known_hosts`), "600");
  await lab.must(MGMT, "mkdir -p /etc/cron.d /etc/quorate");

  const page = shellOf(
    await Deno.readTextFile(`${root}docs/install.md`).then((page) =>
      page.replaceAll("linux-x86_64", `linux-${here().name}`)
    ),
  );
  /** Types a snippet of the page, and gives what is printed. */
  const type = (heading: string, nth = 0): Promise<string> => {
    const snippet = page.filter((one) => one.heading === heading)[nth];
    assert.ok(snippet !== undefined, `docs/install.md has no snippet ${nth} under ${heading}`);
    return lab.must(MGMT, `cd /root; set -eu\n${snippet.text}`, { timeoutMs: 240_000 });
  };

  await t.step("the file is checked and put in place", async () => {
    const said = await type("Check the file, and put it in place");
    assert.match(
      said,
      new RegExp(`^${file}: OK\nquorate \\S+ \\(commit test, Deno 2.9.5, self-extracting\\)$`),
    );
    assert.deepEqual((await lab.must(MGMT, "ls /var/cache/quorate")).split("\n").length, 2);
  });

  await t.step("the config is written, looked at and applied", async () => {
    await type("The config", 0);
    const config = {
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
    };
    await copy(lab, "/etc/quorate/quorate.yaml", text(stringify(config)), "644");
    await copy(lab, "/etc/quorate/playbook.ts", text(PLAYBOOK), "644");
    const said = await type("The config", 1);
    assert.match(said, /is valid: 3 nodes, 1 service\n[\s\S]* 1 change pending\n[\s\S]*n3 +[0-9a-f]+ +voter/);
    assert.equal(await lab.must(MGMT, "cat /root/told"), MGMT);
    const members = await lab.must("n1", "ETCDCTL_API=3 etcdctl member list");
    assert.deepEqual(
      members.split("\n").map((line) => line.split(", ").slice(1, 3)).sort(),
      NODES.map((name) => ["started", name]),
    );
    assert.deepEqual(await lab.on(MGMT, "quorate apply"), { code: 0, stdout: "", stderr: "" });
  });

  await t.step(
    "elsewhere, an agent and a Match block of ssh_config serve as they do for OpenSSH",
    async () => {
      const home = scratch(), agent = `${home}/agent`;
      Deno.mkdirSync(`${home}/.ssh`);
      Deno.writeTextFileSync(
        `${home}/.ssh/config`,
        `Host *\n  UserKnownHostsFile ${lab.dir}/known_hosts\n  IdentityFile \${NOT_READ}/key\nMatch exec true\n  User root\n`,
      );
      const { ssh: _, ...config } = parse(await lab.must(MGMT, "cat /etc/quorate/quorate.yaml"));
      delete config.services.metadata.playbook;
      Deno.writeTextFileSync(`${home}/quorate.yaml`, stringify(config));
      await using running = lab.spawn(["ssh-agent", "-D", "-a", agent]);
      await running.says(/SSH_AUTH_SOCK/);
      await must(["ssh-add", "-q", `${lab.dir}/id_ed25519`], { env: { SSH_AUTH_SOCK: agent } });
      const env = { HOME: home, SSH_AUTH_SOCK: agent, QUORATE_CACHE: `${home}/cache`, NOT_READ: "/nowhere" };
      const { code, stdout, stderr } = await lab.exec([
        exe,
        "status",
        "-o",
        "json",
        "-c",
        `${home}/quorate.yaml`,
      ], {
        env,
      });
      assert.equal(code, 0, stderr);
      assert.equal(stdout.match(/"reachable": true/g)?.length, 3, stdout);
    },
  );

  await t.step("a timer of systemd runs it, with nothing unpacked and little that it may write", async () => {
    await lab.must("n2", "systemctl stop etcd");
    assert.match(
      await type("A timer"),
      /^\+ExecStart=\/usr\/local\/bin\/quorate apply [\s\S]*\nsystemd, every 60 s\n/m,
    );
    await lab.must(MGMT, "rm -rf /var/cache/quorate");
    await lab.must(MGMT, "systemctl start quorate.service || { journalctl -u quorate.service >&2; exit 1; }");
    await until(
      "etcd is repaired on n2",
      async () => (await lab.on("n2", "systemctl is-active etcd")).code === 0,
    );
    const shown =
      "systemctl show -p Result -p ExecMainStatus --value quorate.service; systemctl is-active quorate.timer";
    await until(
      "the run has ended",
      async () => (await lab.on(MGMT, shown)).stdout === "success\n0\nactive\n",
    );
  });

  await t.step("it is upgraded, and removed without a trace", async () => {
    assert.match(await type("Upgrade"), /^quorate [\s\S]* steady, nothing to do/);
    const seen = await counted();
    assert.deepEqual([seen["others"], seen["local"]], [0, 0], "connections to others than sshd of the nodes");
    // Four looks and two applies that change something, at the least.
    assert.ok((seen["nodes"] ?? 0) >= 18, `only ${seen["nodes"]} connections to sshd of the nodes`);
    await type("Remove");
    const left = await lab.must(MGMT, "find / -xdev -name '*quorate*' ! -path '/proc/*' ! -path '/root/*'");
    assert.equal(left, "");
  });

  await t.step("the filter counts what goes elsewhere", async () => {
    const [n1 = { address: "" }] = nodes;
    await lab.must(MGMT, `bash -c 'echo >/dev/udp/${n1.address}/53'`);
    await lab.on(MGMT, `timeout 5 bash -c ': </dev/tcp/${n1.address}/2379'`);
    assert.equal((await counted())["others"], 2);
  });
});

const text = (written: string): Uint8Array => new TextEncoder().encode(written);

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
