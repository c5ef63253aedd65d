/**
 * The demo on real hosts of this machine: the tool as a process, over SSH, and the service's own client as the witness.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Judged, type Lab, labUp, SMALL_JVM, Writes, zkShell, ZnodeWrites } from "../../lab/mod.ts";
import { configText } from "./config.ts";
import { etcdWords, type Stage, zookeeperWords } from "./stage.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const ETCDCTL = "ETCDCTL_API=3 etcdctl";

/** A unit that is started again after a signal is so at most five times in ten seconds. */
const killOf = (unit: string): string => `
  pids=
  for try in $(seq 200); do
    systemctl is-failed -q ${unit} && break
    pid=$(systemctl show -p MainPID --value ${unit})
    [ "$pid" = 0 ] || { kill -9 "$pid" && pids="$pids $pid"; } 2>/dev/null
    sleep 0.05
  done
  systemctl is-failed ${unit} >&2
  echo $pids`;

/** Boots the hosts; throws with what is missing where they cannot be had. */
export async function realStage(hosts: number, service: "etcd" | "zookeeper"): Promise<Stage> {
  return service === "etcd"
    ? new RealEtcd(await labUp({ name: "demo", hosts }))
    : new RealZooKeeper(await labUp({ name: "demo", hosts, zookeeper: "3.8" }));
}

/** All that does not depend on which service it is. */
abstract class Real {
  readonly #config: string;
  /** As the config has it, all but its members. */
  protected abstract readonly service: object;

  constructor(readonly lab: Lab) {
    this.#config = `${lab.dir}/quorate.yaml`;
  }

  get hosts(): readonly string[] {
    return this.lab.hosts.map((h) => h.name);
  }
  protected address(name: string): string {
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
    Deno.writeTextFileSync(this.#config, configText(wish, ssh, (name) => this.address(name), this.service));
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

  protected async killed(host: string, unit: string): Promise<readonly string[]> {
    const { stdout, stderr, code } = await this.lab.on(host, killOf(unit));
    const state = stderr.trim();
    if (code !== 0 || state !== "failed") throw new Error(`${unit} on ${host} is ${state}: ${stdout}`);
    return stdout.trim().split(" ");
  }
  protected async wiped(host: string, unit: string, data: string): Promise<void> {
    await this.lab.must(host, `systemctl kill -s KILL ${unit}; systemctl stop ${unit}`);
    await this.lab.wipe(host, data);
  }
  powerOff(host: string): Promise<void> {
    return this.lab.kill(host);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab.down();
  }
}

const writesTo = (hosts: readonly string[]): string =>
  `From here on a client writes to ${hosts[0]}, and when a write fails to the next of ${hosts.join(", ")}.`;
const again = (whose: string, pids: readonly string[]): string =>
  `${whose} unit starts it again by itself after that (Restart=on-abnormal): nothing to do for Quorate. So\n` +
  `the next processes got it as well (pids ${pids.join(", ")}), until systemd gave up:\n` +
  "the unit is failed, and stays so.";

class RealEtcd extends Real implements Stage {
  readonly words = etcdWords;
  protected readonly service = { metadata: { plugin: "etcd" } };
  #writes: Writes | undefined;

  async write(hosts: readonly string[]): Promise<string> {
    this.#writes = new Writes(this.lab, hosts.map((name) => `http://${this.address(name)}:2379`), 20);
    await this.goesOn();
    return writesTo(hosts);
  }
  async goesOn(): Promise<void> {
    await this.#writes?.goesOn("where a quorum is held");
  }
  async kill(host: string): Promise<string> {
    return again("Debian's", await this.killed(host, "etcd"));
  }
  wipe(host: string): Promise<void> {
    return this.wiped(host, "etcd", "/var/lib/etcd/default");
  }
  async witness(host: string): Promise<string> {
    return `$ etcdctl member list   (on ${host})\n${await this.lab.must(host, `${ETCDCTL} member list`)}`;
  }
  async judge(host: string): Promise<Judged> {
    const writes = this.#writes;
    if (writes === undefined) throw new Error("no client has written");
    await this.goesOn();
    await writes[Symbol.asyncDispose]();
    return writes.judge(await this.lab.must(host, `${ETCDCTL} get --prefix writer/`));
  }
}

class RealZooKeeper extends Real implements Stage {
  readonly words = zookeeperWords;
  protected readonly service = {
    coordination: { plugin: "zookeeper", options: { jvm: `-Xmx128m ${SMALL_JVM}` } },
  };
  #writes: ZnodeWrites | undefined;

  #server(host: string): string {
    return `${this.address(host)}:2181`;
  }
  async write(hosts: readonly string[]): Promise<string> {
    const servers = hosts.map((host) => this.#server(host));
    this.#writes = await ZnodeWrites.start(
      this.lab,
      servers,
      this.hosts.map((host) => this.#server(host)),
      20,
    );
    await this.goesOn();
    return writesTo(hosts);
  }
  async goesOn(): Promise<void> {
    await this.#writes?.goesOn("where a quorum is held");
  }
  async kill(host: string): Promise<string> {
    return again("Its", await this.killed(host, "zookeeper"));
  }
  wipe(host: string): Promise<void> {
    return this.wiped(host, "zookeeper", "/var/lib/zookeeper/data");
  }
  async witness(host: string): Promise<string> {
    const said = await zkShell(this.lab, [this.#server(host)], "config");
    return `$ zkCli.sh -server ${host} config\n${said.match(/^server\..*$/gm)?.join("\n")}\n`;
  }
  async judge(host: string): Promise<Judged> {
    if (this.#writes === undefined) throw new Error("no client has written");
    await this.goesOn();
    return await this.#writes.judge(this.#server(host));
  }
}
