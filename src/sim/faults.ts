/**
 * Bad luck: what chance does to hosts, disks and the network, and what other hands do to the members. Chance never
 * takes the last copies of acknowledged data: what is lost after that is for the one to answer who acted.
 *
 * @module
 */
import { quorumOf } from "../model/quorum.ts";
import type { Host, Volume } from "./host.ts";
import type { Manager } from "./manager.ts";
import type { World } from "./world.ts";

/** Something that can happen; false when it would be too much now. */
type Fault = (w: World, h: Host, other: Host) => boolean;

/** Takes a fault back after a while, and at the end of all faults. */
const later = (w: World, lowMs: number, highMs: number, mend: () => void): void => {
  const once = { done: false };
  const take = (): void => {
    if (once.done) return;
    once.done = true;
    w.mends.delete(take);
    w.lastMend = w.time.now;
    mend();
  };
  w.mends.add(take);
  w.time.after(w.random.int(lowMs, highMs), take);
};

/**
 * Without this disk, a majority of the recorded voters still holds every acknowledged write. Where who lost its data
 * comes back under its old id it is enough that every majority of those with data has a copy: what the others do
 * together with an empty one is the test.
 */
function mayLose(w: World, h: Host): boolean {
  const record = w.record();
  if (record === undefined) return false;
  if (!record.some((m) => m.id === h.own.disk?.memberId)) return true;
  const voters = record.filter((m) => m.role === "voter");
  const others = [...w.hosts.values()].filter((x) =>
    x !== h && x.volume === x.own && voters.some((m) => m.id === x.own.disk?.memberId)
  );
  const copies = others.filter((x) => w.isCopy(x));
  const { needed } = quorumOf(voters.length, 0);
  return copies.length >= needed ||
    (w.cluster.returnsEmpty && others.length >= needed && others.length - copies.length < needed);
}

const cutBoth = (w: World, a: string, b: string, closed: boolean): void => {
  w.cut(a, b, closed);
  w.cut(b, a, closed);
};
const others = (w: World, h: Host): readonly Host[] => [...w.hosts.values()].filter((x) => x !== h);

function powerOff(w: World, h: Host, lowMs: number, highMs: number): void {
  w.end(h, "success");
  w.cluster.change(() => {
    h.up = false;
  });
  h.lock = undefined;
  h.lockLine = "";
  later(w, lowMs, highMs, () => {
    w.tell(h.name, "is switched on");
    w.cluster.change(() => {
      h.up = true;
    });
    h.boots++;
    if (h.unit.enabled) w.start(h);
  });
}

function wipe(w: World, h: Host): boolean {
  if (!mayLose(w, h) || h.own.disk === undefined) return false;
  h.own.disk = undefined;
  h.own.files.clear();
  w.end(h, "exit-code");
  return true;
}

const faults: readonly (readonly [weight: number, name: string, Fault])[] = [
  [6, "is killed", (w, h) => h.peer !== undefined && (w.end(h, "signal"), true)],
  [5, "crashes and stays down", (w, h) => h.peer !== undefined && (w.end(h, "exit-code"), true)],
  [4, "loses power", (w, h) => h.up && (powerOff(w, h, 3_000, 90_000), true)],
  [5, "freezes", (w, h) => {
    if (h.frozen) return false;
    const set = (frozen: boolean) =>
      w.cluster.change(() => {
        h.frozen = frozen;
      });
    set(true);
    later(w, 500, 40_000, () => set(false));
    return true;
  }],
  [4, "is cut off from the other hosts", (w, h) => {
    others(w, h).forEach((x) => cutBoth(w, h.name, x.name, true));
    later(w, 1_000, 90_000, () => others(w, h).forEach((x) => cutBoth(w, h.name, x.name, false)));
    return true;
  }],
  [4, "cannot reach one other host", (w, h, other) => {
    w.cut(h.name, other.name, true);
    later(w, 1_000, 90_000, () => w.cut(h.name, other.name, false));
    return true;
  }],
  [3, "loses its data", wipe],
  [
    1,
    "loses its data and is switched off and on",
    (w, h) => wipe(w, h) && (powerOff(w, h, 1_000, 9_000), true),
  ],
  [1, "is installed anew", (w, h) => {
    if (!wipe(w, h)) return false;
    h.marks.clear();
    h.env.clear();
    h.fence = false;
    h.stoppedByPerson = undefined;
    h.unit = { ...h.unit, enabled: false, active: "inactive" };
    return true;
  }],
  [2, "has its disk not mounted", (w, h) => {
    if (h.volume !== h.own || h.own.disk === undefined || !mayLose(w, h)) return false;
    const root: Volume = { fsId: `root${h.name}`, disk: undefined, files: new Map(), aside: [] };
    w.end(h, "exit-code");
    h.volume = root;
    const mount = (): void => {
      // What a first start has left on the wrong disk disappears under the right one: that may be all that holds a write.
      if (root.disk !== undefined && !mayLose(w, h)) return w.time.after(5_000, mount);
      if (h.process) {
        w.end(h, "exit-code");
        w.lastFault = w.time.now;
      }
      h.volume = h.own;
    };
    later(w, 5_000, 120_000, mount);
    return true;
  }],
  [2, "has a full disk", (w, h) => {
    if (h.full) return false;
    h.full = true;
    if (h.peer !== undefined) w.end(h, "exit-code");
    later(w, 5_000, 60_000, () => {
      h.full = false;
    });
    return true;
  }],
  [3, "has its settings edited", (w, h) => w.cluster.edit(h)],
  [3, "is slow", (w, h) => {
    if (h.slowMs > 0) return false;
    h.slowMs = w.random.int(200, 4_000);
    later(w, 5_000, 60_000, () => {
      h.slowMs = 0;
    });
    return true;
  }],
  [1, "has its clock set", (w, h) => {
    h.clockMs += w.random.int(-3_600_000, 3_600_000);
    return true;
  }],
  [2, "is stopped and disabled by a person", (w, h) => {
    if (h.peer === undefined || !h.unit.enabled) return false;
    w.end(h, "success");
    h.unit = { ...h.unit, enabled: false };
    h.stoppedByPerson = w.time.now;
    later(w, 5_000, 90_000, () => {
      if (h.stoppedByPerson !== undefined) h.unit = { ...h.unit, enabled: true };
      h.stoppedByPerson = undefined;
    });
    return true;
  }],
];

/** Faults of the way between a manager and the hosts: nothing that votes is touched. */
const managerFaults:
  readonly (readonly [weight: number, name: string, (w: World, m: Manager, h: Host) => void])[] = [
    [3, "cannot reach a host", (w, m, h) => {
      cutBoth(w, m.name, h.name, true);
      later(w, 1_000, 120_000, () => cutBoth(w, m.name, h.name, false));
    }],
    [3, "hears nothing from a host", (w, m, h) => {
      w.cut(h.name, m.name, true);
      later(w, 1_000, 60_000, () => w.cut(h.name, m.name, false));
    }],
    [2, "cannot send to a host", (w, m, h) => {
      w.cut(m.name, h.name, true);
      later(w, 1_000, 60_000, () => w.cut(m.name, h.name, false));
    }],
    [1, "has its clock set back", (_, m) => {
      m.clockMs -= 3_600_000;
    }],
    [1, "has its clock set forward", (_, m) => {
      m.clockMs += 3_600_000;
    }],
  ];

/** One thing that goes wrong. */
export function strike(w: World, managers: readonly Manager[]): void {
  const hosts = [...w.hosts.values()];
  const h = w.random.pick(hosts);
  const other = w.random.pick(hosts.filter((x) => x !== h));
  const manager = w.random.pick(managers);
  if (h === undefined || other === undefined || manager === undefined) return;
  if (w.random.percent(25)) {
    const [, name, fault] = pickOne(w, managerFaults);
    w.tell(manager.name, name.replace("a host", h.name));
    w.count(`a manager ${name}`);
    w.lastCut = w.time.now;
    return fault(w, manager, h);
  }
  if (w.random.percent(12)) return void w.cluster.changeByHand(h, () => mayLose(w, h));
  const [, name, fault] = pickOne(w, faults);
  if (!fault(w, h, other)) return;
  w.tell(h.name, name);
  w.count(`a host ${name}`);
  w.lastFault = w.time.now;
}

function pickOne<T extends readonly [number, ...unknown[]]>(w: World, list: readonly T[]): T {
  const found = w.random.weighted(list.map((one) => [one[0], one] as const));
  if (found === undefined) throw new TypeError("Cannot pick from an empty list");
  return found;
}
