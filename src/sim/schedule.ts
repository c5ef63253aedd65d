/**
 * One schedule: a cluster as it was found or none at all, managers on a timer, faults while they work; then the faults
 * end, and the runs have to come to what the config says, or to a refusal that stays.
 *
 * @module
 */
import { applyService } from "../engine/apply.ts";
import type { Case } from "../model/change.ts";
import type { Happening, Outcome } from "../model/event.ts";
import type { HostNode, RecordedMember } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Service } from "../playbook/plugin.ts";
import { begin } from "./beginning.ts";
import { Edited } from "./edits.ts";
import { strike } from "./faults.ts";
import type { Host } from "./host.ts";
import { begins, completes } from "./judge.ts";
import { Manager, Run } from "./manager.ts";
import { Random } from "./random.ts";
import { beyondRestart, startable, type Truth, untrue } from "./reasons.ts";
import { told } from "./story.ts";
import type { Model } from "./model.ts";
import { World } from "./world.ts";

/** What is simulated: a service of a config, its nodes in memory instead of its hosts. */
export interface Subject {
  readonly service: Service;
  readonly target: Target;
  readonly model: Model;
}

export interface Schedule {
  readonly seed: number;
  readonly violation: { readonly invariant: string; readonly story: string } | undefined;
  readonly outcome: Outcome;
  readonly refusals: readonly Refusal[];
  readonly runs: number;
  /** How often each kind of thing went wrong. */
  readonly faults: Readonly<Record<string, number>>;
  /** How many runs ended so. */
  readonly ends: Readonly<Record<string, number>>;
  /** Rules that ended runs, with how many runs each. */
  readonly rules: Readonly<Record<string, number>>;
  readonly changes: number;
  readonly writes: number;
  readonly trace: readonly string[];
}

const FAULTS_MS = 150_000;
/** Pauses between the runs after the faults; the last one, longer than any backoff between tries, comes again. */
const PAUSES_MS = [5_000, 15_000, 15_000, 30_000, 60_000, 120_000, 240_000, 480_000];
const LAST_PAUSE_MS = 700_000;
/** Each of several changes may be tried in vain, one after the other. */
const MOST_RUNS = 30;
const RUN_MS = 3_600_000;

/** Plays one seed to its end. The same seed gives the same trace, byte for byte. */
export async function playSchedule(subject: Subject, seed: number): Promise<Schedule> {
  const played = new Played(subject, seed);
  await played.play();
  return played.result(seed);
}

class Played {
  readonly #random: Random;
  readonly #world: World;
  readonly #managers = [new Manager("manager"), new Manager("another")];
  readonly #config: Edited;
  #outcome: Outcome = "failed";
  #refusals: readonly Refusal[] = [];
  #runs = 0;
  #changes = 0;
  #faulty = false;
  /** Of the last run. */
  #target: Target;
  readonly #ends = new Map<string, number>();
  readonly #rules = new Map<string, number>();
  /** Runs that failed at a change, by manager and change. */
  readonly #failed = new Map<string, number>();

  constructor(readonly subject: Subject, seed: number) {
    this.#random = new Random(seed);
    const version = this.#random.pick(subject.model.versions) ?? "";
    this.#world = new World(
      this.#random.fork(),
      subject.target.nodes,
      subject.model,
      version,
      subject.service.dataDir,
    );
    this.#target = subject.target;
    this.#config = new Edited(this.#world, this.#random, subject.target.desired);
  }

  async play(): Promise<void> {
    const random = this.#random;
    const world = this.#world;
    begin(world, random, this.#config.desired);
    const faulty = this.#faulty = !random.percent(10);
    this.#writeOn();
    if (!await this.#settle(1_500)) return;
    const end = world.time.now + FAULTS_MS;
    if (faulty) this.#misfortune(end);
    const edits = random.int(0, 3);
    for (let i = 0; i < edits; i++) world.time.after(random.int(0, FAULTS_MS), () => this.#config.edit());
    while (world.time.now < end) {
      const [one, other] = this.#managers;
      if (one === undefined || other === undefined) return;
      const runs = [this.#run(one, faulty)];
      if (random.percent(15)) {
        world.count("two managers at once");
        runs.push(this.#run(other, faulty));
      }
      if (!await this.#until(runs, RUN_MS) || !await this.#settle(random.int(1_000, 20_000))) return;
    }
    world.tell("-", "the faults end");
    this.#config.paused = false;
    for (const mend of [...world.mends]) mend();
    await this.#converge();
  }

  result(seed: number): Schedule {
    const world = this.#world;
    return {
      seed,
      violation: world.violation,
      outcome: this.#outcome,
      refusals: this.#refusals,
      runs: this.#runs,
      faults: Object.fromEntries(world.faults),
      ends: Object.fromEntries(this.#ends),
      rules: Object.fromEntries(this.#rules),
      changes: this.#changes,
      writes: world.writes,
      trace: world.trace,
    };
  }

  /** Runs until nothing is left to do, or until the same refusal has outlasted every backoff. */
  async #converge(): Promise<void> {
    const [manager] = this.#managers;
    const world = this.#world;
    let before = "";
    for (let runs = 0; runs < MOST_RUNS; runs++) {
      if (manager === undefined) return;
      const changes = this.#changes;
      const fault = world.lastFault;
      const pause = PAUSES_MS[runs] ?? LAST_PAUSE_MS;
      if (!await this.#until([this.#run(manager, false)], RUN_MS) || !await this.#settle(pause)) return;
      // A disk may be mounted late, under a member that then ends.
      if (this.#outcome === "steady" && changes === this.#changes && fault === world.lastFault) break;
      const said = this.#refusals.map((r) => r.evidence).join("\n");
      // The same refusal after the longest pause stays.
      if (pause === LAST_PAUSE_MS && said !== "" && said === before) break;
      before = said;
    }
    this.#judgeEnd(world.record());
  }

  #judgeEnd(record: readonly RecordedMember[] | undefined): void {
    const world = this.#world;
    const wanted = this.#config.desired.map((n) => n.name).sort().join(" ");
    const are = record?.map((m) =>
      world.nodes.find((n) => m.peerUrls.includes(world.model.peerUrl(n)))?.name ?? "?"
    );
    if (this.#outcome === "steady") {
      if (are?.sort().join(" ") !== wanted || record?.some((m) => m.role !== "voter")) {
        world.violate(
          "steady means as desired",
          `recorded: ${are?.join(" ") ?? "nobody"}; desired: ${wanted}`,
        );
      }
      // Of what nobody can tell whose it is, the service itself will, as soon as it runs again.
      const left = [...world.hosts.values()].find(({ own: { disk } }) =>
        disk?.clusterId !== "" &&
        disk?.realm === world.leaders()[0]?.disk.realm && !disk?.pristine &&
        record?.every((m) => m.id !== disk?.memberId)
      );
      if (left !== undefined) {
        world.violate(
          "who was removed does not come back",
          `${left.name} still holds the data of member ${left.own.disk?.memberId}`,
        );
      }
      return;
    }
    const wrong = this.#refusals.map((r) => untrue(r, this.#truth())).find((why) => why !== undefined);
    if (this.#outcome === "failed" && beyondRestart(this.#truth())) return;
    const refused = this.#outcome === "refused" || this.#outcome === "quorumLost";
    if (!refused || this.#refusals.length === 0 || wrong !== undefined) {
      const which = this.#refusals.map((r) => `${r.rule}: ${r.evidence}`).join("; ");
      world.violate(
        "after the faults the config is reached, or a true reason told",
        `${this.#outcome}${
          wrong === undefined ? ` ${which}` : `, and ${wrong} (${startable(this.#truth()) ?? which})`
        }`,
      );
    }
  }

  #truth(manager = this.#managers[0]): Truth {
    const own = `${manager?.name} `;
    const failed = [...this.#failed].filter(([key]) => key.startsWith(own)).map(([key, count]) =>
      [key.slice(own.length), count] as const
    );
    return { world: this.#world, target: this.#target, failed: new Map(failed) };
  }

  // ---- what happens ------------------------------------------------------------------------------------------------

  #writeOn(): void {
    const world = this.#world;
    const again = (): void => {
      world.write();
      world.time.after(world.time.now > FAULTS_MS ? 20_000 : world.random.int(300, 1_500), again);
    };
    world.time.after(500, again);
  }

  #misfortune(end: number): void {
    const world = this.#world;
    const pause = world.random.pick([4_000, 12_000, 40_000]) ?? 0;
    const again = (): void => {
      if (world.time.now >= end) return;
      strike(world, this.#managers);
      world.time.after(world.random.int(pause / 4, 2 * pause), again);
    };
    world.time.after(world.random.int(0, 2 * pause), again);
  }

  async #run(manager: Manager, faulty: boolean): Promise<void> {
    const world = this.#world;
    const random = this.#random.fork();
    const { desired, paused } = this.#config;
    const id = ++this.#runs;
    const policy = { ...this.subject.target.policy, paused };
    const target: Target = { ...this.subject.target, desired, policy };
    const run = new Run(world, manager, random, `${id}`, target, (h) => this.#mayTouch(h, desired));
    const { deeds } = run;
    if (faulty) {
      run.lossPerMille = random.pick([0, 0, 20, 100]) ?? 0;
      if (random.percent(30)) run.diesAt = random.int(1, random.percent(50) ? 60 : 600);
    }
    const outside = run.outside();
    const before = new Set(world.registered);
    let undone = false;
    let refusals: readonly Refusal[] = [];
    let change = "";
    // A manager that is killed right after a failure may have remembered it.
    let failed = false;
    const fails = (): void => {
      if (!failed) more(this.#failed, `${manager.name} ${change}`);
      failed = true;
    };
    const emit = (h: Happening): void => {
      if (h.event === "refused") refusals = h.refusals;
      if (h.event === "quorumLost") refusals = [h.refusal];
      if (h.event === "changeStarted") {
        begins(world, deeds, h.case as Case);
        change = h.case === "replace" ? `add:${h.subject.split("→")[1]}` : `${h.case}:${h.subject}`;
      }
      if (h.event === "changeDone") completes(world, deeds);
      undone ||= h.event === "undone";
      if (h.event === "stepFailed" || (h.event === "runEnded" && h.outcome === "failed")) fails();
      const line = told(h);
      if (line !== undefined) world.tell(manager.name, line);
    };
    const stop = new AbortController();
    const applied = applyService({ service: this.subject.service, target, outside }, emit, stop.signal);
    const end = await Promise.race([applied, run.death]);
    if (end === undefined) return more(this.#ends, "killed");
    this.#changes += end.changed;
    this.#outcome = end.outcome;
    this.#refusals = refusals;
    this.#target = target;
    more(this.#ends, end.outcome);
    for (const rule of new Set(refusals.map((r) => r.rule))) more(this.#rules, rule);
    if (end.outcome === "steady") this.#failed.clear();
    if (end.outcome === "failed" && !undone && run.lossPerMille === 0) this.#judgeUndo(before);
    if (!this.#faulty && !["steady", "converged", "yielded"].includes(end.outcome)) {
      this.#judgeSmooth(manager, end.outcome);
    }
  }

  /** S13: whoever fails and can still reach everybody takes back what it has registered. */
  #judgeUndo(before: ReadonlySet<string>): void {
    const world = this.#world;
    const all = [...world.hosts.keys()];
    if (!all.every((a) => this.#managers.every((m) => world.linked(a, m.name)))) return;
    const left = world.record()?.find((m) =>
      m.role === "learner" && world.registered.has(m.id) && !before.has(m.id)
    );
    if (left !== undefined) {
      world.violate("a join that failed is taken back", `${left.id} is left as a learner`);
    }
  }

  /** Where nothing goes wrong nothing is refused or fails. */
  #judgeSmooth(manager: Manager, outcome: Outcome): void {
    const wrong = this.#refusals.map((r) => untrue(r, this.#truth(manager))).find((why) => why !== undefined);
    if (this.#refusals.length > 0 && wrong === undefined) return;
    this.#world.violate("without faults every run reaches the config", `${outcome}, ${wrong ?? ""}`);
  }

  #mayTouch(h: Host, desired: readonly HostNode[]): boolean {
    const url = this.#world.model.peerUrl(h.node);
    return desired.some((n) => n.name === h.name) || h.own.disk !== undefined || h.own.aside.length > 0 ||
      h.marks.size > 0 ||
      this.#world.recorded.has(url);
  }

  /** Lets time pass until these runs have ended. */
  async #until(runs: readonly Promise<void>[], limitMs: number): Promise<boolean> {
    const world = this.#world;
    const all = { ended: false };
    const ended = Promise.all(runs).then(() => {
      all.ended = true;
    });
    const inTime = await world.time.pass(
      () => all.ended || world.violation !== undefined,
      world.time.now + limitMs,
    );
    if (world.violation !== undefined) return false;
    if (!inTime) {
      world.violate("a run comes to its end", `it has not after ${limitMs / 60_000} minutes`);
      return false;
    }
    await ended;
    return true;
  }

  async #settle(ms: number): Promise<boolean> {
    const world = this.#world;
    const at = world.time.now + ms;
    await world.time.pass(() => world.time.now >= at || world.violation !== undefined, at);
    return world.violation === undefined;
  }
}

function more(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
