/**
 * Real hosts for tests, the demo and the benchmark: systemd, sshd, etcd, an address and a disk each, in namespaces of one
 * machine.
 *
 * ```ts ignore
 * await using lab = await labUp({ name: "demo", hosts: 3 });
 * await lab.ssh("root@n1", "systemctl start etcd");
 * await lab.isolate("n1");
 * ```
 *
 * @module
 */
import { buildBase } from "./base.ts";
import { type Claim, cleanUp, onExit, own, sweep } from "./cleanup.ts";
import { Faults } from "./faults.ts";
import { Host, type HostOptions, laterOf } from "./host.ts";
import { buildLater } from "./later.ts";
import { netUp, plug } from "./net.ts";
import { checkName, MGMT, type Place, placeOf } from "./place.ts";
import {
  attached,
  endAll,
  type Finished,
  run,
  type Running,
  type RunOptions,
  sh,
  spawn,
  type SpawnOptions,
} from "./process.ts";
import { setup } from "./setup.ts";

export type { OnOptions } from "./host.ts";
export { installTls, type Tls } from "./tls.ts";
export { type Judged, Writes } from "./writes.ts";
export { SMALL_JVM, zkShell, ZnodeWrites } from "./znodes.ts";
export type { EtcdVersion, ZooKeeperVersion } from "./setup.ts";
export type { Ended } from "./process.ts";
export { until } from "./process.ts";
export type { Finished, HostOptions, Running, RunOptions, SpawnOptions };

export interface LabOptions extends HostOptions {
  /** Labs of different names may be up at once; a lab of this name that a killed process left is taken away first. */
  readonly name: string;
  /** That many hosts named n1, n2, …; or these. */
  readonly hosts: number | readonly string[];
  /** It stays up when this process ends. @default false */
  readonly keep?: boolean;
}

export interface LabHost {
  readonly name: string;
  readonly address: string;
}

/** Hosts that boot at the same time: more only slow each other down, until systemd's own time-outs. */
const AT_ONCE = 12;
const FIRST_ADDRESS = 11;
const LAST_ADDRESS = 254;

const live = new Set<Lab>();
let watching = false;

/** Boots the hosts and returns when every sshd answers; throws, leaving nothing behind, when one does not. */
export async function labUp(options: LabOptions): Promise<Lab> {
  await setup(options.etcd, options.zookeeper);
  const place = placeOf(options.name);
  const names = typeof options.hosts === "number"
    ? Array.from({ length: options.hosts }, (_, i) => `n${i + 1}`)
    : options.hosts;
  sweep();
  const held = await own(place);
  const lab = new Lab(place, held, options);
  live.add(lab);
  if (!watching) {
    onExit(() => {
      if (live.size > 0) endAll();
      live.forEach((one) => one.end());
    });
  }
  watching = true;
  try {
    cleanUp(place);
    await lab.start(names);
    if (options.keep) lab.leave();
    return lab;
  } catch (error) {
    await lab.down();
    throw error;
  }
}

/** A lab that is up. Its verbs that take a host throw when there is none of that name. */
export class Lab extends Faults implements AsyncDisposable {
  readonly name: string;
  /** A temporary folder with `id_ed25519`, the key of every user of every host, and `known_hosts`; add what you like. */
  readonly dir: string;
  readonly #held: Claim;
  readonly #defaults: HostOptions;

  /** @ignore `labUp` makes labs. */
  constructor(place: Place, held: Claim, defaults: HostOptions) {
    super(place);
    this.name = place.name;
    this.dir = place.client;
    this.#held = held;
    this.#defaults = defaults;
  }

  /** In the order in which they were added. */
  get hosts(): readonly LabHost[] {
    return [...this.all.values()].map(({ name, address }) => ({ name, address }));
  }

  /** @ignore */
  async start(names: readonly string[]): Promise<void> {
    const { root, client, subnet } = this.place;
    await sh(
      `mkdir -p $1; mount -t tmpfs -o mode=755,size=1g quorate-lab $1
      # Shared, so that hosts, whose mount namespaces are copies, see what is unmounted later.
      mount --make-shared $1
      mkdir -p $2; ssh-keygen -q -t ed25519 -N "" -C quorate-lab -f $2/id_ed25519; : >$2/known_hosts
      printf '127.0.0.1 localhost\\n::1 localhost\\n%s.1 ${MGMT}\\n' $3 >$1/hosts.txt
      # Another lab that ends at this moment takes the folder away while it is empty.
      for _ in 1 2 3 4 5; do mkdir -p /etc/netns/$4 2>/dev/null && break; done
      ln -s $1/hosts.txt /etc/netns/$4/hosts`,
      [root, client, subnet, this.place.netns(MGMT)],
    );
    await allOf([netUp(this.place), buildBase(this.place, `${client}/id_ed25519.pub`)]);
    await this.#add(names, this.#defaults);
  }

  /** Boots one more host, with the lab's options unless told others. */
  async add(name: string, options: HostOptions = {}): Promise<LabHost> {
    const [host] = await this.#add([name], { ...this.#defaults, ...options });
    if (!host) throw new Error(`${name} was not added`);
    return { name, address: host.address };
  }

  async #add(names: readonly string[], options: HostOptions): Promise<readonly Host[]> {
    const first = FIRST_ADDRESS + this.all.size;
    if (first + names.length - 1 > LAST_ADDRESS) throw new RangeError("A lab has room for 244 hosts");
    const hosts = names.map((name, i) =>
      new Host(this.place, name, `${this.place.subnet}.${first + i}`, options)
    );
    for (const host of hosts) {
      checkName("host", host.name);
      if (this.all.has(host.name)) throw new TypeError(`Cannot add host "${host.name}": the lab has one`);
      this.all.set(host.name, host);
    }
    if (options.zookeeper !== undefined || options.etcd !== undefined) {
      await setup(options.etcd, options.zookeeper);
    }
    for (const what of laterOf(options)) await buildLater(this.place, what);
    const lines = hosts.map(({ address, name }) => `${address} ${name}\n`).join("");
    await Deno.writeTextFile(`${this.place.root}/hosts.txt`, lines, { append: true });
    await atMost(AT_ONCE, hosts, async (host) => {
      const key = await host.makeKey();
      await Deno.writeTextFile(`${this.dir}/known_hosts`, `${host.name},${host.address} ${key}`, {
        append: true,
      });
      await Promise.all([plug(this.place, host.name, host.address), host.makeDisk()]);
      await host.boot();
    });
    return hosts;
  }

  /** Runs a program where the tool under test runs, on the management side, to its end. */
  exec(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(this.#managed(argv), options);
  }

  /** Starts a program on the management side; the pid is the program's own. It ends with the lab at the latest. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): Running {
    return spawn(this.#managed(argv), options);
  }

  /** Runs a program on the management side with the terminal, or whatever streams, of this process; its exit code. */
  attached(argv: readonly string[]): Promise<number> {
    return attached(this.#managed(argv), { stdin: "null" });
  }

  /** Runs a command over OpenSSH from the management side, e.g. to "ops@n1", with the host's key verified. */
  ssh(to: string, command: string, options: RunOptions = {}): Promise<Finished> {
    return this.exec(this.#overSsh(to, command), options);
  }

  /**
   * As `ssh`, and returns at once. What runs is a process of the host, which freezes and dies with it; the pid and the
   * signals are those of the client here, so to kill it is to hang up.
   */
  sshSpawn(to: string, command: string, options: SpawnOptions = {}): Running {
    return this.spawn(this.#overSsh(to, command), options);
  }

  #overSsh(to: string, command: string): string[] {
    const files = ["-i", `${this.dir}/id_ed25519`, "-o", `UserKnownHostsFile=${this.dir}/known_hosts`];
    const strict = ["-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];
    return ["ssh", "-F", "none", ...files, ...strict, to, command];
  }

  // `ip netns exec` replaces itself with the program.
  #managed(argv: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.place.netns(MGMT), ...argv];
  }

  /**
   * Every host as after its first boot, on a fresh disk, with the network whole, and no program left on the management
   * side; hosts that were added stay.
   */
  async reset(): Promise<void> {
    await sh('ip netns pids "$1" | xargs -r kill -9 || true', [this.place.netns(MGMT)]);
    await this.heal();
    await atMost(AT_ONCE, [...this.all.keys()], (name) => this.freshDisk(name));
  }

  /** Ends the hosts, and every process that runs on the management side; nothing stays. Twice is once. */
  down(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  /** @ignore What `down` does, for listeners that may not wait. */
  end(): void {
    if (!live.has(this)) return;
    cleanUp(this.place);
    this.#letGo();
  }

  /** @ignore */
  leave(): void {
    Deno.writeTextFileSync(this.place.kept, "");
    this.#letGo();
  }

  #letGo(): void {
    live.delete(this);
    this.#held.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }
}

async function atMost<T>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await allOf(Array.from({ length: Math.min(count, items.length) }, worker));
}

/** As `Promise.all`, but what fails waits for the others: they must not go on making what is then taken away. */
async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}
