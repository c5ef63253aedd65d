/**
 * The demo on hosts that exist only in memory: the same engine, rules and playbook, with virtual time, simulated hosts
 * and a simulated service instead of SSH and real ones.
 *
 * @module
 */
import { etcd } from "../../plugins/etcd/mod.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import { modelOf } from "../../src/cli/models.ts";
import { parseConfig } from "../../src/config/read.ts";
import { targetsOf } from "../../src/config/targets.ts";
import { applyService, lookAt, type ServiceRun } from "../../src/engine/mod.ts";
import { exitCodeOf, type Happening } from "../../src/model/event.ts";
import type { Target } from "../../src/model/observation.ts";
import { planService } from "../../src/plan/plan.ts";
import type { Service } from "../../src/playbook/plugin.ts";
import type { Line } from "../../src/report/lines.ts";
import { liveList } from "../../src/report/live.ts";
import { plain } from "../../src/report/plain.ts";
import { planDocument } from "../../src/report/plan_json.ts";
import { statusText } from "../../src/report/status_text.ts";
import { draw, type Screen } from "../../src/report/terminal.ts";
import { Manager, Run } from "../../src/sim/manager.ts";
import { Random } from "../../src/sim/random.ts";
import { World } from "../../src/sim/world.ts";
import { configText } from "./config.ts";
import { etcdWords, type Stage, type Wish, zookeeperWords } from "./stage.ts";

const SEED = 1;
const LONGEST_MS = 3_600_000;
const WRITE_EVERY_MS = 20;
/** On a terminal so much virtual time passes in one pause, so that the steps can be seen. */
const SLICE_MS = 100;
const PAUSE_MS = 15;

/** Hosts n1, n2, …; `screen` is the terminal to draw on, if there is one. */
export function simulatedStage(
  hosts: number,
  kind: "etcd" | "zookeeper",
  print: (lines: readonly Line[]) => void,
  screen: Omit<Screen, "now"> | undefined,
): Stage {
  return new Simulated(Array.from({ length: hosts }, (_, i) => `n${i + 1}`), kind, print, screen);
}

class Simulated implements Stage {
  readonly words: Stage["words"];
  readonly #world: World;
  readonly #manager = new Manager("manager");
  readonly #random = new Random(SEED);
  #bound: { readonly service: Service; readonly target: Target };
  #runs = 0;
  #writing = false;
  #failed = 0;
  #writtenAt = 0;
  #stallMs = 0;

  constructor(
    readonly hosts: readonly string[],
    readonly kind: "etcd" | "zookeeper",
    readonly print: (lines: readonly Line[]) => void,
    readonly screen: Omit<Screen, "now"> | undefined,
  ) {
    this.words = kind === "etcd" ? etcdWords : zookeeperWords;
    const all = { nodes: hosts, members: hosts };
    this.#bound = this.#bind(all);
    const { service, target } = this.#bound;
    const model = modelOf(this.#read(all).service);
    if (model === undefined) throw new TypeError(`Cannot simulate ${kind}`);
    const version = model.versions.at(-1) ?? "";
    this.#world = new World(this.#random.fork(), target.nodes, model, version, service.dataDir);
  }

  #read(wish: Wish) {
    const kept = { [this.kind === "etcd" ? "metadata" : "coordination"]: { plugin: this.kind } };
    const text = configText(wish, {}, (name) => `10.0.0.1${name.slice(1)}`, kept);
    const { config, problems } = parseConfig(text, "quorate.yaml", [etcd, zookeeper]);
    const [service] = config?.services ?? [];
    if (config === undefined || service === undefined) throw new Error(problems[0]?.message);
    return { config, service };
  }
  #bind(wish: Wish) {
    const { config, service: { name, options, plugin } } = this.#read(wish);
    const [target] = targetsOf(config);
    if (target === undefined) throw new Error("the config has no service");
    return { service: plugin.bind({ name, options, nodes: config.nodes }), target };
  }
  desire(wish: Wish): void {
    this.#bound = this.#bind(wish);
  }

  #run(): ServiceRun {
    const { target } = this.#bound;
    const run = new Run(
      this.#world,
      this.#manager,
      this.#random.fork(),
      `${++this.#runs}`,
      target,
      () => true,
    );
    return { ...this.#bound, outside: run.outside() };
  }

  /** Lets virtual time pass until the promise is settled; at once, or so that a person can follow. */
  async #passing<T>(promise: Promise<T>, paced = false): Promise<T> {
    const { time } = this.#world;
    const end = { over: false };
    const settled = promise.finally(() => {
      end.over = true;
    });
    const until = time.now + LONGEST_MS;
    while (!end.over && time.now < until) {
      const slice = paced && this.screen !== undefined ? time.now + SLICE_MS : until;
      await time.pass(() => end.over, slice);
      if (slice !== until) await new Promise((r) => setTimeout(r, PAUSE_MS));
    }
    if (this.#world.violation !== undefined) throw new Error(this.#world.violation.story);
    if (!end.over) throw new Error("a run has not ended after an hour of virtual time");
    return await settled;
  }

  async plan(): ReturnType<Stage["plan"]> {
    const { service, target } = this.#bound;
    return planDocument([planService(service, target, await this.#passing(lookAt(this.#run())))]);
  }

  async apply(): Promise<void> {
    const { time } = this.#world;
    const lines = plain({ quiet: false, verbose: false });
    const drawing = this.screen &&
      draw(liveList({ verbose: false, unicode: true }), { ...this.screen, now: () => time.now });
    const emit = (happening: Happening): void => {
      const at = new Date(this.#manager.clockMs + time.now).toISOString();
      const event = { time: at, run: `${this.#runs}`, service: this.#bound.service.name, ...happening };
      if (drawing === undefined) this.print(lines(event));
      else drawing.onEvent(event);
    };
    const stop = new AbortController();
    const { outcome } = await this.#passing(applyService(this.#run(), emit, stop.signal), true)
      .finally(() => drawing?.close());
    if (exitCodeOf[outcome] !== 0) throw new Error(`apply ended ${outcome}`);
  }

  async rest(): Promise<void> {
    const stop = new AbortController();
    const { outcome } = await this.#passing(applyService(this.#run(), () => {}, stop.signal));
    if (outcome !== "steady") throw new Error(`apply ended ${outcome}`);
  }

  async status(): Promise<void> {
    const { service: { plugin }, target } = this.#bound;
    this.print(statusText({ plugin, target, ...await this.#passing(lookAt(this.#run())) }));
  }

  /** The simulated client asks any member that runs. */
  async write(): Promise<string> {
    const world = this.#world;
    this.#writing = true;
    this.#writtenAt = world.time.now;
    const again = (): void => {
      if (!this.#writing) return;
      const before = world.writes;
      world.write();
      if (world.writes === before) this.#failed++;
      else {
        this.#stallMs = Math.max(this.#stallMs, world.time.now - this.#writtenAt);
        this.#writtenAt = world.time.now;
      }
      world.time.after(WRITE_EVERY_MS, again);
    };
    world.time.after(0, again);
    await this.goesOn();
    return "From here on a client writes to the members, to another one each time.";
  }
  async goesOn(): Promise<void> {
    const { time, writes } = this.#world;
    if (!this.#writing) return;
    if (!await time.pass(() => this.#world.writes > writes, time.now + LONGEST_MS)) {
      throw new Error("no write is acknowledged any more");
    }
  }

  kill(host: string): Promise<string> {
    const h = this.#world.host(host);
    h.unit.restart = "no";
    this.#world.end(h, "signal");
    return Promise.resolve(`Its unit does not start it again: it is ${h.unit.active} and stays so.`);
  }
  wipe(host: string): Promise<void> {
    const h = this.#world.host(host);
    this.#world.end(h, "exit-code");
    h.volume.disk = undefined;
    h.volume.files.clear();
    return Promise.resolve();
  }
  powerOff(host: string): Promise<void> {
    const h = this.#world.host(host);
    this.#world.end(h, "success");
    this.#world.cluster.change(() => {
      h.up = false;
    });
    h.lock = undefined;
    return Promise.resolve();
  }

  witness(): Promise<string> {
    const members = this.#world.record() ?? [];
    return Promise.resolve(
      [
        "The record of the simulated cluster's leader:",
        ...members.map((m) => `${m.id}, ${m.name}, ${m.peerUrls.join(" ")}, ${m.role}`),
      ].join("\n"),
    );
  }

  judge(): ReturnType<Stage["judge"]> {
    this.#writing = false;
    const world = this.#world;
    const [leader] = world.leaders();
    const safe = leader !== undefined && world.isCopy(world.host(leader.host));
    return Promise.resolve({
      acknowledged: world.writes,
      failed: this.#failed,
      // A log holds all entries before the newest one, too.
      lost: safe ? [] : [`index ${world.acknowledged?.index ?? 0}`],
      stallMs: this.#stallMs,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
