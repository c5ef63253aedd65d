/**
 * The hosts of a majority are lost, again and again: `recover` is killed after each of its steps, and right then a lost
 * host comes back with its old data, the others later. In the end there is one cluster of all hosts each time, with every
 * write that the chosen survivor had received; what is missing was acknowledged without it, as was said. More than CI has
 * time for: some minutes for each service and number of hosts.
 *
 * `deno task loss --service etcd-3.5 --hosts 5 --only ready,succeed`
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { until } from "../../lab/mod.ts";
import { Site } from "./kit.ts";
import type { Managed } from "./managed.ts";
import { Ensemble } from "./zookeeper_kit.ts";

/** What recover does, step by step; of three hosts only the survivor is left to be fenced. */
const STEPS = ["fence-other", "fence", "ready", "succeed", "start", "wait-quorum"] as const;
type Step = typeof STEPS[number];

/** Hosts of a lab of this name, and what their service is called in its config. */
type Up = (name: string, hosts: number) => Promise<readonly [Managed, string]>;
const etcd = (version: "3.4" | "3.5"): Up => async (name, hosts) => [
  await Site.up(name, { hosts, etcd: version }),
  "metadata",
];
const SERVICES: Readonly<Record<string, Up>> = {
  "etcd-3.4": etcd("3.4"),
  "etcd-3.5": etcd("3.5"),
  zookeeper: async (name, hosts) => [await Ensemble.up(name, hosts), "coordination"],
};

/** A config with which it is noticed soon who is gone. */
async function impatient(site: Managed, hosts: readonly string[]): Promise<string> {
  const config = await site.config(hosts, { policy: { deadAfter: "0s", stabilize: "0s" } });
  const text = await Deno.readTextFile(config);
  await Deno.writeTextFile(config, text.replace("connectTimeout: 3s", "connectTimeout: 1s"));
  return config;
}

/** One cluster, of which a majority is lost in each round. */
class Losses {
  readonly #all: readonly string[];
  /** Keys that were acknowledged, and that no recovery may cost. */
  readonly #kept: string[] = [];

  constructor(readonly site: Managed, readonly service: string, readonly config: string) {
    this.#all = site.lab.hosts.map((h) => h.name);
  }

  async #write(host: string, key: string): Promise<string> {
    await until(`${host} acknowledges ${key}`, () => this.site.note(host, key), 60_000);
    return key;
  }

  async round(step: Step): Promise<void> {
    const { lab } = this.site;
    const leader = await this.site.leader(this.#all);
    const [survivor = "", ...rest] = this.#all.filter((host) => host !== leader);
    const majority = Math.floor(this.#all.length / 2) + 1;
    const lost = [leader, ...rest.slice(0, majority - 1)];
    // Of five one more is left, which lags.
    const behind = rest.slice(majority - 1);

    // Hosts are switched off, not cut off: a cut that is healed delivers what a leader's host still holds for them.
    await Promise.all(behind.map((host) => lab.kill(host)));
    this.#kept.push(await this.#write(survivor, `received-${step}`));
    await lab.kill(survivor);
    const missed = await this.#write(leader, `missed-${step}`);
    await Promise.all(lost.map((host) => lab.kill(host)));
    await Promise.all([survivor, ...behind].map((host) => lab.boot(host)));

    await this.#killedAfter(step, survivor, behind, lost);
    const [first = "", ...others] = lost;
    await lab.boot(first);
    await until(`one cluster serves after ${step}`, async () => {
      await this.site.quorate(this.config, "apply");
      return await this.#serving(first, survivor);
    }, 180_000);
    await Promise.all(others.map((host) => lab.boot(host)));
    await until(`all are members again after ${step}`, async () => {
      const { code } = await this.site.quorate(this.config, "apply");
      await this.#serving(...others);
      return code === 0;
    }, 300_000);
    await this.#mustBeWhole(step, missed);
  }

  async #killedAfter(
    step: Step,
    survivor: string,
    behind: readonly string[],
    lost: readonly string[],
  ): Promise<void> {
    const args = ["--yes-lose-writes", ...lost.flatMap((host) => ["--gone", host]), "-o", "json"];
    await using running = this.site.start(this.config, "recover", this.service, ...args);
    const id = step === "wait-quorum"
      ? step
      : step === "fence-other"
      ? `fence:${behind[0]}`
      : `${step}:${survivor}`;
    await running.says(new RegExp(`"event":"stepDone","step":{"id":"${id}"`), 120_000);
    running.kill("SIGKILL");
    await running.exited;
    const said = running.stderr();
    assert.match(said, new RegExp(`begins with {2}the disk of ${survivor}, whose log goes to `));
    assert.match(said, new RegExp(`acknowledged and that ${survivor} never received`));
  }

  /** Whether the last of these acknowledges a write. What any of them acknowledges is to stay: so there are no two clusters. */
  async #serving(...hosts: readonly string[]): Promise<boolean> {
    const told = await Promise.all(hosts.map(async (host) => {
      const key = crypto.randomUUID();
      if (!await this.site.note(host, key)) return false;
      this.#kept.push(key);
      return true;
    }));
    return told.at(-1) ?? false;
  }

  async #mustBeWhole(step: Step, missed: string): Promise<void> {
    await this.site.mustBe(...this.#all);
    const again = await this.site.quorate(this.config, "apply");
    assert.deepEqual(again, { code: 0, out: "", err: "" }, "the next apply is silent");
    const there = await this.site.noted(this.#all[0] ?? "");
    assert.deepEqual(this.#kept.filter((key) => !there.has(key)), [], "writes that may not be lost");
    const before = step === "fence-other" || step === "fence";
    // When it had just been made ready, the command that decides may have been on its way.
    if (step !== "ready") {
      assert.equal(
        there.has(missed),
        before,
        "the old cluster goes on until it is decided, and not after that",
      );
    }
    if (there.has(missed)) this.#kept.push(missed);
    console.log(
      `killed after ${step}: ${
        there.has(missed) ? "the old cluster went on" : "a new one"
      }, nothing else lost`,
    );
  }
}

const { values } = parseArgs({
  options: {
    service: { type: "string", default: "zookeeper" },
    hosts: { type: "string", default: "5" },
    only: { type: "string", default: STEPS.join() },
  },
});
const up = SERVICES[values.service];
const only = values.only.split(",");
if (
  up === undefined || !["3", "5"].includes(values.hosts) || only.some((s) => !STEPS.some((one) => one === s))
) {
  console.error(
    `--service is one of ${Object.keys(SERVICES).join(", ")}; --hosts 3 or 5; --only some of ${
      STEPS.join(", ")
    }`,
  );
  Deno.exit(64);
}
const [site, service] = await up(
  `l${values.hosts}-${values.service.replaceAll(/[.-]/g, "")}`,
  Number(values.hosts),
);
await using _site = site;
const config = await impatient(site, site.lab.hosts.map((h) => h.name));
await site.apply(config);
const losses = new Losses(site, service, config);
for (const step of STEPS) {
  if (only.includes(step) && (step !== "fence-other" || values.hosts === "5")) await losses.round(step);
}
