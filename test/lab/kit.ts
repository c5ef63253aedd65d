/**
 * What tests on real hosts share: a lab with a config, the tool as a process, and `etcdctl` as a witness of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type HostOptions, installTls, type Lab, type LabOptions, labUp, until } from "../../lab/mod.ts";
import { MAIN, Managed, type More, policy, type Ran, type Serving } from "./managed.ts";

export const DATA = "/var/lib/etcd/default";

export interface SiteOptions extends HostOptions {
  readonly hosts: LabOptions["hosts"];
  readonly tls?: boolean;
}

/** Runs the tool on the management side to its end, for a person at home in this folder. */
export async function runTool(lab: Lab, args: readonly string[], home: string): Promise<Ran> {
  const deno = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
  const env = [`HOME=${home}`, `QUORATE_STATE=${home}/state`, `DENO_DIR=${deno}`];
  const { code, stdout, stderr } = await lab.exec(
    ["env", "-C", home, ...env, Deno.execPath(), "run", "-A", "--no-check", MAIN, ...args],
    { timeoutMs: 240_000 },
  );
  return { code, out: stdout, err: stderr };
}

/** A member as `etcdctl member list` tells it. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly peerUrl: string;
  readonly learner: boolean;
  readonly started: boolean;
}

/** A lab whose hosts can run etcd, its config, and the tool. */
export class Site extends Managed {
  readonly unit = "etcd";
  readonly data = DATA;
  /** The list of all members, as those have it that others configured. */
  override opened(): string {
    const scheme = this.#tls === undefined ? "http" : "https";
    const list = this.lab.hosts.map((h) => `${h.name}=${scheme}://${h.address}:2380`).join(",");
    return `sed -i 's|^ETCD_INITIAL_CLUSTER=.*|ETCD_INITIAL_CLUSTER=${list}|' /etc/default/etcd`;
  }
  #tls: Awaited<ReturnType<typeof installTls>> | undefined;
  /** What `etcdctl` as a witness needs besides, e.g. `--user`. */
  witness = "";

  private constructor(lab: Lab, readonly options: SiteOptions) {
    super(lab);
  }

  static async up(name: string, options: SiteOptions): Promise<Site> {
    const { hosts, tls: _tls, ...host } = options;
    const site = new Site(await labUp({ name, hosts, ...host }), options);
    await site.#prepare();
    return site;
  }

  async #prepare(): Promise<void> {
    if (this.options.tls) this.#tls = await installTls(this.lab);
    this.forget();
  }

  /** Fresh hosts, and a manager that remembers nothing. */
  async reset(): Promise<void> {
    await this.lab.reset();
    await this.#prepare();
  }

  override config(
    members: readonly string[],
    more: More & { readonly nodes?: readonly string[] } = {},
  ): Promise<string> {
    const tls = this.#tls;
    const metadata = {
      plugin: "etcd",
      members,
      options: {
        ...(tls === undefined ? {} : {
          tls: {
            ca: tls.ca,
            cert: tls.cert,
            key: tls.key,
            clientCert: tls.clientCert,
            clientKey: tls.clientKey,
            peerCert: tls.peerCert,
            peerKey: tls.peerKey,
          },
        }),
        ...more.options,
      },
      policy: { ...policy, ...more.policy },
    };
    return Promise.resolve(this.writeConfig(members, { metadata }, more.nodes));
  }

  /**
   * Applies again and again, as a timer does, until a run ends with the members as desired. What a lost run held back is
   * waited out: the lock of a session that was cut off lives 45 s, and a failed try is not repeated at once.
   */
  async applied(config: string): Promise<void> {
    let last: Ran | undefined;
    await until("an apply that finds or makes everything as desired", async () => {
      last = await this.quorate(config, "apply", "-o", "json");
      if (/"outcome":"(steady|converged)"/.test(last.out)) return true;
      await new Promise((r) => setTimeout(r, 1_000));
      return false;
    }, 120_000).catch((error: Error) => {
      throw new Error(`${error.message}; the last one said ${last?.out}${last?.err}`);
    });
  }

  /** An apply that only says no: by this rule, for a reason that matches; and nothing is touched on any host. */
  async refuses(config: string, rule: string, evidence: RegExp, code = 3): Promise<void> {
    const before = await this.revisions();
    const { err } = await this.apply(config, code);
    assert.match(err, new RegExp(`^ {2}${rule} `, "m"));
    assert.match(err, evidence);
    assert.equal(await this.revisions(), before, "nothing was touched");
  }

  url(host: string): string {
    const address = this.lab.hosts.find((h) => h.name === host)?.address ?? host;
    return `${this.#tls === undefined ? "http" : "https"}://${address}:2379`;
  }

  /** `etcdctl` on a host, without the tool. */
  async etcdctl(host: string, command: string, timeoutMs = 15_000): Promise<Ran> {
    const tls = this.#tls;
    const flags = tls === undefined
      ? ""
      : `--cacert=${tls.ca} --cert=${tls.clientCert} --key=${tls.clientKey}`;
    const { code, stdout, stderr } = await this.lab.on(
      host,
      `ETCDCTL_API=3 etcdctl --endpoints=${
        this.url(host)
      } ${flags} ${this.witness} --command-timeout=5s ${command}`,
      { timeoutMs },
    );
    return { code, out: stdout, err: stderr };
  }

  /** The member list that a host's etcd gives. */
  async members(host: string): Promise<readonly Listed[]> {
    const { code, out, err } = await this.etcdctl(host, "member list");
    assert.equal(code, 0, `etcdctl member list on ${host}: ${err}`);
    return out.trim().split("\n").map((line) => {
      const [id = "", status = "", name = "", peerUrl = "", , learner = ""] = line.split(", ");
      return { id, name, peerUrl, learner: learner === "true", started: status === "started" };
    });
  }

  /** The witness: exactly these members, all started voters, each serving a linearizable read; and keys are kept. */
  override async mustBe(...hosts: readonly string[]): Promise<void> {
    const [first = ""] = hosts;
    const listed = await this.members(first);
    assert.deepEqual(listed.map((m) => m.name).sort(), [...hosts].sort(), "members");
    assert.deepEqual(listed.filter((m) => m.learner || !m.started), [], "all started voters");
    const clusters = new Set<string>();
    for (const host of hosts) {
      const { code, err, out } = await this.etcdctl(host, "get witness -w json");
      assert.equal(code, 0, `${host} serves no linearizable read: ${err}`);
      clusters.add(/"cluster_id":(\d+)/.exec(out)?.[1] ?? host);
    }
    assert.equal(clusters.size, 1, "one cluster");
  }

  /** A second run changes nothing, prints nothing, exits 0. */
  async mustBeSteady(config: string): Promise<void> {
    const before = await this.revisions();
    const again = await this.quorate(config, "apply");
    assert.deepEqual(again, { code: 0, out: "", err: "" }, "the second apply");
    assert.deepEqual(await this.revisions(), before, "nothing was touched");
  }

  /** When each host's unit last started, and its files: what a run that changes nothing leaves alone. */
  override async revisions(): Promise<string> {
    const said = await Promise.all(this.lab.hosts.map(async ({ name }) => {
      const { stdout } = await this.lab.on(
        name,
        "systemctl show -p ExecMainStartTimestampMonotonic -p ActiveState -p UnitFileState -p DropInPaths etcd; " +
          "stat -c '%n %Y %s' /etc/default/etcd /var/lib/quorate/*/* 2>/dev/null; " +
          "ls -d /var/lib/etcd /var/lib/etcd/* /var/lib/etcd/default/*",
      ).catch(() => ({ stdout: "down" }));
      return `${name}: ${stdout}`;
    }));
    return said.join("\n");
  }

  async put(host: string, key: string, value: string): Promise<void> {
    const { code, err } = await this.etcdctl(host, `put ${key} ${value}`);
    assert.equal(code, 0, `put on ${host}: ${err}`);
  }
  async get(host: string, key: string): Promise<string> {
    const { code, out, err } = await this.etcdctl(host, `get --print-value-only ${key}`);
    assert.equal(code, 0, `get on ${host}: ${err}`);
    return out.trim();
  }

  /** The host whose member leads. */
  override async leader(among: readonly string[]): Promise<string> {
    for (const host of among) {
      const { out } = await this.etcdctl(host, "endpoint status");
      if (out.split(", ")[4] === "true") return host;
    }
    throw new Error(`none of ${among.join(", ")} leads`);
  }

  override async running(): Promise<readonly Serving[]> {
    const said = await Promise.all(this.lab.hosts.map(async ({ name }) => {
      // A killed host runs nothing.
      const { stdout } = await this.lab.on(name, "pidof etcd").catch(() => ({ stdout: "" }));
      if (stdout === "") return [];
      const { out } = await this.etcdctl(name, "endpoint status -w json");
      const cluster = /"cluster_id":(\d+)/.exec(out)?.[1];
      return [cluster === undefined ? { name } : { name, cluster }];
    }));
    return said.flat();
  }

  override async note(host: string, key: string): Promise<boolean> {
    return (await this.etcdctl(host, `put noted/${key} x --command-timeout=2s`)).code === 0;
  }
  override async noted(host: string): Promise<ReadonlySet<string>> {
    const { out } = await this.etcdctl(host, "get noted/ --prefix --keys-only");
    return new Set([...out.matchAll(/^noted\/(.+)$/gm)].map(([, key = ""]) => key));
  }

  /** Waits until a host's etcd serves a linearizable read. */
  async serving(host: string): Promise<void> {
    await until(`${host} serves`, async () => (await this.etcdctl(host, "get witness")).code === 0, 30_000);
  }
}
