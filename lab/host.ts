/**
 * One host: its disk, its boot, its processes.
 *
 * @module
 */
import { layers } from "./base.ts";
import type { Later } from "./later.ts";
import { exists, type Place } from "./place.ts";
import { type Finished, run, sh, until } from "./process.ts";
import type { EtcdVersion, ZooKeeperVersion } from "./setup.ts";

export interface HostOptions {
  /** @default "3.4" */
  readonly etcd?: EtcdVersion;
  /** Debian's ZooKeeper and its Java are there, too. @default none */
  readonly zookeeper?: ZooKeeperVersion;
  /** Debian's default single-member cluster was started once, as by the package's installation, and … */
  readonly pristine?: "stopped" | "running";
  /** No unit and no environment file: only etcd's programs and its user. */
  readonly bareBinary?: boolean;
  /** The disk's size in MiB; etcd preallocates 122 of them for each data directory. @default 2048 */
  readonly diskMiB?: number;
}

/** What of later Debian releases such hosts have. */
export const laterOf = ({ etcd, zookeeper }: HostOptions): readonly Later[] => [
  ...(etcd === "3.5" ? ["etcd"] as const : []),
  ...(zookeeper === "3.9" ? ["zookeeper"] as const : []),
];

export interface OnOptions {
  /** @default 60000 */
  readonly timeoutMs?: number;
  readonly stdin?: string | Uint8Array;
}

/**
 * In a mount namespace of its own: a fresh cgroup v2 mount, since systemd takes a hybrid machine's for v1, and a private
 * place for nspawn's locks. The loop is a sibling of the box, so that one `cgroup.kill` takes both, and exit status 133
 * says that the host rebooted.
 */
const BOOT = `
  cgroup=$1 disk=$2 lower=$3 name=$4 netns=$5 hosts=$6
  mkdir -p $cgroup/loop $cgroup/box
  echo $$ >$cgroup/loop/cgroup.procs
  below=\${cgroup#"$7"}
  umount -R /sys/fs/cgroup
  mount -t cgroup2 none /sys/fs/cgroup
  mkdir -p /run/systemd/nspawn
  mount -t tmpfs -o size=1m quorate-lab-nspawn /run/systemd/nspawn
  mount -t overlay -o lowerdir=$lower,upperdir=$disk/up,workdir=$disk/work quorate-lab $disk/root
  code=133
  while [ $code = 133 ]; do
    code=0
    ( echo $BASHPID >/sys/fs/cgroup$below/box/cgroup.procs
      exec systemd-nspawn -q -D $disk/root -M $name --register=no --keep-unit --network-namespace-path=/run/netns/$netns \
        --bind-ro=$hosts:/etc/hosts --resolv-conf=off --timezone=off --link-journal=no --console=pipe --boot ) || code=$?
  done
  exit $code`;

/** Outlives the host's cgroup, to tell how the boot ended. It is in one of the lab's before it is on its own. */
const ENTER = 'mkdir -p "$1"; echo $$ >"$1/cgroup.procs"; shift; exec setsid -f "$@"';
const AROUND = `
  log=$1 ended=$2; shift 2
  exec >$log 2>&1 </dev/null
  code=0; unshare -m --propagation slave bash -euc "$@" || code=$?
  echo $code >$ended`;

/** A host boots in one second, and in a hundred where the machine is busy with other things. */
const BOOT_S = 180;

/**
 * From inside the host's namespace: what is cut has no say in whether it is up. It ends by itself, also when nobody is
 * left who waits for it.
 */
const AWAIT_SSHD = `
  until ( exec 3<>/dev/tcp/127.0.0.1/22 && read -t 1 -u 3 line && [[ $line == SSH-* ]] ) 2>/dev/null; do
    if [ -e "$1" ]; then echo "the boot ended with exit $(cat "$1")"; exit 1; fi
    [ $SECONDS -le ${BOOT_S} ] || exit 1
    sleep 0.05
  done`;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export class Host {
  readonly #place: Place;
  readonly #cgroup: string;
  readonly #disk: string;
  /** A file that appears when this boot is over. */
  #ended = "";

  constructor(place: Place, readonly name: string, readonly address: string, readonly options: HostOptions) {
    this.#place = place;
    this.#cgroup = `${place.cgroup}/${name}`;
    this.#disk = place.disk(name);
  }

  /** The public half of its host key, which it keeps for good. */
  makeKey(): Promise<string> {
    const key = `${this.#place.root}/keys/${this.name}`;
    return sh(
      'mkdir -p "$(dirname "$1")"; ssh-keygen -q -t ed25519 -N "" -C "$2" -f "$1"; cut -d" " -f1,2 "$1.pub"',
      [key, this.name],
    );
  }

  /** An empty disk: what the host wrote is gone, its name, machine id and host key stay. The host must be down. */
  async makeDisk(): Promise<void> {
    await sh(
      `disk=$1 size=$2 name=$3 key=$4 bare=$5
      mkdir -p $disk
      if mountpoint -q $disk; then rm -rf $disk/*; mount -o remount,size=\${size}m $disk
      else mount -t tmpfs -o size=\${size}m,mode=755 quorate-lab-disk $disk; fi
      mkdir -p $disk/{up,work,root} $disk/up/etc/ssh
      echo $name >$disk/up/etc/hostname
      printf %s "$name" | md5sum | cut -c1-32 >$disk/up/etc/machine-id
      install -m 600 $key $disk/up/etc/ssh/ssh_host_ed25519_key
      if [ $bare = true ]; then
        mkdir -p $disk/up/etc/{default,init.d} $disk/up/usr/lib/systemd/system
        for path in etc/default/etcd etc/init.d/etcd usr/lib/systemd/system/etcd.service; do mknod $disk/up/$path c 0 0; done
      fi`,
      [
        this.#disk,
        `${this.options.diskMiB ?? 2048}`,
        this.name,
        `${this.#place.root}/keys/${this.name}`,
        `${this.options.bareBinary ?? false}`,
      ],
    );
  }

  /** Returns once sshd greets; throws with the console's last lines when the host does not come up in 180 s. */
  async boot(): Promise<void> {
    if (this.up()) throw new Error(`${this.name} is up: kill it before it is booted`);
    const { root } = this.#place;
    const log = `${root}/${this.name}.log`;
    this.#ended = `${root}/${this.name}.${crypto.randomUUID()}`;
    const args = [this.#cgroup, this.#disk, layers(this.#place, laterOf(this.options)), this.name]
      .concat(this.#place.netns(this.name), `${root}/hosts.txt`, cgroupMount(this.#place));
    const around = ["bash", "-c", AROUND, "lab", log, this.#ended, BOOT, "boot", ...args];
    await sh(ENTER, [`${this.#place.cgroup}/_boots`, ...around]);
    try {
      await this.#greets();
    } catch (error) {
      const said = (await Deno.readTextFile(log)).trimEnd().split("\n").slice(-15).join("\n");
      throw new Error(`${this.name} did not come up; its console ends with\n${said}`, { cause: error });
    }
    if (this.options.pristine) await this.#startOnce();
  }

  async #greets(): Promise<void> {
    const argv = ["ip", "netns", "exec", this.#place.netns(this.name), "timeout", `${BOOT_S}`];
    const { code, stdout } = await run([...argv, "bash", "-c", AWAIT_SSHD, "lab", this.#ended], {
      timeoutMs: 70_000,
    });
    if (code !== 0) {
      throw new Error(`${this.name}: ${stdout.trim() || `sshd did not answer within ${BOOT_S} s`}`);
    }
  }

  async #startOnce(): Promise<void> {
    const marker = "/var/lib/etcd/default/member";
    const last = this.options.pristine === "running" ? "" : "&& systemctl stop etcd";
    const { code, stderr } = await this.on(`[ -e ${marker} ] || { systemctl start etcd ${last}; }`);
    if (code !== 0) throw new Error(`${this.name}: Debian's default etcd did not start: ${stderr}`);
  }

  /** As if its power had failed: every process is gone at once. */
  async kill(): Promise<void> {
    if (!exists(this.#cgroup)) return;
    await Deno.writeTextFile(`${this.#cgroup}/cgroup.kill`, "1");
    await until(`${this.name}'s processes are gone`, () => !this.up());
    await Deno.writeTextFile(`${this.#cgroup}/cgroup.freeze`, "0");
  }

  up(): boolean {
    return exists(this.#cgroup) && event(this.#cgroup, "populated") === "1";
  }

  async freeze(frozen: boolean): Promise<void> {
    await Deno.writeTextFile(`${this.#cgroup}/cgroup.freeze`, frozen ? "1" : "0");
    const want = frozen ? "1" : "0";
    await until(
      `${this.name} is ${frozen ? "frozen" : "thawed"}`,
      () => event(this.#cgroup, "frozen") === want,
    );
  }

  async reboot(): Promise<void> {
    const before = await this.#leader();
    await this.on("systemctl reboot");
    await until(`${this.name} shuts down`, () => !exists(`/proc/${before}`), BOOT_S * 1000);
    await until(`${this.name} starts again`, () => this.#findLeader() !== undefined);
    await this.#greets();
  }

  /** Runs a `sh` script as root inside the host, past its network and its sshd; throws when it is late. */
  async on(script: string, options: OnOptions = {}): Promise<Finished> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    const done = await run(
      ["timeout", "-s", "KILL", `${timeoutMs / 1000}`, ...await this.enter(), "sh", "-c", script],
      { timeoutMs: timeoutMs + 5_000, ...(options.stdin !== undefined && { stdin: options.stdin }) },
    );
    if (done.code === 137) throw new Error(`${this.name}: no end within ${timeoutMs} ms: ${script}`);
    return done;
  }

  /** What to put before a program for it to run as root inside the host. */
  async enter(): Promise<string[]> {
    const env = ["env", "-i", `PATH=${PATH}`, "HOME=/root", "LANG=C.UTF-8", "TERM=xterm"];
    return ["nsenter", "-t", `${await this.#leader()}`, "-m", "-u", "-i", "-n", "-p", "--", ...env];
  }

  /** Its PID 1 as the machine counts. */
  async #leader(): Promise<number> {
    if (!this.up()) throw new Error(`${this.name} is down: boot it first`);
    await until(`${this.name} has a PID 1`, () => this.#findLeader() !== undefined);
    return this.#findLeader() ?? 0;
  }

  #findLeader(): number | undefined {
    for (const part of ["box/payload/init.scope", "box/init.scope"]) {
      for (const pid of read(`${this.#cgroup}/${part}/cgroup.procs`).split("\n")) {
        if (/^NSpid:.*\t1$/m.test(pid && read(`/proc/${pid}/status`))) return Number(pid);
      }
    }
  }

  /** Sets the room on the host's disk: its size in MiB, or "none" for no byte more than is in use. */
  async room(size: number | "none"): Promise<void> {
    await sh(
      `disk=$1 size=$2
      # Whoever writes meanwhile makes the disk larger than was read: read again.
      for try in 1 2 3 4 5 6 7 8 9 10; do
        if [ $2 = none ]; then size=$(df -k --output=used $disk | tail -n 1)k; fi
        if mount -o remount,size=\${size// } $disk; then exit 0; fi
      done; exit 1`,
      [this.#disk, size === "none" ? size : `${size}m`],
    );
  }
}

const cgroupMount = (place: Place): string =>
  place.cgroup.slice(0, place.cgroup.lastIndexOf("/quorate-lab/"));

function event(cgroup: string, name: string): string | undefined {
  return new RegExp(`^${name} (.*)$`, "m").exec(read(`${cgroup}/cgroup.events`))?.[1];
}

/** Empty where there is no such file (any more): processes and cgroups go while one looks. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
