/**
 * One schedule: a cluster as it was found or none at all, managers on a timer, faults while they work; then the faults
 * end, and the runs have to come to what the config says, or to a refusal that stays.
 *
 * @module
 */
import { applyService } from "../engine/apply.ts";
import type { Happening, Outcome } from "../model/event.ts";
import type { HostNode, RecordedMember } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Service } from "../playbook/plugin.ts";
import { strike } from "./faults.ts";
import type { Host } from "./host.ts";
import { Manager, Run } from "./manager.ts";
import { idOf, Random } from "./random.ts";
import { isTrue } from "./reasons.ts";
import { told } from "./story.ts";
import { type Wiring, World } from "./world.ts";

/** What is simulated: a service of a config, its nodes in memory instead of its hosts. */
export interface Subject {
  readonly service: Service;
  readonly target: Target;
  readonly wiring: Wiring;
}

export interface Schedule {
  readonly seed: number;
  readonly violation: { readonly invariant: string; readonly story: string } | undefined;
  readonly outcome: Outcome;
  readonly refusals: readonly Refusal[];
  readonly runs: number;
  readonly faults: number;
  readonly changes: number;
  readonly writes: number;
  readonly trace: readonly string[];
}

const FAULTS_MS = 150_000;
/** The last of the pauses between runs that a refusal has to outlast: longer than any backoff between tries. */
const PAUSES_MS = [
  5_000,
  15_000,
  15_000,
  30_000,
  60_000,
  120_000,
  240_000,
  480_000,
  700_000,
  700_000,
  700_000,
];
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
  #desired: readonly HostNode[];
  #outcome: Outcome = "failed";
  #refusals: readonly Refusal[] = [];
  #runs = 0;
  #changes = 0;
  #faults = 0;
  #faulty = false;

  constructor(readonly subject: Subject, seed: number) {
    this.#random = new Random(seed);
    const version = this.#random.pick(["3.4", "3.5"] as const) ?? "3.5";
    this.#world = new World(this.#random.fork(), subject.target.nodes, subject.wiring, version);
    this.#desired = subject.target.desired;
  }

  async play(): Promise<void> {
    const random = this.#random;
    const world = this.#world;
    if (random.percent(75)) this.#form(this.#desired);
    else if (random.percent(30)) {
      for (const h of world.hosts.values()) {
        if (random.percent(40)) world.start(h);
        h.unit.enabled = true;
      }
    }
    const faulty = this.#faulty = !random.percent(10);
    this.#writeOn();
    if (!await this.#settle(1_500)) return;
    const end = world.time.now + FAULTS_MS;
    if (faulty) this.#misfortune(end);
    const edits = random.int(0, 3);
    for (let i = 0; i < edits; i++) world.time.after(random.int(0, FAULTS_MS), () => this.#edit());
    while (world.time.now < end) {
      const [one, other] = this.#managers;
      if (one === undefined || other === undefined) return;
      const runs = [this.#run(one, faulty)];
      if (faulty && random.percent(15)) runs.push(this.#run(other, true));
      if (!await this.#until(runs, RUN_MS) || !await this.#settle(random.int(1_000, 20_000))) return;
    }
    world.tell("-", "the faults end");
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
      faults: this.#faults,
      changes: this.#changes,
      writes: world.writes,
      trace: world.trace,
    };
  }

  /** Runs until nothing is left to do, or until the same refusal has outlasted every backoff. */
  async #converge(): Promise<void> {
    const [manager] = this.#managers;
    const world = this.#world;
    for (const pause of PAUSES_MS) {
      if (manager === undefined) return;
      const changes = this.#changes;
      if (!await this.#until([this.#run(manager, false)], RUN_MS) || !await this.#settle(pause)) return;
      if (this.#outcome === "steady" && changes === this.#changes) break;
    }
    this.#judgeEnd(world.record());
  }

  #judgeEnd(record: readonly RecordedMember[] | undefined): void {
    const world = this.#world;
    const wanted = this.#desired.map((n) => n.name).sort().join(" ");
    const are = record?.map((m) =>
      world.nodes.find((n) => m.peerUrls.includes(world.wiring.peerUrl(n)))?.name ?? "?"
    );
    if (this.#outcome === "steady") {
      if (are?.sort().join(" ") !== wanted || record?.some((m) => m.role !== "voter")) {
        world.violate(
          "steady means as desired",
          `recorded: ${are?.join(" ") ?? "nobody"}; desired: ${wanted}`,
        );
      }
      return;
    }
    const why = this.#refusals[0];
    if (
      (this.#outcome !== "refused" && this.#outcome !== "quorumLost") || why === undefined ||
      !isTrue(why, world, this.#desired)
    ) {
      world.violate(
        "after the faults the config is reached, or a true reason told",
        `${this.#outcome}${why === undefined ? "" : ` by ${why.rule}: ${why.evidence}`}`,
      );
    }
  }

  // ---- what happens ------------------------------------------------------------------------------------------------

  /** A cluster that somebody built by hand: with settings of its own, and never seen by a manager. */
  #form(nodes: readonly HostNode[]): void {
    const { peerUrl } = this.#world.wiring;
    const cluster = nodes.map((n) => `${n.name}=${peerUrl(n)}`).join(",");
    for (const n of nodes) {
      const h = this.#world.host(n.name);
      h.env.set("ETCD_NAME", n.name);
      h.env.set("ETCD_INITIAL_ADVERTISE_PEER_URLS", peerUrl(n));
      h.env.set("ETCD_INITIAL_CLUSTER", cluster);
      h.env.set("ETCD_INITIAL_CLUSTER_STATE", "new");
      h.env.set("ETCD_INITIAL_CLUSTER_TOKEN", idOf(cluster));
      h.unit.enabled = true;
      this.#world.start(h);
    }
  }

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
      this.#faults++;
      strike(world, this.#managers);
      world.time.after(world.random.int(pause / 4, 2 * pause), again);
    };
    world.time.after(world.random.int(0, 2 * pause), again);
  }

  /** Somebody edits the config: a node more, a node less, or one for another. */
  #edit(): void {
    const { nodes } = this.subject.target;
    const random = this.#random;
    const now = this.#desired;
    const spare = random.pick(nodes.filter((n) => now.every((m) => m.name !== n.name)));
    const gone = random.pick(now);
    const kind = random.pick(["more", "less", "other"] as const);
    const less = now.length > 1 && kind !== "more" ? now.filter((n) => n !== gone) : now;
    this.#desired = kind !== "less" && spare !== undefined ? [...less, spare] : less;
    this.#world.tell("config", `members: ${this.#desired.map((n) => n.name).join(" ")}`);
  }

  async #run(manager: Manager, faulty: boolean): Promise<void> {
    const world = this.#world;
    const random = this.#random.fork();
    const desired = this.#desired;
    const id = ++this.#runs;
    const run = new Run(world, manager, random, `${id}`, (h) => this.#mayTouch(h, desired));
    if (faulty) {
      run.lossPerMille = random.pick([0, 0, 20, 100]) ?? 0;
      if (random.percent(30)) run.diesAt = random.int(1, random.percent(50) ? 60 : 600);
    }
    const target: Target = { ...this.subject.target, desired };
    const outside = run.outside();
    const before = new Set(world.registered);
    let undone = false;
    let refusals: readonly Refusal[] = [];
    const emit = (h: Happening): void => {
      if (h.event === "refused") refusals = h.refusals;
      if (h.event === "quorumLost") refusals = [h.refusal];
      undone ||= h.event === "undone";
      const line = told(h);
      if (line !== undefined) world.tell(manager.name, line);
    };
    const stop = new AbortController();
    const applied = applyService({ service: this.subject.service, target, outside }, emit, stop.signal);
    const end = await Promise.race([applied, run.death]);
    if (end === undefined) return;
    this.#changes += end.changed;
    this.#outcome = end.outcome;
    this.#refusals = refusals;
    if (end.outcome === "failed" && !undone && run.lossPerMille === 0) this.#judgeUndo(before);
    if (!this.#faulty && !["steady", "converged", "yielded"].includes(end.outcome)) {
      this.#judgeSmooth(end.outcome);
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
  #judgeSmooth(outcome: Outcome): void {
    const world = this.#world;
    const why = this.#refusals[0];
    // The cap on removals is for the next run to go on.
    if (why !== undefined && (why.rule === "S9" || isTrue(why, world, this.#desired))) return;
    world.violate(
      "without faults every run reaches the config",
      `${outcome}${why === undefined ? "" : ` by ${why.rule}: ${why.evidence}`}`,
    );
  }

  #mayTouch(h: Host, desired: readonly HostNode[]): boolean {
    const url = this.#world.wiring.peerUrl(h.node);
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
