/**
 * What chance does to hosts, and how it is taken back. What only Quorate or an operator mends has no cure here.
 *
 * Clocks that jump and links that are slow or lossy are not among it: hosts that are containers share one clock, and the
 * kernels that this runs on have no netem. The simulator has clocks that jump, and answers that get lost.
 *
 * @module
 */
import type { Lab } from "../../lab/mod.ts";
import type { Random } from "../../src/sim/random.ts";
import { DATA } from "../lab/kit.ts";

export const kinds = [
  "process killed",
  "process stopped",
  "power off",
  "reboot",
  "frozen",
  "cut off",
  "cut off from hosts",
  "cut off from management",
  "deaf one way",
  "one pair cut",
  "disk full",
  "data wiped",
  "disk lost",
] as const;
export type Kind = typeof kinds[number];

export interface Fault {
  readonly kind: Kind;
  readonly host: string;
  /** The other end, where only a path is cut. */
  readonly other: string;
  /** How long until it is taken back. */
  readonly forMs: number;
}

const weights: readonly (readonly [number, Kind])[] = [
  [4, "process killed"],
  [3, "process stopped"],
  [3, "power off"],
  [2, "reboot"],
  [3, "frozen"],
  [3, "cut off"],
  [3, "cut off from hosts"],
  [2, "cut off from management"],
  [2, "deaf one way"],
  [2, "one pair cut"],
  [2, "disk full"],
  [3, "data wiped"],
  [1, "disk lost"],
];

/** The data of the host goes with it. */
export const loses = (kind: Kind): boolean => kind === "data wiped" || kind === "disk lost";

/** Draws a fault; the leader is hit more often than others. `whole`: a good moment to lose data, and there are few. */
export function draw(
  random: Random,
  hosts: readonly string[],
  leader: string | undefined,
  whole: boolean,
): Fault {
  const lossy = whole && random.percent(30);
  const kind = random.weighted(lossy ? weights.filter(([, k]) => loses(k)) : weights) ?? "process killed";
  const anyone = random.pick(hosts) ?? "";
  const led = random.percent(25);
  const host = led && leader !== undefined ? leader : anyone;
  const other = random.pick(hosts.filter((h) => h !== host)) ?? "";
  return { kind, host, other, forMs: random.int(1_000, 20_000) };
}

export async function inject(lab: Lab, { kind, host, other }: Fault): Promise<void> {
  switch (kind) {
    case "process killed":
      await lab.on(host, "systemctl kill -s KILL etcd");
      return;
    case "process stopped":
      await lab.on(host, "systemctl stop etcd");
      return;
    case "power off":
      return await lab.kill(host);
    case "reboot":
      return await lab.reboot(host);
    case "frozen":
      return await lab.freeze(host);
    case "cut off":
      return await lab.cut(host);
    case "cut off from hosts":
      return await lab.isolate(host);
    case "cut off from management":
      return await lab.cutManagement(host);
    case "deaf one way":
      return await lab.cutOneWay(other, host);
    case "one pair cut":
      return await lab.cutPair(host, other);
    case "disk full":
      return await lab.fillDisk(host, DATA);
    case "data wiped":
      await lab.on(host, "systemctl stop etcd");
      return await lab.wipe(host, DATA);
    case "disk lost":
      return await lab.freshDisk(host);
  }
}

export async function cure(lab: Lab, { kind, host }: Fault): Promise<void> {
  switch (kind) {
    case "power off":
      return await lab.boot(host);
    case "frozen":
      return await lab.thaw(host);
    case "cut off":
    case "cut off from hosts":
    case "cut off from management":
    case "deaf one way":
    case "one pair cut":
      return await lab.heal(host);
    case "disk full":
      return await lab.freeDisk(host, DATA);
    default:
      return;
  }
}

/** Needs a member that runs, or its data. */
export const onMembersOnly = (kind: Kind): boolean =>
  loses(kind) || kind === "process killed" || kind === "process stopped" || kind === "disk full";
