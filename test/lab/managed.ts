/**
 * What tests of any service on real hosts share: a lab, the tool as a process, and the questions that the service's own
 * client answers as a witness.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { Lab, Running } from "../../lab/mod.ts";

export const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Policy for tests: quick, and without waits that a test does not look at. */
export const policy = { stabilize: "300ms", deadline: "3m" };

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface More {
  readonly policy?: object;
  readonly options?: object;
}

/** Where a process of the service runs, and of which cluster it is, as far as it tells. */
export interface Serving {
  readonly name: string;
  readonly cluster?: string;
}

/** Hosts with one service on them, whose members the tool keeps. */
export abstract class Managed implements AsyncDisposable {
  abstract readonly unit: string;
  /** The data directory. */
  abstract readonly data: string;
  /** Shell text with which a host that lost its disk would start all the same, where the service lets it. */
  opened(): string {
    return ":";
  }
  #state = 0;

  constructor(readonly lab: Lab) {}

  /** From here on another manager, which remembers nothing. */
  forget(): void {
    this.#state++;
  }

  get state(): string {
    return `${this.lab.dir}/state-${this.#state}`;
  }

  /** Writes a config that names these members; every host of the lab is under `nodes:` unless told. */
  abstract config(members: readonly string[], more?: More): string | Promise<string>;

  protected writeConfig(
    members: readonly string[],
    services: object,
    nodes: readonly string[] = this.lab.hosts.map((h) => h.name),
  ): string {
    const { dir, hosts } = this.lab;
    const path = `${dir}/quorate-${members.join("-")}-${crypto.randomUUID().slice(0, 8)}.yaml`;
    const config = {
      version: 1,
      ssh: {
        user: "root",
        identityFiles: [`${dir}/id_ed25519`],
        knownHosts: [`${dir}/known_hosts`],
        connectTimeout: "3s",
      },
      nodes: Object.fromEntries(
        hosts.filter((h) => nodes.includes(h.name)).map((h) => [h.name, { host: h.address }]),
      ),
      services,
    };
    Deno.writeTextFileSync(path, stringify(config));
    return path;
  }

  #argv(command: string, config: string, args: readonly string[]): string[] {
    const program = [Deno.execPath(), "run", "-q", "-A", "--no-check", MAIN];
    return [...program, command, "-c", config, "--state", this.state, ...args];
  }

  /** Runs the tool to its end. */
  async quorate(config: string, command: string, ...args: string[]): Promise<Ran> {
    const { code, stdout, stderr } = await this.lab.exec(this.#argv(command, config, args), {
      timeoutMs: 240_000,
    });
    return { code, out: stdout, err: stderr };
  }

  /** Starts the tool; its pid is its own, so a signal hits it. */
  start(config: string, command: string, ...args: string[]): Running {
    return this.lab.spawn(this.#argv(command, config, args));
  }

  /** Applies, and expects this exit code; what the tool said is in the message of a failure. */
  async apply(config: string, code = 0): Promise<Ran> {
    const ran = await this.quorate(config, "apply", "-v");
    assert.equal(ran.code, code, `apply ended with ${ran.code}:\n${ran.err}\n${ran.out}`);
    return ran;
  }

  /** When each host's unit last started, and its files: what a run that changes nothing leaves alone. */
  abstract revisions(): Promise<string>;

  /** Exactly these members, all of them voters, each serving what a majority has confirmed; one cluster. */
  abstract mustBe(...hosts: readonly string[]): Promise<void>;

  /** The host whose member leads. */
  abstract leader(among: readonly string[]): Promise<string>;

  /** The hosts on which the service runs. */
  abstract running(): Promise<readonly Serving[]>;

  /** Writes a key through this host's member; whether that was acknowledged. A lost answer is not waited for long. */
  abstract note(host: string, key: string): Promise<boolean>;

  /** The keys that `note` has written, by a linearizable read through this host's member. */
  abstract noted(host: string): Promise<ReadonlySet<string>>;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.down();
  }
}
