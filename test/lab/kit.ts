/**
 * What tests on real hosts share: a lab with a config, the tool as a process, and `etcdctl` as a witness of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import {
  type HostOptions,
  installTls,
  type Lab,
  type LabOptions,
  labUp,
  type Running,
  until,
} from "../../lab/mod.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
export const DATA = "/var/lib/etcd/default";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

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

/** Policy for tests: quick, and without waits that a test does not look at. */
const policy = { stabilize: "300ms", deadline: "3m" };

/** A member as `etcdctl member list` tells it. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly peerUrl: string;
  readonly learner: boolean;
  readonly started: boolean;
}

/** A lab, its config, and the tool. */
export class Site implements AsyncDisposable {
  #tls: Awaited<ReturnType<typeof installTls>> | undefined;
  #state = 0;
  /** What `etcdctl` as a witness needs besides, e.g. `--user`. */
  witness = "";

  private constructor(readonly lab: Lab, readonly options: SiteOptions) {}

  static async up(name: string, options: SiteOptions): Promise<Site> {
    const { hosts, tls: _tls, ...host } = options;
    const site = new Site(await labUp({ name, hosts, ...host }), options);
    await site.#prepare();
    return site;
  }

  async #prepare(): Promise<void> {
    if (this.options.tls) this.#tls = await installTls(this.lab);
    this.#state++;
  }

  /** Fresh hosts, and a manager that remembers nothing. */
  async reset(): Promise<void> {
    await this.lab.reset();
    await this.#prepare();
  }

  /** From here on another manager, which remembers nothing. */
  forget(): void {
    this.#state++;
  }

  get state(): string {
    return `${this.lab.dir}/state-${this.#state}`;
  }

  /** Writes a config that names these members; every host of the lab is under `nodes:` unless told. */
  async config(
    members: readonly string[],
    more: { readonly nodes?: readonly string[]; readonly policy?: object; readonly options?: object } = {},
  ): Promise<string> {
    const path = `${this.lab.dir}/quorate-${members.join("-")}-${crypto.randomUUID().slice(0, 8)}.yaml`;
    const nodes = this.lab.hosts.filter((h) => more.nodes?.includes(h.name) ?? true);
    const tls = this.#tls;
    await Deno.writeTextFile(
      path,
      stringify({
        version: 1,
        ssh: {
          user: "root",
          identityFiles: [`${this.lab.dir}/id_ed25519`],
          knownHosts: [`${this.lab.dir}/known_hosts`],
          connectTimeout: "3s",
        },
        nodes: Object.fromEntries(nodes.map((h) => [h.name, { host: h.address }])),
        services: {
          metadata: {
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
          },
        },
      }),
    );
    return path;
  }

  #argv(args: readonly string[]): string[] {
    return [Deno.execPath(), "run", "-A", "--no-check", MAIN, ...args];
  }

  /** Runs the tool to its end. */
  async quorate(config: string, ...args: string[]): Promise<Ran> {
    const [command = "status", ...rest] = args;
    const { code, stdout, stderr } = await this.lab.exec(
      this.#argv([command, "-c", config, "--state", this.state, ...rest]),
      { timeoutMs: 240_000 },
    );
    return { code, out: stdout, err: stderr };
  }

  /** Starts the tool; its pid is its own, so a signal hits it. */
  start(config: string, ...args: string[]): Running {
    const [command = "apply", ...rest] = args;
    return this.lab.spawn(this.#argv([command, "-c", config, "--state", this.state, ...rest]));
  }

  /** Applies, and expects this exit code; what the tool said is in the message of a failure. */
  async apply(config: string, code = 0): Promise<Ran> {
    const ran = await this.quorate(config, "apply", "-v");
    assert.equal(ran.code, code, `apply ended with ${ran.code}:\n${ran.err}\n${ran.out}`);
    return ran;
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
  async mustBe(...hosts: readonly string[]): Promise<void> {
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
  async revisions(): Promise<string> {
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
  async leader(among: readonly string[]): Promise<string> {
    for (const host of among) {
      const { out } = await this.etcdctl(host, "endpoint status");
      if (out.split(", ")[4] === "true") return host;
    }
    throw new Error(`none of ${among.join(", ")} leads`);
  }

  /** Waits until a host's etcd serves a linearizable read. */
  async serving(host: string): Promise<void> {
    await until(`${host} serves`, async () => (await this.etcdctl(host, "get witness")).code === 0, 30_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.down();
  }
}
