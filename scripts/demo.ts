/**
 * The main job on real hosts of this machine: four containers with systemd, sshd and etcd; Quorate bootstraps a
 * cluster, adds a member, starts one that was stopped, and lets one that lost its disk join again.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { labUp } from "../lab/mod.ts";
import { warm } from "./warm.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const colour = Deno.stdout.isTerminal() && !Deno.noColor;
const bold = (text: string): string => colour ? `\x1b[1m${text}\x1b[22m` : text;
const say = (text: string): void => console.log(`\n${bold(`# ${text}`)}`);

say("Four hosts in network namespaces of their own (what is missing is installed from Debian first)");
await warm();
await using lab = await labUp({ name: "demo", hosts: 4 });
console.log(lab.hosts.map((h) => `${h.name} ${h.address}`).join("   "));

const config = `${lab.dir}/quorate.yaml`;
const desire = (...members: string[]): void =>
  Deno.writeTextFileSync(
    config,
    stringify({
      version: 1,
      ssh: { user: "root", identityFiles: [`${lab.dir}/id_ed25519`], knownHosts: [`${lab.dir}/known_hosts`] },
      nodes: Object.fromEntries(lab.hosts.map((h) => [h.name, { host: h.address }])),
      services: { metadata: { plugin: "etcd", members, policy: { stabilize: "1s" } } },
    }),
  );

async function quorate(...args: string[]): Promise<void> {
  console.log(bold(`$ quorate ${args.join(" ")}`));
  const { code, stdout, stderr } = await lab.exec(
    [
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      main,
      ...args,
      "-c",
      config,
      "--state",
      `${lab.dir}/state`,
      "--color",
      colour ? "always" : "never",
    ],
    { timeoutMs: 300_000 },
  );
  console.log((stderr + stdout).trimEnd());
  if (code !== 0) throw new Error(`quorate ${args.join(" ")} ended with ${code}`);
}

async function witness(): Promise<void> {
  const { stdout } = await lab.on("n1", "ETCDCTL_API=3 etcdctl member list");
  console.log(`${bold("$ etcdctl member list")}   (on n1, as an independent witness)\n${stdout.trimEnd()}`);
}

say("The config names n1, n2 and n3, and nothing runs yet: a bootstrap");
desire("n1", "n2", "n3");
await quorate("apply", "-v");
await lab.on("n1", "ETCDCTL_API=3 etcdctl put colour green");
await witness();

say("A fourth member: what would be done, then done");
desire("n1", "n2", "n3", "n4");
await quorate("plan");
await quorate("apply", "-v");
await witness();

say("etcd on n3 is stopped");
await lab.on("n3", "systemctl stop etcd");
await quorate("apply", "-v");

say("The disk of n2 is lost: its member has to leave, and to join again under a new id");
await lab.on("n2", "systemctl stop etcd");
await lab.wipe("n2", "/var/lib/etcd/default");
await quorate("apply", "-v");
await witness();

say("Nothing differs any more: a timer would start this every minute, and it says nothing");
await quorate("apply");
await quorate("status");
const { stdout } = await lab.on("n2", "ETCDCTL_API=3 etcdctl get --print-value-only colour");
say(`And the key that was written at the beginning is: ${stdout.trim()}`);
