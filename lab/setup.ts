/**
 * What the lab needs of the machine; installs what is missing, with nothing started by it.
 *
 * @module
 */
import { ONE_AT_A_TIME, unpackLater } from "./later.ts";
import { CACHE, exists } from "./place.ts";
import { must, run, sh } from "./process.ts";

export type EtcdVersion = "3.4" | "3.5";
export type ZooKeeperVersion = "3.8" | "3.9";

/** Debian's package → why the lab wants it. The hosts see the machine's own files, so theirs are among them. */
const PACKAGES: Readonly<Record<string, string>> = {
  "systemd-container": "systemd-nspawn boots the hosts",
  "iproute2": "network namespaces",
  "openssh-server": "the hosts' sshd",
  "openssh-client": "keys",
  "openssl": "certificates",
  "sudo": "the hosts' ops user",
  "dbus": "the hosts' systemctl",
  "etcd-server": "the hosts' etcd, its unit and its user",
  "etcd-client": "the hosts' etcdctl",
  "python3-minimal": "the service of examples/metad",
  "libpython3-stdlib": "its HTTP",
};

/** For hosts that are to run ZooKeeper: a third of a gigabyte with its Java, which nothing else here needs. */
const ZOOKEEPER: Readonly<Record<string, string>> = {
  "zookeeper": "the hosts' ZooKeeper, its user and its shell; it brings no unit, so nothing is started",
  "openjdk-17-jre-headless": "ZooKeeper's Java",
};

const INOTIFY = 4096;

/** Makes the machine ready for hosts with these services; throws with what to do where it cannot. */
export async function setup(etcd: EtcdVersion = "3.4", zookeeper?: ZooKeeperVersion): Promise<void> {
  if (Deno.build.os !== "linux") throw new Error("The lab needs Linux (namespaces, mounts, cgroups)");
  if (Deno.uid() !== 0) throw new Error("The lab needs root (namespaces, mounts, cgroups): run it with sudo");
  if (!exists("/usr/bin/apt-get")) {
    throw new Error("The lab needs Debian 12 (apt-get): its hosts are made of it");
  }
  await provide({ ...PACKAGES, ...(zookeeper === undefined ? {} : ZOOKEEPER) });
  allowInotify();
  if (etcd === "3.5") await unpackLater("etcd");
  else await checkOwnEtcd();
  if (zookeeper === "3.9") await unpackLater("zookeeper");
}

/** Debian packages, each with why it is wanted: installs what is missing, and says so; throws where it cannot. */
export async function provide(wanted: Readonly<Record<string, string>>): Promise<void> {
  const packages = await missingOf(Object.keys(wanted));
  if (packages.length === 0) return;
  say(`lab: installing on this machine, without starting anything:`);
  for (const name of packages) say(`  ${name}: ${wanted[name]}`);
  await install(packages);
  const still = await missingOf(packages);
  if (still.length > 0) {
    throw new Error(`Still not installed: ${still.join(" ")}: install by hand, then start again`);
  }
}

async function missingOf(packages: readonly string[]): Promise<string[]> {
  const { stdout } = await run(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", ...packages]);
  const there = new Set(stdout.split("\n"));
  return packages.filter((name) => !there.has(`${name} installed`));
}

/** One program of a Debian package that brings much else, such as a daemon: unpacked aside, and nothing installed. */
export async function unpacked(name: string, from: string): Promise<string> {
  const to = `${CACHE}/${name}`;
  if (exists(to)) return to;
  say(`lab: fetching ${name} of Debian's ${from} into ${CACHE}`);
  const script = `${ONE_AT_A_TIME}
    if [ -e $1 ]; then exit 0; fi
    work=$(mktemp -d); trap 'rm -rf $work' EXIT
    cd $work
    apt-get download -qq $2 || { apt-get update -qq; apt-get download -qq $2; }
    dpkg -x $2_*.deb tree
    mkdir -p "$(dirname $1)"; cp tree/usr/bin/$3 $1.part; mv $1.part $1`;
  await sh(script, [to, from, name], { timeoutMs: 300_000 });
  return to;
}

/** `policy-rc.d` that answers 101 forbids a package to start its service on the machine itself. */
async function install(packages: readonly string[]): Promise<void> {
  const script = `${ONE_AT_A_TIME}
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ]; then mv $policy $policy.quorate-lab; fi
    trap 'rm -f $policy; if [ -e $policy.quorate-lab ]; then mv $policy.quorate-lab $policy; fi' EXIT
    printf '#!/bin/sh\\nexit 101\\n' >$policy
    chmod 755 $policy
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" ||
      { apt-get update -qq && apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }`;
  await sh(script, packages, { timeoutMs: 900_000 }).catch((error: Error) => {
    throw new Error(
      `Cannot install ${packages.join(" ")}: do it by hand, then start again\n${error.message}`,
    );
  });
}

/** A host's systemd holds five or so; the kernel's usual 128 for all of root's are used up by 24 hosts. */
function allowInotify(): void {
  const file = "/proc/sys/fs/inotify/max_user_instances";
  if (Number(Deno.readTextFileSync(file)) >= INOTIFY) return;
  say(`lab: raising ${file} to ${INOTIFY} until this machine's next boot, for the hosts' systemd`);
  Deno.writeTextFileSync(file, `${INOTIFY}`);
}

async function checkOwnEtcd(): Promise<void> {
  const version = await must(["etcd", "--version"]);
  if (!version.startsWith("etcd Version: 3.4.")) {
    throw new Error(`Hosts with etcd 3.4 need Debian 12's etcd-server; here is ${version.split("\n")[0]}`);
  }
}

const say = (line: string) => console.error(line);
