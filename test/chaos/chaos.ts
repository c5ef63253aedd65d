/**
 * Chaos on real hosts: etcd under clients that write and read, faults and config edits drawn from one seed, `apply` on
 * a timer and killed at random. At the end all is healed, and then the cluster has to be as the config says and what the
 * clients saw has to be linearizable. What is drawn follows from the seed; when it hits is up to the machine.
 *
 * @module
 */
import type { EtcdVersion, Running } from "../../lab/mod.ts";
import { Random } from "../../src/sim/random.ts";
import { Site } from "../lab/kit.ts";
import { concerned, isWhole, mayDesire, mayDisturb, type Standing } from "./budget.ts";
import type { Line, Sight } from "./client.ts";
import { cure, draw, type Fault, inject, loses, onMembersOnly } from "./faults.ts";
import { count, judged, type Report, tally, writesOf } from "./report.ts";
import { Timer } from "./timer.ts";

export interface ChaosOptions {
  /** The lab's name. */
  readonly name: string;
  readonly minutes: number;
  readonly seed: number;
  readonly etcd: EtcdVersion;
  /** What happens, as it happens. */
  readonly say: (line: string) => void;
}

const CLIENT = new URL("./client.ts", import.meta.url).pathname;
const CLIENTS = 5;
const PAUSE_MS = 60;
/** What was disturbed is well again when it serves for this long after the last that was done to it. */
const WELL_MS = 4_000;
/** After all is healed the members have to be as desired within this. */
const DRAWS = 8;
const CONVERGE_MS = 300_000;

interface Hurt {
  readonly fault: Fault;
  readonly cureAt: number;
  cured: boolean;
  /** When it was last touched. */
  since: number;
}

/** Runs chaos to its end and reports. */
export async function chaos(options: ChaosOptions): Promise<Report> {
  await using site = await Site.up(options.name, { hosts: 5, etcd: options.etcd });
  return await new Chaos(site, options).run();
}

class Chaos {
  readonly #random: Random;
  readonly #hosts: readonly string[];
  readonly #hurt = new Map<string, Hurt>();
  readonly #faults: string[] = [];
  readonly #edits: string[] = [];
  readonly #wrong: string[] = [];
  #desired: readonly string[] = ["n1", "n2", "n3"];
  #settings: Readonly<Record<string, string>> = {};
  #config = "";
  #began = 0;
  #clients: Running | undefined;

  constructor(readonly site: Site, readonly options: ChaosOptions) {
    this.#random = new Random(options.seed);
    this.#hosts = site.lab.hosts.map((h) => h.name);
  }

  async run(): Promise<Report> {
    const { site, options } = this;
    const [chance, luck, clients] = [this.#random.fork(), this.#random.fork(), this.#random.int(1, 1e9)];
    await this.#write();
    await site.apply(this.#config);
    const history = `${site.lab.dir}/history`;
    const urls = this.#hosts.map((h) => `${h}=${site.url(h)}`);
    const argv = [history, clients, CLIENTS, PAUSE_MS, ...urls].map(String);
    await using running = site.lab.spawn([Deno.execPath(), "run", "-A", "--no-check", CLIENT, ...argv]);
    this.#clients = running;
    await running.says(/\n/);

    this.#began = performance.now();
    const timer = new Timer(site, luck, () => this.#config, (line) => this.#say(line));
    try {
      await this.#storm(chance, options.minutes * 60_000);
    } finally {
      await timer.stop();
    }
    await this.#healAll();
    const convergedAfterMs = await this.#converge(timer);
    await this.#mustBeWhole();
    running.kill("SIGTERM");
    const { code, stderr } = await running.exited;
    if (code !== 0) this.#wrong.push(`the clients ended with ${code}: ${stderr}`);
    const lines = (await Deno.readTextFile(history)).trimEnd().split("\n").map((line): Line =>
      JSON.parse(line)
    );
    const clusters = this.#sight()?.clusters ?? [];
    if (clusters.length !== 1) {
      this.#wrong.push(`clients were answered by the clusters ${clusters.join(", ")}`);
    }
    const writes = writesOf(lines);
    if (writes.lost > 0) this.#wrong.push(`${writes.lost} acknowledged writes were lost`);
    return {
      seed: options.seed,
      etcd: options.etcd,
      minutes: options.minutes,
      faults: tally(this.#faults),
      edits: tally(this.#edits),
      runs: tally(timer.ends),
      begun: count(timer.events, "changeStarted"),
      completed: count(timer.events, "changeDone"),
      convergedAfterMs,
      members: this.#desired,
      writes,
      wrong: [...this.#wrong, ...timer.ends.filter((end) => end.startsWith("broken")), ...judged(lines)],
    };
  }

  #say(line: string): void {
    this.options.say(`${((performance.now() - this.#began) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  }

  /** What the clients saw last. */
  #sight(): Sight | undefined {
    const said = this.#clients?.stdout().slice(-10_000).split("\n").at(-2);
    return said === undefined ? undefined : JSON.parse(said);
  }

  #standing(sight: Sight | undefined): Standing {
    // A member that never started has no name yet, so it is known by its peer URL.
    const host = (name: string) => this.#hosts.find((h) => h === name || this.#peerUrl(h) === name) ?? name;
    const named = (learner: boolean) =>
      sight?.members?.filter((m) => m.learner === learner).map((m) => host(m.name));
    return {
      voters: named(false),
      learners: named(true) ?? [],
      desired: this.#desired,
      serve: sight?.serve ?? [],
      hurt: new Map([...this.#hurt].map(([h, { fault }]) => [h, loses(fault.kind)])),
    };
  }
  #peerUrl(host: string): string {
    return this.site.url(host).replace(/2379$/, "2380");
  }

  async #storm(chance: Random, forMs: number): Promise<void> {
    const now = () => performance.now() - this.#began;
    let faultAt = 2_000, editAt = 5_000;
    while (now() < forMs) {
      for (const [host, h] of [...this.#hurt]) if (!h.cured && now() > h.cureAt) await this.#cure(host, h);
      const sight = this.#sight();
      this.#release(this.#standing(sight), now());
      if (now() > faultAt) {
        const standing = this.#standing(sight);
        // What a quorum would not survive is drawn again.
        for (let tries = 0; tries < DRAWS; tries++) {
          const whole = isWhole(standing) && standing.hurt.size === 0;
          if (await this.#disturb(draw(chance, this.#hosts, sight?.leader, whole), standing, now())) break;
        }
        faultAt = now() + chance.int(500, 4_000);
      }
      if (now() > editAt) {
        await this.#edit(chance, this.#standing(this.#sight()));
        editAt = now() + chance.int(8_000, 30_000);
      }
      await new Promise((r) => setTimeout(r, 200));
    }
  }

  /** Whether it was done. */
  async #disturb(fault: Fault, s: Standing, now: number): Promise<boolean> {
    const { kind, host, other } = fault;
    const fits = !onMembersOnly(kind) || s.voters?.includes(host) === true;
    if (!fits || !mayDisturb(s, host, loses(kind))) return false;
    const path = kind === "one pair cut" || kind === "deaf one way" ? ` (${other})` : "";
    this.#say(`${host} ${kind}${path}, ${Math.round(fault.forMs / 1000)} s`);
    this.#faults.push(kind);
    const hurt: Hurt = { fault, cureAt: now + fault.forMs, cured: false, since: Infinity };
    this.#hurt.set(host, hurt);
    await inject(this.site.lab, fault);
    hurt.since = performance.now() - this.#began;
    return true;
  }

  async #cure(host: string, hurt: Hurt): Promise<void> {
    this.#say(`${host} ${hurt.fault.kind} is over`);
    await cure(this.site.lab, hurt.fault);
    hurt.cured = true;
    hurt.since = performance.now() - this.#began;
    // What proves whose the disk was went with it: an operator takes the host out of the config.
    if (hurt.fault.kind === "disk lost") await this.#takeOut(host);
  }

  /** Who serves again, or has nothing to do with the service any more, may be disturbed again. */
  #release(s: Standing, now: number): void {
    for (const [host, h] of this.#hurt) {
      if (!h.cured || now - h.since < WELL_MS || s.voters === undefined) continue;
      if (concerned(s).includes(host) && !s.serve.includes(host)) continue;
      this.#hurt.delete(host);
    }
  }

  // ---- the operator ------------------------------------------------------------------------------------------------

  async #write(): Promise<void> {
    const policy = { stabilize: "1s", deadline: "90s" };
    this.#config = await this.site.config(this.#desired, { policy, options: { env: this.#settings } });
  }

  async #edit(chance: Random, s: Standing): Promise<void> {
    const kind = chance.weighted([[3, "grow"], [3, "shrink"], [4, "replace"], [2, "settings"]]) ?? "grow";
    const away = this.#hosts.filter((h) => !this.#desired.includes(h));
    const [come, go] = [chance.pick(away), chance.pick(this.#desired)];
    if (kind === "settings") {
      this.#settings = { ETCD_SNAPSHOT_COUNT: `${chance.int(2, 9)}0000` };
      return await this.#publish(kind, this.#desired);
    }
    const next = [
      ...this.#desired.filter((h) => kind === "grow" || h !== go),
      ...(kind === "shrink" || come === undefined ? [] : [come]),
    ];
    if (next.length === this.#desired.length && kind !== "replace") return;
    if (mayDesire(s, next)) await this.#publish(kind, next);
  }

  async #takeOut(host: string): Promise<void> {
    if (!this.#desired.includes(host)) return;
    const rest = this.#desired.filter((h) => h !== host);
    const spare = this.#hosts.find((h) => !this.#desired.includes(h) && !this.#hurt.has(h));
    await this.#publish(
      "lost disk replaced",
      rest.length >= 3 || spare === undefined ? rest : [...rest, spare],
    );
  }

  async #publish(kind: string, members: readonly string[]): Promise<void> {
    this.#desired = members;
    this.#edits.push(kind);
    this.#say(
      `config: ${kind}: ${members.join(", ")}${
        kind === "settings" ? `, ${Object.values(this.#settings)}` : ""
      }`,
    );
    await this.#write();
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  async #healAll(): Promise<void> {
    for (const [host, hurt] of this.#hurt) if (!hurt.cured) await this.#cure(host, hurt);
    await this.site.lab.heal();
  }

  /** Runs `apply` as a timer does until it finds nothing to do. */
  async #converge(timer: Timer): Promise<number> {
    const began = performance.now();
    for (;;) {
      const end = await timer.once();
      if (end === "steady") return Math.round(performance.now() - began);
      if (performance.now() - began > CONVERGE_MS) {
        const last = timer.events.at(-1);
        const why = last?.event === "runEnded" ? last.why ?? "" : "";
        this.#wrong.push(`not converged after ${CONVERGE_MS / 1000} s: ${end}: ${why}`);
        return CONVERGE_MS;
      }
      await new Promise((r) => setTimeout(r, 1_000));
    }
  }

  async #mustBeWhole(): Promise<void> {
    try {
      await this.site.mustBe(...this.#desired);
      await this.site.mustBeSteady(this.#config);
    } catch (error) {
      this.#wrong.push(
        `the cluster is not as the config says: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}
