/**
 * The demo on real hosts of this machine: the tool as a process, over SSH, and `etcdctl` as the witness.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Lab, labUp, Writes } from "../../lab/mod.ts";
import { configText } from "./config.ts";
import type { Stage } from "./stage.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const DATA = "/var/lib/etcd/default";
const ETCDCTL = "ETCDCTL_API=3 etcdctl";

/** Debian's unit starts etcd again after a signal, at most five times in ten seconds. */
const KILL = `
  pids=
  for try in $(seq 200); do
    systemctl is-failed -q etcd && break
    pid=$(systemctl show -p MainPID --value etcd)
    [ "$pid" = 0 ] || { kill -9 "$pid" && pids="$pids $pid"; } 2>/dev/null
    sleep 0.05
  done
  systemctl is-failed etcd >&2
  echo $pids`;

/** Boots the hosts; throws with what is missing where they cannot be had. */
export async function realStage(hosts: number): Promise<Stage> {
  return new Real(await labUp({ name: "demo", hosts }));
}

class Real implements Stage {
  #writes: Writes | undefined;
  readonly #config: string;

  constructor(readonly lab: Lab) {
    this.#config = `${lab.dir}/quorate.yaml`;
  }

  get hosts(): readonly string[] {
    return this.lab.hosts.map((h) => h.name);
  }
  #address(name: string): string {
    return this.lab.hosts.find((h) => h.name === name)?.address ?? name;
  }

  desire(wish: Parameters<Stage["desire"]>[0]): void {
    const { dir } = this.lab;
    const ssh = {
      user: "root",
      identityFiles: [`${dir}/id_ed25519`],
      knownHosts: [`${dir}/known_hosts`],
      connectTimeout: "2s",
    };
    Deno.writeTextFileSync(this.#config, configText(wish, ssh, (name) => this.#address(name)));
  }

  #argv(...args: string[]): string[] {
    const place = ["-c", this.#config, "--state", `${this.lab.dir}/state`];
    return [Deno.execPath(), "run", "-A", "--no-check", MAIN, ...args, ...place];
  }

  async #quorate(command: string): Promise<void> {
    const code = await this.lab.attached(this.#argv(command));
    if (code !== 0) throw new Error(`quorate ${command} ended with ${code}`);
  }

  async plan(): ReturnType<Stage["plan"]> {
    const { code, stdout, stderr } = await this.lab.exec(this.#argv("plan", "-o", "json"));
    if (code !== 0) throw new Error(`quorate plan ended with ${code}\n${stderr}`);
    return JSON.parse(stdout);
  }
  apply(): Promise<void> {
    return this.#quorate("apply");
  }
  async rest(): Promise<void> {
    const { code, stdout, stderr } = await this.lab.exec(this.#argv("apply"));
    if (code !== 0 || stdout + stderr !== "") {
      throw new Error(`quorate apply ended with ${code}\n${stdout}${stderr}`);
    }
  }
  status(): Promise<void> {
    return this.#quorate("status");
  }

  async write(hosts: readonly string[]): Promise<string> {
    this.#writes = new Writes(this.lab, hosts.map((name) => `http://${this.#address(name)}:2379`), 20);
    await this.goesOn();
    return `From here on a client writes to ${hosts[0]}, and when a write fails to the next of ${
      hosts.join(", ")
    }.`;
  }
  async goesOn(): Promise<void> {
    await this.#writes?.goesOn("where a quorum is held");
  }

  async kill(host: string): Promise<string> {
    const { stdout, stderr, code } = await this.lab.on(host, KILL);
    const pids = stdout.trim().split(" ");
    const state = stderr.trim();
    if (code !== 0 || state !== "failed") throw new Error(`etcd on ${host} is ${state}: ${stdout}`);
    return "Debian's unit starts etcd again by itself after that (Restart=on-abnormal): nothing to do for Quorate. So\n" +
      `the next processes got it as well (pids ${pids.join(", ")}), until systemd gave up:\n` +
      `the unit is ${state}, and stays so.`;
  }

  async wipe(host: string): Promise<void> {
    await this.lab.must(host, "systemctl kill -s KILL etcd; systemctl stop etcd");
    await this.lab.wipe(host, DATA);
  }

  powerOff(host: string): Promise<void> {
    return this.lab.kill(host);
  }

  async witness(host: string): Promise<string> {
    return `$ etcdctl member list   (on ${host})\n${await this.lab.must(host, `${ETCDCTL} member list`)}`;
  }

  async judge(host: string): ReturnType<Stage["judge"]> {
    const writes = this.#writes;
    if (writes === undefined) throw new Error("no client has written");
    await this.goesOn();
    await writes[Symbol.asyncDispose]();
    return writes.judge(await this.lab.must(host, `${ETCDCTL} get --prefix writer/`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab.down();
  }
}
