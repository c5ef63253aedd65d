/**
 * What tests of adoption share: a cluster that was built by hand, and the person who takes it over as docs/adopt.md says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import type { Lab } from "../../lab/mod.ts";
import { shellOf } from "../docs.ts";
import { runTool } from "./kit.ts";
import type { Ran } from "./managed.ts";

const PAGE = shellOf(await Deno.readTextFile(new URL("../../docs/adopt.md", import.meta.url))).flatMap((s) =>
  s.text.trim().split("\n")
);

export const THREE = ["n1", "n2", "n3"];

/** A cluster on the first three of five hosts, and the person who adopts it. */
export abstract class Theirs implements AsyncDisposable {
  /** The plugin, after which the service in the config is called. */
  abstract readonly plugin: string;

  constructor(readonly lab: Lab) {}

  /** What SSH needs is in the person's own ssh_config, as always. */
  async home(): Promise<void> {
    const { dir } = this.lab;
    await Deno.mkdir(`${dir}/.ssh`, { recursive: true });
    await Deno.writeTextFile(
      `${dir}/.ssh/config`,
      `Host *\n  User root\n  IdentityFile ${dir}/id_ed25519\n  UserKnownHostsFile ${dir}/known_hosts\n`,
    );
  }

  address(host: string): string {
    return this.lab.hosts.find((h) => h.name === host)?.address ?? host;
  }
  get config(): string {
    return `${this.lab.dir}/quorate.yaml`;
  }

  quorate(...args: readonly string[]): Promise<Ran> {
    return runTool(this.lab, args, this.lab.dir);
  }

  /** A line of docs/adopt.md, typed in the folder where the config is. */
  type(line: string, ...more: readonly string[]): Promise<Ran> {
    const [program, ...args] = line.split(" ");
    assert.equal(program, "quorate", line);
    return this.quorate(...args, ...more);
  }

  async apply(): Promise<Ran> {
    const ran = await this.quorate("apply", "-v", "-c", this.config);
    assert.equal(ran.code, 0, `apply ended with ${ran.code}:\n${ran.err}\n${ran.out}`);
    return ran;
  }

  /** The person edits `members:`, adding what the config does not know yet under `nodes:`. */
  async edit(...members: readonly string[]): Promise<void> {
    const text = await Deno.readTextFile(this.config);
    const known = Object.keys(parse(text).nodes);
    const fresh = members.filter((m) => !known.includes(m)).map((m) =>
      `  ${m}: { host: ${this.address(m)} }\n`
    );
    await Deno.writeTextFile(
      this.config,
      text.replace("\nservices:", `${fresh.join("")}\nservices:`)
        .replace(/members: \[.*\]/, `members: [${members.join(", ")}]`)
        .replace(
          new RegExp(`(\\n {2}${this.plugin}:\\n)`),
          "$1    policy: { stabilize: 300ms, deadline: 2m }\n",
        ).replace(/(policy: .*\n)\s+policy: .*\n/, "$1"),
    );
  }

  /** Exactly these hosts hold a started voter, each serves, and what was written before all this is there. */
  abstract mustBe(...hosts: readonly string[]): Promise<void>;

  /** Shell text: when each process started, and every file but its own data. */
  protected abstract readonly trace: string;
  /** Who the members are. */
  protected abstract members(host: string): Promise<string>;

  /** What an adoption leaves alone. */
  async traces(hosts: readonly string[]): Promise<string> {
    const said = await Promise.all(hosts.map((host) => this.lab.must(host, this.trace)));
    return `${said.join("\n")}\n` + await this.members(hosts[0] ?? "");
  }

  /**
   * The adoption itself, from one host's name. `effects`: of the first plan's steps; `written`: lines of traces that the
   * first apply may change; `more`: what the person types besides.
   */
  async adopted(
    { effects = ["latches", "latches", "latches"], written = /^\/var\/lib\/quorate\/.*\n/gm, more = [] }: {
      readonly effects?: readonly string[];
      readonly written?: RegExp;
      readonly more?: readonly string[];
    } = {},
  ): Promise<string> {
    const before = await this.traces(THREE);
    const [init = "", plan = "", apply = "", ...rest] = PAGE;
    assert.deepEqual(rest, [], "every line of the page is typed here");
    const made = await this.type(init, ...more);
    assert.equal(made.code, 0, made.err);
    assert.match(made.err, /the first `quorate apply` would only latch n\d, n\d, n\d:/);
    assert.equal(await this.traces(THREE), before, "init leaves nothing behind");

    const planned = JSON.parse((await this.type(plan, "-o", "json")).out);
    const [{ changes, refusals }] = planned.services;
    assert.deepEqual(refusals, []);
    assert.deepEqual(
      changes.flatMap((c: { steps: { effect: string }[] }) => c.steps.map((s) => s.effect)),
      effects,
    );

    const applied = await this.type(apply, "-v");
    assert.equal(applied.code, 0, applied.err);
    assert.doesNotMatch(applied.err, /restart|register|remove/i);
    assert.equal(
      (await this.traces(THREE)).replace(written, ""),
      before.replace(written, ""),
      "apply leaves latches and nothing else",
    );
    const again = await this.type(apply);
    assert.deepEqual(again, { code: 0, out: "", err: "" });
    return made.err;
  }

  /** As any other cluster: four members, then the first host gives way to the fifth, then three. */
  async lives(): Promise<void> {
    await this.edit("n1", "n2", "n3", "n4");
    await this.apply();
    await this.mustBe("n1", "n2", "n3", "n4");
    await this.edit("n5", "n2", "n3", "n4");
    await this.apply();
    await this.mustBe("n5", "n2", "n3", "n4");
    await this.edit("n5", "n3", "n4");
    await this.apply();
    await this.mustBe("n5", "n3", "n4");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.down();
  }
}
