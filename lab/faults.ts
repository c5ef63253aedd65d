/**
 * What may happen to hosts.
 *
 * @module
 */
import type { Host, OnOptions } from "./host.ts";
import { attach, silence, unsilence } from "./net.ts";
import { MGMT, type Place } from "./place.ts";
import type { Finished } from "./process.ts";

export class Faults {
  protected readonly place: Place;
  protected readonly all = new Map<string, Host>();
  /** Cut off at the bridge by `cut`; a host that is down is off as well, and back when it boots. */
  readonly #unplugged = new Set<string>();
  /** Directions that are cut: "from>to". */
  readonly #silent = new Set<string>();

  constructor(place: Place) {
    this.place = place;
  }

  #host(name: string): Host {
    const host = this.all.get(name);
    if (!host) {
      throw new TypeError(`No host "${name}" in lab "${this.place.name}": ${[...this.all.keys()].join(" ")}`);
    }
    return host;
  }

  /** Runs a `sh` script as root on the host without SSH, whatever its network; throws when it is late or down. */
  on(host: string, script: string, options: OnOptions = {}): Promise<Finished> {
    return this.#host(host).on(script, options);
  }

  /** As `on`, and throws where the script fails; gives what it printed, without the last newline. */
  async must(host: string, script: string, options: OnOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.on(host, script, options);
    if (code !== 0) throw new Error(`${host}: ${script}: exit ${code}\n${stderr}`);
    return stdout.replace(/\n$/, "");
  }

  /** A power failure: its processes are gone and nothing answers at its address, not even with a reset. */
  async kill(host: string): Promise<void> {
    await this.#host(host).kill();
    await attach(this.place, host, false);
  }

  /** Boots a host that is down, with the disk it had; returns when its sshd answers. */
  async boot(host: string): Promise<void> {
    await attach(this.place, host, !this.#unplugged.has(host));
    await this.#host(host).boot();
  }

  /** An orderly reboot; returns when sshd answers again. */
  reboot(host: string): Promise<void> {
    return this.#host(host).reboot();
  }

  /** No process of the host runs; its kernel still acknowledges what arrives. */
  freeze(host: string): Promise<void> {
    return this.#host(host).freeze(true);
  }

  thaw(host: string): Promise<void> {
    return this.#host(host).freeze(false);
  }

  /** Nothing passes from or to the host. */
  async cut(host: string): Promise<void> {
    this.#host(host);
    this.#unplugged.add(host);
    await attach(this.place, host, false);
  }

  /** Nothing passes between the host and the other hosts of now; the management side still reaches it. */
  async isolate(host: string): Promise<void> {
    this.#host(host);
    const others = [...this.all.keys()].filter((other) => other !== host);
    await this.#silence(host, others);
    for (const other of others) await this.#silence(other, [host]);
  }

  /** Nothing passes between the management side and the host; the hosts still see each other. */
  cutManagement(host: string): Promise<void> {
    return this.#pair(MGMT, host);
  }

  cutPair(a: string, b: string): Promise<void> {
    return this.#pair(a, b);
  }

  /** Nothing that `from` sends reaches `to`. */
  cutOneWay(from: string, to: string): Promise<void> {
    return this.#silence(from, [to]);
  }

  /** Undoes every cut that this host is part of; all of them without a name. */
  async heal(host?: string): Promise<void> {
    if (host !== undefined) this.#host(host);
    const mine = (name: string) => host === undefined || name === host;
    for (const edge of this.#silent) {
      const [from = "", to = ""] = edge.split(">");
      if (!mine(from) && !mine(to)) continue;
      await unsilence(this.place, from, [this.#address(to)]);
      this.#silent.delete(edge);
    }
    for (const name of [...this.#unplugged].filter(mine)) {
      this.#unplugged.delete(name);
      if (this.#host(name).up()) await attach(this.place, name, true);
    }
  }

  async #pair(a: string, b: string): Promise<void> {
    await this.#silence(a, [b]);
    await this.#silence(b, [a]);
  }

  async #silence(from: string, to: readonly string[]): Promise<void> {
    this.#address(from);
    await silence(this.place, from, to.map((name) => this.#address(name)));
    for (const name of to) this.#silent.add(`${from}>${name}`);
  }

  #address(name: string): string {
    return name === MGMT ? `${this.place.subnet}.1` : this.#host(name).address;
  }

  /** Empties a folder of a host that is up, hidden files too; the folder stays. */
  async wipe(host: string, path: string): Promise<void> {
    await this.must(host, `cd '${path}' && find . -mindepth 1 -delete`);
  }

  /** The host comes back on an empty disk, with the same name, address and host key. */
  async freshDisk(host: string): Promise<void> {
    const one = this.#host(host);
    await one.kill();
    await one.makeDisk();
    await this.boot(host);
  }

  /** No byte more fits on the file system that holds `path`; what is there stays, and its identity too. */
  async fillDisk(host: string, path = "/"): Promise<void> {
    const mount = await this.#ownMount(host, path);
    if (mount === undefined) return this.#host(host).room("none");
    await this.must(
      host,
      `mount -o remount,size=$(($(df -k --output=used '${mount}' | tail -n 1)))k '${mount}'`,
    );
  }

  /** Undoes `fillDisk`. */
  async freeDisk(host: string, path = "/"): Promise<void> {
    const mount = await this.#ownMount(host, path);
    const size = this.#host(host).options.diskMiB ?? 2048;
    if (mount === undefined) return this.#host(host).room(size);
    await this.must(host, `mount -o remount,size=${size}m '${mount}'`);
  }

  /** Where a tmpfs that a test mounted holds the path; undefined where the host's disk does. */
  async #ownMount(host: string, path: string): Promise<string | undefined> {
    const [type, target] = (await this.must(host, `findmnt -n -o FSTYPE,TARGET -T '${path}'`)).trim().split(
      /\s+/,
    );
    if (type === "overlay") return undefined;
    if (type === "tmpfs") return target;
    throw new TypeError(
      `Cannot fill ${path} of ${host}: it is on ${type}, not on the host's disk or a tmpfs`,
    );
  }

  /** Writes below `path` fail; what a process has open already it may still write, so restart it to feel this. */
  async readOnly(host: string, path: string): Promise<void> {
    await this.must(host, `mount --bind '${path}' '${path}' && mount -o remount,bind,ro '${path}'`);
  }

  /** Undoes `readOnly`. */
  async writable(host: string, path: string): Promise<void> {
    await this.must(host, `umount -l '${path}'`);
  }
}
