/**
 * A run of `apply` that dies at a step, and what the next runs must make of it. The product has no hooks for this: a
 * test reads the events that `apply -o json` prints, and kills the process at the step that it waits for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Running, until } from "../../lab/mod.ts";
import type { Event } from "../../src/model/event.ts";
import type { Managed, Ran } from "./managed.ts";

/** As many runs may a timer have to start until everything is as the config says. */
const RUNS = 4;
/** Milliseconds from a step's start to the kill: its command is not sent yet, is under way, or is done. */
const DELAYS = [0, 0, 5, 15, 30, 60, 120, 300];

/** The run that converged has seen at its end that nothing differs: so one more run is asked for after some kills only. */
const SILENT_EACH = 4;

/** Where a run died. */
export interface Death {
  readonly step: string;
  readonly delayMs: number;
  /** The changes that the run has begun, and the steps of all of them. */
  readonly changes: number;
  readonly steps: number;
}

/** Which config is applied, and which members it names. */
export interface Goal {
  readonly config: string;
  readonly hosts: readonly string[];
}

/** One case of a matrix. */
export interface Leg {
  readonly name: string;
  /** As many changes does one run of it make. @default 1 */
  readonly changes?: number;
  /** Makes what there is to do for the k-th kill, and says what is applied. */
  readonly round: (k: number) => Promise<Goal>;
}

/** Kills by number, one cluster's worth of them. */
export class Crash {
  #seed: number;

  /** `each`: of how many steps one is killed at; more than 1 only for legs of one change. */
  constructor(readonly site: Managed, seed: number, readonly each = 1) {
    this.#seed = seed;
  }

  #random<T>(of: readonly T[]): T | undefined {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
    return of[(this.#seed >>> 8) % of.length];
  }

  /**
   * Kills a run at each step in turn (or at one of `each`), and after each kill lets runs finish what it began. Several
   * legs take turns, so that each finds what the one before has left; a leg that is through is applied without a kill.
   */
  async everyStep(...legs: readonly Leg[]): Promise<void> {
    const runs = legs.map((): number[] => []);
    const steps = legs.map(() => Infinity);
    for (let k = 1; k <= Math.max(...steps); k += this.each) {
      for (const [at, leg] of legs.entries()) {
        let goal = await leg.round(k);
        if (k > (steps[at] ?? 0)) {
          await this.converge(goal.config);
          continue;
        }
        let death = await this.killAt(goal.config, k);
        // It ended by itself between two changes, because something was not known just then: the next run goes on.
        for (let tries = 1; death === undefined; tries++) {
          assert(tries < RUNS, `${leg.name}: no run comes as far as step ${k}`);
          await this.converge(goal.config);
          goal = await leg.round(k);
          death = await this.killAt(goal.config, k);
        }
        const last = death.changes === (leg.changes ?? 1) && k + this.each > death.steps;
        try {
          await this.#afterDeath(goal);
          runs[at]?.push(await this.converge(goal.config));
          await this.landed(goal, k % SILENT_EACH === 0 || last);
        } catch (error) {
          const where = `${leg.name}, killed ${death.delayMs} ms into step ${k}, ${death.step}`;
          throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, { cause: error });
        }
        if (last) steps[at] = death.steps;
      }
    }
    for (const [at, { name }] of legs.entries()) {
      const kills = Math.ceil((steps[at] ?? 0) / this.each);
      assert.equal(runs[at]?.length, kills, `${name}: every kill was made`);
      console.log(
        `${name}: killed at ${kills} of ${steps[at]} steps; then ${Math.max(...runs[at] ?? [])} runs at most`,
      );
    }
  }

  /** Starts a run and kills it at its k-th step, counted over all of its changes; undefined when it ends before that. */
  async killAt(config: string, k: number): Promise<Death | undefined> {
    const begun = `"event":"step(?:Started|Skipped)"`;
    // There is one way only to match it: else it is tried in 2^k ways as long as there are fewer.
    const come = await this.#until(config, new RegExp(`^(?:(?:(?!${begun})[^])*${begun}){${k}}.*\n`));
    if (come === undefined) return undefined;
    const { running, said } = come;
    const delayMs = this.#random(DELAYS) ?? 0;
    if (delayMs > 0) await new Promise((r) => setTimeout(r, delayMs));
    running.kill("SIGKILL");
    await running.exited;
    const events = eventsOf(said);
    const lengths = events.flatMap((e) => e.event === "changeStarted" ? [e.steps.length] : []);
    const steps = lengths.reduce((sum, n) => sum + n, 0);
    const at = events.at(-1);
    assert(at !== undefined && "step" in at && typeof at.step !== "string");
    return { step: at.step.id, delayMs, changes: lengths.length, steps };
  }

  /** Starts a run that comes this far. On a machine that is busy a host may be too slow to be asked: then another one. */
  async #until(
    config: string,
    far: RegExp,
    tries = 1,
  ): Promise<{ readonly running: Running; readonly said: string } | undefined> {
    const running = this.site.start(config, "apply", "-o", "json");
    try {
      const [said] = await running.says(far, 120_000);
      return { running, said };
    } catch (error) {
      await running[Symbol.asyncDispose]();
      if (/"event":"changeDone"[^]*"outcome":"unfinished"/.test(running.stdout())) return undefined;
      if (tries === RUNS || running.stdout().includes('"changeStarted"')) throw error;
      return await this.#until(config, far, tries + 1);
    }
  }

  /** Runs until one ends with everything as desired; the number of runs that acted. */
  async converge(config: string): Promise<number> {
    const told: string[] = [];
    for (let runs = 1; runs <= RUNS; runs++) {
      let ran = await this.#run(config);
      // A command of the dead run that is still under way keeps its node's lock: the next minute's run is not hurt.
      await until("the locks of the dead run are free", async () => {
        if (ran.outcome !== "yielded") return true;
        ran = await this.#run(config);
        return ran.outcome !== "yielded";
      }, 60_000);
      told.push(ran.told);
      if (ran.code === 0) return runs;
    }
    throw new Error(`${RUNS} runs did not converge:\n${told.join("\n---\n")}`);
  }

  async #run(config: string) {
    const { code, out, err } = await this.site.quorate(config, "apply", "-o", "json");
    const events = eventsOf(out);
    const end = events.at(-1);
    assert(end?.event === "runEnded", `no end was told: ${code} ${out} ${err}`);
    const told = events.flatMap((e) =>
      e.event === "stepFailed"
        ? [`${e.step.id} on ${e.failure.on}: ${e.failure.what}: ${e.failure.output ?? ""}`]
        : e.event === "refused"
        ? e.refusals.map((r) => `${r.rule}: ${r.evidence}`)
        : []
    );
    return { code, outcome: end.outcome, told: [`${end.outcome}: ${end.why ?? ""}`, ...told].join("\n") };
  }

  /** Between the death and the next run: at most one cluster; and a client may have a write acknowledged. */
  async #afterDeath({ hosts: [host = ""] }: Goal): Promise<void> {
    await this.oneCluster();
    await this.write(host);
  }

  readonly #written: string[] = [];

  /** Writes a key where the cluster takes it; what it acknowledges must be there from then on. */
  async write(host: string): Promise<void> {
    const key = crypto.randomUUID();
    if (await this.site.note(host, key)) this.#written.push(key);
  }

  /** A new cluster: the old one's keys are not to be expected. */
  forget(): void {
    this.#written.length = 0;
    this.site.forget();
  }

  /** Exactly these members, healthy, in one cluster; no key lost; nothing left behind; then the next apply silent. */
  async landed({ config, hosts }: Goal, then = true): Promise<void> {
    await this.site.mustBe(...hosts);
    assert.equal(
      (await this.oneCluster()).length,
      hosts.length,
      "the service runs on the members, and nowhere else",
    );
    assert.deepEqual(await this.#intents(), [], "hosts with the intent of an unfinished bootstrap");
    const kept = await this.site.noted(hosts[0] ?? "");
    assert.deepEqual(this.#written.filter((key) => !kept.has(key)), [], "acknowledged writes that were lost");
    if (!then) return;
    const again: Ran = await this.site.quorate(config, "apply");
    assert.deepEqual(again, { code: 0, out: "", err: "" }, "the next apply is silent");
  }

  /** The hosts on which the service runs; all that say so are of one cluster. */
  async oneCluster(): Promise<readonly string[]> {
    const running = await this.site.running();
    const clusters = new Set(running.flatMap(({ cluster }) => cluster ?? []));
    assert(clusters.size <= 1, `two clusters: ${JSON.stringify(running)}`);
    return running.map(({ name }) => name);
  }

  /** The hosts on which the intent of a bootstrap lies. */
  async #intents(): Promise<readonly string[]> {
    const said = await Promise.all(this.site.lab.hosts.map(async ({ name }) => {
      const { code } = await this.site.lab.on(name, "ls /var/lib/quorate/*/intent").catch(() => ({
        code: 1,
      }));
      return code === 0 ? [name] : [];
    }));
    return said.flat();
  }
}

/** Events of NDJSON; a line that a kill cut off is left out. */
export const eventsOf = (out: string): readonly Event[] =>
  out.split("\n").slice(0, -1).map((line): Event => JSON.parse(line));
