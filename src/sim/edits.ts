/**
 * The config, as somebody edits it while managers work.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

export class Edited {
  paused = false;

  constructor(
    readonly world: World,
    readonly random: Random,
    public desired: readonly HostNode[],
  ) {}

  /** A node more, a node less, or one for another; paused, or going on; now and then the config of another fleet. */
  edit(): void {
    const { world, random, desired: now } = this;
    if (random.percent(15)) {
      this.paused = !this.paused;
      world.count("the config is paused, or goes on");
      return world.tell("config", `paused: ${this.paused}`);
    }
    world.count("the config is edited");
    const others = world.nodes.filter((n) => now.every((m) => m.name !== n.name));
    const spare = random.pick(others);
    const gone = random.pick(now);
    if (random.percent(8)) {
      if (others.length > 0) this.desired = others;
      world.count("the config names another fleet");
    } else {
      const kind = random.pick(["more", "less", "other"] as const);
      const less = now.length > 1 && kind !== "more" ? now.filter((n) => n !== gone) : now;
      this.desired = kind !== "less" && spare !== undefined ? [...less, spare] : less;
    }
    world.tell("config", `members: ${this.desired.map((n) => n.name).join(" ")}`);
  }
}
