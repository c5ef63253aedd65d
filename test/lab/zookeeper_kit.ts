/**
 * What tests of ZooKeeper on real hosts share: a lab with a config, the tool as a process, and the package's own shell as
 * a witness.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Lab, labUp, SMALL_JVM, zkShell, type ZooKeeperVersion } from "../../lab/mod.ts";
import { Managed, type More, policy, type Serving } from "./managed.ts";

export const DATA = "/var/lib/zookeeper/data";

/** A lab whose hosts can run ZooKeeper, its config, and the tool. */
export class Ensemble extends Managed {
  readonly unit = "zookeeper";
  readonly data = DATA;

  private constructor(lab: Lab, readonly membership: "dynamic" | "static") {
    super(lab);
  }

  static async up(
    name: string,
    hosts: number,
    membership: "dynamic" | "static" = "dynamic",
    zookeeper: ZooKeeperVersion = "3.8",
  ): Promise<Ensemble> {
    return new Ensemble(await labUp({ name, hosts, zookeeper }), membership);
  }

  address(host: string): string {
    return this.lab.hosts.find((h) => h.name === host)?.address ?? host;
  }

  override config(members: readonly string[], more: More & { readonly others?: object } = {}): string {
    const coordination = {
      plugin: "zookeeper",
      members,
      options: {
        jvm: `-Xmx128m ${SMALL_JVM}`,
        ...(this.membership === "dynamic" ? {} : { membership: this.membership }),
        ...more.options,
      },
      policy: { ...policy, ...more.policy },
    };
    return this.writeConfig(members, { coordination, ...more.others });
  }

  /**
   * Brings the ensemble to these members; a znode from the start is kept; a second run changes nothing,
   * prints nothing, exits 0.
   */
  async becomes(...hosts: readonly string[]): Promise<void> {
    const config = this.config(hosts);
    await this.apply(config);
    for (const said of await this.#voters(hosts)) assert.match(said, /^from the start$/m);
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

  /** What the server of this host says that it is. */
  async version(host: string): Promise<string> {
    const ask = "exec 3<>/dev/tcp/localhost/2181 && printf srvr >&3 && head -n 1 <&3";
    const said = await this.lab.must(host, `timeout 5 bash -c '${ask}'`);
    return /^Zookeeper version: (\S+)/.exec(said)?.[1] ?? said;
  }

  override async mustBe(...hosts: readonly string[]): Promise<void> {
    await this.#voters(hosts);
  }

  /** Each of these servers works with exactly these voters, and of one ensemble; what each said, /kept with it. */
  async #voters(hosts: readonly string[]): Promise<readonly string[]> {
    const told = await Promise.all(
      hosts.map((host) => this.shell([host], "sync /", "config", "get /quorate", "get /kept")),
    );
    // A leader that was started from its disk shows the list of its snapshot in /zookeeper/config, where lists are static.
    const lists = this.membership === "dynamic"
      ? told
      : await Promise.all(hosts.map((h) => this.#word(h, "conf")));
    for (const said of lists) {
      const listed = [...said.matchAll(/^server\.\d+=([^:]+):2888:3888:(\w+)/gm)].map(([, at, role]) =>
        `${at} ${role}`
      );
      assert.deepEqual(listed.sort(), hosts.map((h) => `${this.address(h)} participant`).sort(), said);
    }
    const names = new Set(told.map((said) => /^([0-9a-f]{32}) \d+/m.exec(said)?.[1] ?? said));
    assert.equal(names.size, 1, `one ensemble: ${[...names].join("\n")}`);
    return told;
  }

  override async leader(among: readonly string[]): Promise<string> {
    for (const host of among) if (await this.mode(host) === "leader") return host;
    throw new Error(`none of ${among.join(", ")} leads`);
  }

  /** `leader`, `follower`, `observer`; undefined where no server serves. */
  async mode(host: string): Promise<string | undefined> {
    return /^Mode: (\w+)$/m.exec(await this.#word(host, "srvr"))?.[1];
  }

  /** What this host's server answers to a four-letter word. */
  async #word(host: string, word: string): Promise<string> {
    const ask = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181; printf ${word} >&3; cat <&3'`;
    return (await this.lab.on(host, ask)).stdout;
  }

  /** An ensemble is told by who leads it: a second leader would be a second one. */
  override async running(): Promise<readonly Serving[]> {
    const said = await Promise.all(this.lab.hosts.map(async ({ name }) => {
      // A killed host runs nothing.
      const found = await this.lab.on(name, "pgrep -f '[Q]uorumPeerMain'").catch(() => ({ code: 1 }));
      if (found.code !== 0) return [];
      return [await this.mode(name) === "leader" ? { name, cluster: name } : { name }];
    }));
    return said.flat();
  }

  override async note(host: string, key: string): Promise<boolean> {
    if (await this.mode(host) === undefined) return false;
    const said = await this.shell([host], "create /noted", `create /noted/${key} x`);
    return said.includes(`Created /noted/${key}`);
  }
  override async noted(host: string): Promise<ReadonlySet<string>> {
    const said = await this.shell([host], "sync /", "ls /noted");
    return new Set(/^\[(.*)\]$/m.exec(said)?.[1]?.split(", "));
  }

  /** When each host's unit last started, and its files: what a run that changes nothing leaves alone. */
  override async revisions(): Promise<string> {
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
}
