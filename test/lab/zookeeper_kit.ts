/**
 * What tests of ZooKeeper on real hosts share: a lab with a config, the tool as a process, and the package's own shell as
 * a witness and as a client that writes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type Lab, labUp, type Running, until } from "../../lab/mod.ts";
import type { Ran } from "./kit.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
export const DATA = "/var/lib/zookeeper/data";
/** A small Java that starts soon. */
const JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
const SHELL = `java -Xmx64m ${JVM} -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.ZooKeeperMain`;

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
          options: { jvm: `-Xmx128m ${JVM}` },
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
  async shell(hosts: readonly string[], ...lines: readonly string[]): Promise<string> {
    const script = `printf '%s\\n' "$@" | timeout 30 ${SHELL} -server "$0" 2>&1`;
    const { stdout } = await this.lab.exec(["sh", "-c", script, this.servers(hosts), ...lines, "quit"]);
    return stdout;
  }
  servers(hosts: readonly string[]): string {
    return hosts.map((host) => `${this.address(host)}:2181`).join(",");
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

/** A client that creates `/writer/1`, `/writer/2`, … all the while, over one session at whichever server lives. */
export class ZooKeeperWriter implements AsyncDisposable {
  private constructor(readonly ensemble: Ensemble, readonly running: Running) {}

  /** `serving`: who serves now; `hosts`: who may come to. */
  static async start(
    ensemble: Ensemble,
    serving: readonly string[],
    hosts: readonly string[],
  ): Promise<ZooKeeperWriter> {
    await ensemble.shell(serving, "create /writer");
    // An answer that was lost is not asked for again, so a write counts only where it was acknowledged. `timeout` ends
    // all of the pipe when it is told to end.
    const script = `i=0; while i=$((i + 1)); do echo "create /writer/$i $i"; sleep 0.1; done |
      ${SHELL} -timeout 10000 -server "$0" 2>&1 | while read -r line; do echo "$(date +%s%3N) $line"; done`;
    const argv = ["timeout", "600", "bash", "-c", script, ensemble.servers(hosts)];
    return new ZooKeeperWriter(ensemble, ensemble.lab.spawn(argv));
  }

  #acknowledged(): readonly { readonly at: number; readonly name: string }[] {
    return [...this.running.stdout().matchAll(/^(\d+) Created \/writer\/(\d+)$/gm)].map(([, at, name]) => ({
      at: Number(at),
      name: name ?? "",
    }));
  }

  /** Some more writes are acknowledged: the quorum is held. */
  async goesOn(): Promise<void> {
    const before = this.#acknowledged().length;
    await until("writes go on", () => this.#acknowledged().length >= before + 3, 30_000);
  }

  /** Ends it; a server that has caught up shows each write that was acknowledged. */
  async judged(host: string): Promise<void> {
    await this[Symbol.asyncDispose]();
    const said = await this.ensemble.shell([host], "sync /writer", "ls /writer");
    const kept = new Set(/^\[(.*)\]$/m.exec(said)?.[1]?.split(", "));
    const written = this.#acknowledged();
    assert.ok(written.length > 50, `only ${written.length} writes`);
    assert.deepEqual(written.filter(({ name }) => !kept.has(name)), [], "acknowledged writes that were lost");
    const stallMs = Math.max(...written.map(({ at }, i) => at - (written[i - 1]?.at ?? at)));
    console.log(`${written.length} writes acknowledged, none lost, longest stall ${stallMs} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.kill("SIGTERM");
    await this.running.exited;
  }
}
