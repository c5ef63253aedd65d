/**
 * One schedule of the worst night: a majority of the hosts is lost, a person lets the service begin again with a disk that
 * is left, or with a snapshot where all are lost, is killed at any move of it, and the lost hosts come back with their disks at any time, but never so many at once that they are a
 * majority of their own before anybody can fence them: that is what a person vouches for. In the end all hosts are back,
 * and the members are as the config says, in one cluster.
 *
 * @module
 */
import { applyService } from "../engine/apply.ts";
import { type Again, beginAgain, recoverBy, restoreBy } from "../engine/again.ts";
import type { Applied } from "../engine/begin.ts";
import type { ServiceRun } from "../engine/outside.ts";
import { type Case, caseNames } from "../model/change.ts";
import type { Happening } from "../model/event.ts";
import type { HostNode } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import { judgeRecovery, judgeRestore } from "../rules/s19_recover.ts";
import type { Host } from "./host.ts";
import { begins, completes } from "./judge.ts";
import { Manager, Run } from "./manager.ts";
import type { Entry } from "./peer.ts";
import { Random } from "./random.ts";
import type { Subject } from "./schedule.ts";
import { told } from "./story.ts";
import { World } from "./world.ts";

export interface Loss {
  readonly seed: number;
  readonly violation: { readonly invariant: string; readonly story: string } | undefined;
  /** A new cluster was decided on; else the old one came back before that. */
  readonly begun: boolean;
  readonly writes: number;
  readonly trace: readonly string[];
}

const MOST_RUNS = 40;
const RUN_MS = 3_600_000;
const SNAPSHOT = { path: "snapshot", sha256: "0".repeat(64) };

/** How a person lets it begin again. */
export type Way = "recover" | "restore";

/** Plays one seed to its end. The same seed gives the same trace, byte for byte. */
export async function playLoss(subject: Subject, seed: number, way: Way = "recover"): Promise<Loss> {
  const played = new Played(subject, seed, way);
  await played.play();
  const { world } = played;
  return {
    seed,
    violation: world.violation,
    begun: [...world.hosts.values()].some((h) => h.marks.get("latch")?.has("former") === true),
    writes: world.writes,
    trace: world.trace,
  };
}

class Played {
  readonly world: World;
  readonly #random: Random;
  readonly #manager = new Manager("manager");
  #target: Target;
  #runs = 0;
  #deciding = false;

  constructor(readonly subject: Subject, seed: number, readonly way: Way) {
    this.#random = new Random(seed);
    const { target, model, service } = subject;
    const size = this.#random.pick([3, 3, 5]) ?? 3;
    this.#target = {
      ...target,
      desired: target.nodes.slice(0, size),
      policy: { ...target.policy, deadAfterMs: 10_000 },
    };
    const version = this.#random.pick(model.versions) ?? "";
    this.world = new World(this.#random.fork(), target.nodes, model, version, service.dataDir);
  }

  async play(): Promise<void> {
    const { world } = this;
    const random = this.#random;
    const write = (): void => {
      world.write();
      world.time.after(random.int(200, 1_500), write);
    };
    world.time.after(500, write);
    if (this.way === "restore" && !await this.#snapshotIsKept()) return;
    if (!await this.#until(this.#apply(), "steady") || !await this.#settle(5_000)) return;
    const members = this.#target.desired.map((n) => world.host(n.name));
    const { needed } = quorumOf(members.length, 0);
    const most = this.way === "restore" ? members.length : members.length - 1;
    let lost = members.slice(members.length - random.int(needed, most));
    const left = members.filter((h) => !lost.includes(h));
    const spare = world.nodes[members.length], [first] = members;
    if (random.percent(20) && this.way === "recover" && spare !== undefined && first !== undefined) {
      if (!await this.#outlived(first, spare)) return;
      lost = [...members.slice(1), world.host(spare.name)];
    } else await this.#lose(left, lost);
    if (this.way === "restore") this.#renew(members, lost);
    for (let runs = 0; runs < MOST_RUNS && world.violation === undefined; runs++) {
      // A person gives up killing and losing hosts at last.
      const calm = runs > 8;
      if (calm) lost.filter((h) => this.#mayReturn(h)).slice(0, 1).forEach((h) => this.#comesBack(h));
      else this.#returns(lost);
      const begins = calm ? this.#isStuck() : random.percent(70);
      const asked = begins ? this.#beginAgain() : this.#apply(calm);
      const end = await this.#until(asked);
      if (!await this.#settle(calm ? 60_000 : random.int(500, 30_000))) return;
      if (calm && end === "steady" && lost.every((h) => h.up)) return this.#judgeEnd();
    }
    world.violate("in the end the config is reached", "it is not");
  }

  /** The last member joins late: before that a snapshot is taken. */
  async #snapshotIsKept(): Promise<boolean> {
    const { desired } = this.#target;
    this.#target = { ...this.#target, desired: desired.slice(0, -1) };
    const formed = await this.#until(this.#apply(), "steady");
    this.#target = { ...this.#target, desired };
    return formed !== undefined && await this.#settle(5_000);
  }

  /** Some hosts come back soon with an empty disk; at least one, where none is left. */
  #renew(members: readonly Host[], lost: readonly Host[]): void {
    const few = this.#random.int(
      lost.length === members.length ? 1 : 0,
      quorumOf(members.length, 0).needed - 1,
    );
    for (const h of lost.slice(0, few)) {
      this.world.tell(h.name, "gets a new disk");
      h.volume.disk = undefined;
      h.volume.files.clear();
      h.volume.aside = [];
      this.#comesBack(h);
    }
  }

  /** A restore that was broken off, where nobody can serve any more, waits for a person. */
  #isStuck(): boolean {
    this.world.cluster.catchUp();
    return this.way === "restore" && this.world.leaders().length === 0;
  }

  /** A member is off while another takes its place, and is all that is left in the end: it has never heard of that one. */
  async #outlived(first: Host, spare: HostNode): Promise<boolean> {
    const { desired } = this.#target;
    this.#off(first);
    this.#target = { ...this.#target, desired: [...desired.slice(1), spare] };
    if (await this.#until(this.#apply(), "steady") === undefined || !await this.#settle(5_000)) return false;
    await this.#lose([], this.#target.desired.map((n) => this.world.host(n.name)));
    this.#target = { ...this.#target, desired };
    this.#comesBack(first);
    return await this.#settle(1_000);
  }

  /** A majority loses power within a moment; some of the others may have been cut off before, and lack what was written. */
  async #lose(left: readonly Host[], lost: readonly Host[]): Promise<void> {
    const { world } = this;
    const random = this.#random;
    const behind = left.filter(() => random.percent(40));
    const set = (h: Host, closed: boolean): void => {
      for (const other of world.hosts.keys()) {
        if (other === h.name) continue;
        world.cut(h.name, other, closed);
        world.cut(other, h.name, closed);
      }
    };
    behind.forEach((h) => set(h, true));
    await this.#settle(random.int(1_000, 10_000));
    for (const h of lost) {
      this.#off(h);
      await this.#settle(random.int(0, 800));
    }
    behind.forEach((h) => set(h, false));
    world.lastFault = world.lastMend = world.time.now;
  }

  #off(h: Host): void {
    this.world.tell(h.name, "loses power for a long time");
    this.world.end(h, "success");
    this.world.cluster.change(() => {
      h.up = false;
    });
    h.lock = undefined;
    h.lockLine = "";
  }
  #comesBack(h: Host): void {
    if (h.up) return;
    this.world.tell(h.name, "comes back with its disk");
    this.world.lastMend = this.world.time.now;
    this.world.cluster.change(() => {
      h.up = true;
    });
    h.boots++;
    if (h.unit.enabled) this.world.start(h);
  }

  /** At any time of the run to come; while it may decide, only so many as cannot serve by themselves. */
  #returns(lost: readonly Host[]): void {
    const h = this.#random.pick(lost.filter((x) => !x.up));
    if (h === undefined || !this.#random.percent(50)) return;
    this.world.time.after(this.#random.int(0, 60_000), () => {
      if (this.#mayReturn(h)) this.#comesBack(h);
    });
  }
  #mayReturn(h: Host): boolean {
    if (h.up) return false;
    const hosts = [...this.world.hosts.values()];
    const free = hosts.filter((x) => x.up && !x.fence && x.own.disk?.realm === h.own.disk?.realm);
    const begun = hosts.some((x) => x.marks.get("latch")?.has("former") === true);
    const { needed } = quorumOf(this.#target.desired.length, 0);
    const majority = free.length + 1 >= needed;
    // Who can be fenced only when enough hosts of the config are there comes after them.
    const awaited = this.#target.desired.filter((n) => this.world.host(n.name).up).length < needed;
    if (awaited && this.#target.desired.every((n) => n.name !== h.name)) return false;
    return !majority || !(begun || this.#deciding);
  }

  #judgeEnd(): void {
    const { world } = this;
    const wanted = this.#target.desired.map((n) => n.name).sort().join(" ");
    const are = world.record()?.map((m) =>
      world.nodes.find((n) => m.peerUrls.includes(world.model.peerUrl(n)))?.name ?? "?"
    ).sort().join(" ");
    if (are !== wanted) world.violate("steady means as desired", `recorded: ${are}; desired: ${wanted}`);
    const [leader] = world.leaders();
    const realm = leader?.disk.realm;
    const begun = [...world.hosts.values()].some((h) => h.marks.get("latch")?.has("former") === true);
    if (
      begun && leader !== undefined && world.restored !== undefined && !holds(leader.disk.log, world.restored)
    ) {
      world.violate("all that a snapshot held is there", `${leader.host} leads without it`);
    }
    const other = [...world.hosts.values()].find((h) =>
      h.own.disk !== undefined && h.own.disk.realm !== realm
    );
    if (other !== undefined) {
      world.violate(
        "what was given up is put away",
        `${other.name} holds data of ${other.own.disk?.clusterId}`,
      );
    }
  }

  // ---- runs --------------------------------------------------------------------------------------------------------

  #apply(calm = true): Promise<string> {
    return this.#run(calm, (run, emit, stop) => applyService(run, emit, stop));
  }

  /** A person's yes is given; what is not up is said to be gone. */
  #beginAgain(): Promise<string> {
    const { world, way } = this;
    const gone = [...world.hosts.values()].filter((h) => !h.up).map((h) => h.name);
    const snapshot = world.snapshots.at(-1);
    if (way === "restore") world.restored = snapshot;
    this.#deciding = true;
    return this.#run(false, (run, emit, stop) => {
      const how: Again = {
        judge: (seen, surveyed) =>
          way === "recover"
            ? judgeRecovery(run.target, seen, surveyed, { gone })
            : judgeRestore(run.target, seen, surveyed, { gone }),
        change: (b, token) => b.kind === "snapshot" ? restoreBy(b, token, SNAPSHOT) : recoverBy(b, token),
        watching: () => {},
        confirm: () => Promise.resolve(true),
      };
      return beginAgain(run, how, emit, stop);
    }).finally(() => {
      this.#deciding = false;
    });
  }

  async #run(
    calm: boolean,
    work: (run: ServiceRun, emit: (h: Happening) => void, stop: AbortSignal) => Promise<Applied>,
  ): Promise<string> {
    const { world } = this;
    const random = this.#random.fork();
    const run = new Run(world, this.#manager, random, `${++this.#runs}`, this.#target, () => true);
    if (!calm) {
      run.lossPerMille = random.pick([0, 0, 20]) ?? 0;
      if (random.percent(50)) run.diesAt = random.int(1, 150);
    }
    const emit = (h: Happening): void => {
      const kind: Case | undefined = h.event === "changeStarted"
        ? caseNames.find((c) => c === h.case)
        : undefined;
      if (kind !== undefined) begins(world, run.deeds, kind);
      if (h.event === "changeDone") completes(world, run.deeds);
      const line = told(h);
      if (line !== undefined) world.tell(this.#manager.name, line);
    };
    const around = { service: this.subject.service, target: this.#target, outside: run.outside() };
    const end = await Promise.race([work(around, emit, new AbortController().signal), run.death]);
    return end?.outcome ?? "killed";
  }

  /** Lets time pass until this run has ended; what it came to, unless another was wanted. */
  async #until(asked: Promise<string>, wanted?: string): Promise<string | undefined> {
    const { world } = this;
    let end: string | undefined;
    asked.then((outcome) => end = outcome);
    const inTime = await world.time.pass(
      () => end !== undefined || world.violation !== undefined,
      world.time.now + RUN_MS,
    );
    if (!inTime) world.violate("a run comes to its end", "it has not");
    if (wanted !== undefined && end !== wanted && end !== "converged") {
      world.violate("without faults every run reaches the config", `${end}`);
    }
    return world.violation === undefined ? end : undefined;
  }

  async #settle(ms: number): Promise<boolean> {
    const { world } = this;
    const at = world.time.now + ms;
    await world.time.pass(() => world.time.now >= at || world.violation !== undefined, at);
    return world.violation === undefined;
  }
}

function holds(log: Entry, entry: Entry): boolean {
  let at: Entry | undefined = log;
  while (at !== undefined && at !== entry) at = at.prev;
  return at !== undefined;
}
