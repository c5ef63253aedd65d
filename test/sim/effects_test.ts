/**
 * The simulator answers each step as its declared effect predicts; test/lab/effects_test.ts asks the same of real hosts,
 * so on what is compared (test/effects/differences.ts) both answer alike.
 */
import assert from "node:assert/strict";
import { etcd } from "../../plugins/etcd/mod.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import type { ServiceRun } from "../../src/engine/mod.ts";
import { Manager, Run } from "../../src/sim/manager.ts";
import type { Host } from "../../src/sim/host.ts";
import { Random } from "../../src/sim/random.ts";
import { World } from "../../src/sim/world.ts";
import { everyEffect, told, watchChange } from "../effects/watch.ts";
import type { Subject } from "../../src/sim/schedule.ts";
import type { Service } from "../../src/playbook/plugin.ts";
import { etcdOnFive, etcdOptions, zookeeperOnFive, zookeeperOptions } from "./subject.ts";

/** A service with options that differ from those of its subject. */
type Bind = (over: object) => Service;

class Scene {
  readonly world: World;
  readonly #manager = new Manager("manager");
  readonly seen = new Set<string>();
  #runs = 0;

  constructor(readonly subject: Subject, readonly bind: Bind, version: string) {
    const { target, model, service } = subject;
    this.world = new World(new Random(1), target.nodes, model, version, service.dataDir);
  }

  host(name: string): Host {
    return this.world.host(name);
  }
  /** Stops a member, and lets the others elect a leader if it led. */
  async stop(name: string): Promise<Host> {
    this.world.end(this.host(name), "success");
    await this.rest(5_000);
    return this.host(name);
  }
  /** Whether the manager reaches a host. */
  reach(name: string, open: boolean): void {
    this.world.cut(this.#manager.name, name, !open);
    this.world.cut(name, this.#manager.name, !open);
  }
  /** Lets virtual time pass while something is awaited. */
  async #while<T>(work: Promise<T>): Promise<T> {
    const over = { now: false };
    const done = work.finally(() => over.now = true);
    assert.ok(await this.world.time.pass(() => over.now, this.world.time.now + 600_000), "it ends");
    return await done;
  }
  async rest(ms: number): Promise<void> {
    await this.#while(this.world.time.sleep(ms));
  }

  /** One change, which must be of this case, and come as predicted. */
  async change(kind: string, members: string, options: object = {}): Promise<void> {
    const { target } = this.subject;
    const desired = target.nodes.filter((n) => members.split(" ").includes(n.name));
    const service = this.bind(options);
    const wanted = { ...target, desired };
    const run = new Run(
      this.world,
      this.#manager,
      new Random(++this.#runs),
      `${this.#runs}`,
      wanted,
      () => true,
    );
    const one: ServiceRun = { service, target: wanted, outside: run.outside() };
    const changed = await this.#while(watchChange(one));
    assert.equal(changed.case, kind, changed.why);
    assert.deepEqual(told(changed), [], changed.why + this.world.trace.slice(-30).join("\n"));
    changed.steps.forEach((step) => this.seen.add(step.does));
    assert.equal(this.world.violation, undefined, this.world.trace.slice(-30).join("\n"));
    await this.rest(6_000);
  }
}

const etcdSubject = etcdOnFive();
const zookeeperSubject = zookeeperOnFive();
const bindEtcd: Bind = (over) => {
  const { service: name, nodes } = etcdSubject.target;
  return etcd.bind({ name, options: { ...etcdOptions, ...over }, nodes });
};
const bindZooKeeper: Bind = (over) => {
  const { service: name, nodes } = zookeeperSubject.target;
  return zookeeper.bind({ name, options: { ...zookeeperOptions, ...over }, nodes });
};

for (const version of ["3.4", "3.5"]) {
  Deno.test(`simulated steps of every case do what their effects say, etcd ${version}`, async () => {
    const scene = new Scene(etcdSubject, bindEtcd, version);
    const three = "n1 n2 n3";
    // A package's default that runs, and a node that has only the binary.
    scene.world.start(scene.host("n4"));
    scene.host("n4").unit.enabled = true;
    scene.host("n5").unit.loaded = false;
    await scene.rest(3_000);

    await scene.change("bootstrap", three);
    for (const name of three.split(" ")) await scene.stop(name);
    await scene.change("restart", three);
    await scene.stop("n2");
    await scene.change("repairCrashed", three);
    (await scene.stop("n3")).own.disk = undefined;
    await scene.change("repairWiped", three);
    scene.host("n2").marks.delete("latch");
    await scene.change("repairConfig", three);
    // Each of them in turn, the leader last.
    const env = { ETCD_SNAPSHOT_COUNT: "20000" };
    for (let i = 0; i < 3; i++) await scene.change("repairConfig", three, { env });
    for (let i = 0; i < 3; i++) await scene.change("repairConfig", three, { env, peerPort: 2390 });
    for (let i = 0; i < 3; i++) await scene.change("repairConfig", three, { env });
    await scene.change("add", `${three} n4`);
    await scene.change("replace", "n1 n2 n4 n5");
    await scene.stop("n2");
    await scene.change("replace", "n1 n3 n4 n5");
    const members = ["n1", "n3", "n4", "n5"];
    const leader = members.find((name) => scene.host(name).peer?.leads) ?? "";
    const left = members.filter((name) => name !== leader);
    await scene.change("remove", left.join(" "));
    // Who cannot be reached is removed, and put away as soon as it can be.
    const gone = left.find((name) => scene.host(name).peer?.leads !== true) ?? "";
    scene.reach(gone, false);
    const kept = left.filter((name) => name !== gone).join(" ");
    await scene.change("remove", kept);
    scene.reach(gone, true);
    await scene.change("retire", kept);
    assert.deepEqual([...scene.seen].sort(), everyEffect);
  });
}

Deno.test("simulated steps of every case do what their effects say, ZooKeeper", async () => {
  const scene = new Scene(zookeeperSubject, bindZooKeeper, "3.8.0");
  const three = "n1 n2 n3";
  scene.host("n5").unit.loaded = false;

  await scene.change("bootstrap", three);
  for (const name of three.split(" ")) await scene.stop(name);
  await scene.change("restart", three);
  await scene.stop("n2");
  await scene.change("repairCrashed", three);
  await scene.stop("n3");
  scene.host("n3").own.disk = undefined;
  scene.host("n3").own.files.clear();
  await scene.change("repairWiped", three);
  scene.host("n2").marks.delete("latch");
  await scene.change("repairConfig", three);
  // Each of them in turn, the leader last.
  const settings = { tickTime: "3000" };
  for (let i = 0; i < 3; i++) await scene.change("repairConfig", three, { settings });
  for (let i = 0; i < 3; i++) await scene.change("repairConfig", three);
  await scene.change("add", `${three} n4`);
  await scene.change("replace", "n1 n2 n4 n5");
  await scene.stop("n2");
  await scene.change("replace", "n1 n3 n4 n5");
  const members = ["n1", "n3", "n4", "n5"];
  const leader = members.find((name) => scene.host(name).peer?.leads) ?? "";
  // Nobody hands over: the reconfiguration makes another one lead.
  const left = members.filter((name) => name !== leader);
  await scene.change("remove", left.join(" "));
  const gone = left.find((name) => scene.host(name).peer?.leads !== true) ?? "";
  scene.reach(gone, false);
  const kept = left.filter((name) => name !== gone).join(" ");
  await scene.change("remove", kept);
  assert.ok(scene.host(gone).process, "who was removed runs on");
  scene.reach(gone, true);
  await scene.change("retire", kept);
  // Three, two, one, two.
  const [last = "", other = ""] = kept.split(" ");
  await scene.change("remove", last);
  await scene.change("add", `${last} ${other}`);
  // A wiped server stays who it was.
  const never = ["movesLeaderFrom", "unlatches", "updatesPeerUrl"];
  assert.deepEqual([...scene.seen].sort(), everyEffect.filter((does) => !never.includes(does)));
});
