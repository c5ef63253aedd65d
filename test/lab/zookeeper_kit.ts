/**
 * What tests of ZooKeeper on real hosts share: a lab with a config, the tool as a process, and the package's own shell as
 * a witness.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type Lab, labUp, SMALL_JVM, zkShell } from "../../lab/mod.ts";
import type { Ran } from "./kit.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
export const DATA = "/var/lib/zookeeper/data";

/** Policy for tests: quick. */
export const policy = { stabilize: "300ms", deadline: "3m" };

/** A lab whose hosts can run ZooKeeper, its config, and the tool. */
export class Ensemble implements AsyncDisposable {
  private constructor(readonly lab: Lab) {}

  static async up(name: string, hosts: number): Promise<Ensemble> {
    return new Ensemble(await labUp({ name, hosts, zookeeper: "3.8" }));
  }

  address(host: string): string {
    return this.lab.hosts.find((h) => h.name === host)?.address ?? host;
  }

  /** Writes a config that names these members; every host of the lab is under `nodes:`. */
  config(members: readonly string[], others: object = {}): string {
    const { dir } = this.lab;
    const path = `${dir}/quorate-${members.join("-")}-${crypto.randomUUID().slice(0, 8)}.yaml`;
    const config = {
      version: 1,
      ssh: {
        user: "root",
        identityFiles: [`${dir}/id_ed25519`],
        knownHosts: [`${dir}/known_hosts`],
        connectTimeout: "3s",
      },
      nodes: Object.fromEntries(this.lab.hosts.map((h) => [h.name, { host: h.address }])),
      services: {
        coordination: {
          plugin: "zookeeper",
          members,
          options: { jvm: `-Xmx128m ${SMALL_JVM}` },
          policy,
        },
        ...others,
      },
    };
    Deno.writeTextFileSync(path, stringify(config));
    return path;
  }

  async quorate(config: string, command: string, ...args: string[]): Promise<Ran> {
    const argv = ["run", "-q", "-A", "--no-check", MAIN, command, "-c", config];
    const { code, stdout, stderr } = await this.lab.exec(
      [Deno.execPath(), ...argv, "--state", `${this.lab.dir}/state`, ...args],
      { timeoutMs: 170_000 },
    );
    return { code, out: stdout, err: stderr };
  }

  /** Applies, and expects this exit code; what the tool said is in the message of a failure. */
  async apply(config: string, code = 0): Promise<Ran> {
    const ran = await this.quorate(config, "apply", "-v");
    assert.equal(ran.code, code, `apply ended with ${ran.code}:\n${ran.err}\n${ran.out}`);
    return ran;
  }

  /** Brings the ensemble to these members; a second run changes nothing, prints nothing, exits 0. */
  async becomes(...hosts: readonly string[]): Promise<void> {
    const config = this.config(hosts);
    await this.apply(config);
    await this.mustBe(...hosts);
    const before = await this.revisions();
    assert.deepEqual(await this.quorate(config, "apply"), { code: 0, out: "", err: "" }, "the second apply");
    assert.equal(await this.revisions(), before, "nothing was touched");
  }

  /** ZooKeeper's shell on the management side, at these hosts' servers: what it printed for these lines. */
  shell(hosts: readonly string[], ...lines: readonly string[]): Promise<string> {
    return zkShell(this.lab, hosts.map((host) => this.server(host)), ...lines);
  }
  server(host: string): string {
    return `${this.address(host)}:2181`;
  }

  /** The witness: each of these servers tells exactly these voters, and a znode from the start is kept. */
  async mustBe(...hosts: readonly string[]): Promise<void> {
    await Promise.all(hosts.map(async (host) => {
      const said = await this.shell([host], "sync /kept", "config", "get /kept");
      const listed = [...said.matchAll(/^server\.\d+=([^:]+):2888:3888:(\w+);/gm)].map(([, at, role]) =>
        `${at} ${role}`
      );
      assert.deepEqual(listed.sort(), hosts.map((h) => `${this.address(h)} participant`).sort(), said);
      assert.match(said, /^from the start$/m);
    }));
  }

  /** The host whose server leads. */
  async leader(among: readonly string[]): Promise<string> {
    for (const host of among) {
      const { stdout } = await this.lab.on(
        host,
        `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181; printf srvr >&3; cat <&3'`,
      );
      if (stdout.includes("Mode: leader")) return host;
    }
    throw new Error(`none of ${among.join(", ")} leads`);
  }

  /** When each host's unit last started, and its files: what a run that changes nothing leaves alone. */
  async revisions(): Promise<string> {
    const said = await Promise.all(this.lab.hosts.map(async ({ name }) => {
      const { stdout } = await this.lab.on(
        name,
        "systemctl show -p ExecMainStartTimestampMonotonic -p ActiveState -p UnitFileState -p DropInPaths zookeeper; " +
          `stat -c '%n %Y %s' /etc/zookeeper/quorate/* /var/lib/quorate/*/* ${DATA}/myid 2>/dev/null`,
      ).catch(() => ({ stdout: "down" }));
      return `${name}: ${stdout}`;
    }));
    return said.join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.down();
  }
}
