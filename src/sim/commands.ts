/**
 * The commands that steps run on a simulated host: systemctl, and the shell functions that are sent along; the service's
 * own ones are told by its model. What is not known here does what its step declares to do, or nothing.
 *
 * @module
 */
import type { Effect } from "../playbook/effect.ts";
import type { Host } from "./host.ts";
import * as judge from "./judge.ts";
import type { Disk } from "./peer.ts";
import type { Program, Said } from "./shell.ts";
import type { World } from "./world.ts";

export const ok: Said = { code: 0 };
export const failed = (err: string, code = 1): Said => ({ code, err });

/** The programs of one host, as a run of a manager calls them. */
export function programs(w: World, h: Host, by: judge.Deeds, effect: Effect | undefined): Program {
  const known: Readonly<Record<string, (words: readonly string[]) => Said | Promise<Said>>> = {
    true: () => ok,
    mkdir: () => ok,
    journalctl: () => ok,
    sha256sum: () => ({ code: 0, out: "0".repeat(64) }),
    rm: (words) => {
      if (words.some((x) => x.startsWith(w.dataDir))) {
        judge.deletes(w, h);
        if (h.process) w.end(h, "exit-code");
        h.volume.disk = undefined;
        h.volume.files.clear();
      }
      words.forEach((x) => h.files.delete(x));
      return ok;
    },
    quorate_stage: () => stage(h),
    quorate_start_new: () => startNew(w, h),
    quorate_latch: async ([, , , member = "", , ...lines]) => {
      const at = place(h);
      await w.time.sleep(w.random.int(1, 10));
      const { disk } = h.volume;
      if (disk?.memberId !== member || (w.cluster.blank(disk) && !h.process)) {
        return failed("there is no such data: is a disk not mounted?");
      }
      await w.time.sleep(w.random.int(1, 10));
      h.marks.set("latch", new Map([...at, ...pairs(lines)]));
      return ok;
    },
    quorate_mark: ([, , key = "", ...lines]) => {
      h.marks.set(key, pairs(lines));
      return ok;
    },
    quorate_mark_place: ([, , key = "", , ...lines]) => {
      h.marks.set(key, new Map([...place(h), ...pairs(lines)]));
      return ok;
    },
    quorate_unmark: ([, , ...keys]) => {
      keys.forEach((key) => h.marks.delete(key));
      return ok;
    },
    quorate_set_keys: ([, , ...lines]) => {
      pairs(lines).forEach((value, key) => h.env.set(key, value));
      return ok;
    },
    quorate_enable: () => systemctl(w, h, ["enable"]),
    quorate_disable: () => systemctl(w, h, ["disable"]),
    quorate_start: async () => {
      h.unit.enabled = true;
      const up = await startAndWait(w, h);
      if (up.code === 0) return up;
      stop(w, h, "stopping");
      return { ...up, code: 1 };
    },
    quorate_fence: async ([, , , , , ...lines]) => {
      h.fence = true;
      h.marks.set("fenced", pairs(lines));
      h.unit.enabled = false;
      h.stoppedByPerson = undefined;
      await w.time.sleep(w.random.int(20, 200));
      stop(w, h, "fencing");
      return ok;
    },
    quorate_unfence: () => {
      h.fence = false;
      h.marks.delete("fenced");
      return ok;
    },
    quorate_set_aside: async ([, , whose = ""]) => {
      const disk = h.volume.disk;
      if (disk === undefined) return ok;
      if (disk.memberId !== whose && !(whose === "pristine" && disk.pristine)) {
        return failed(`it holds the data of member ${disk.memberId}, not of ${whose}`);
      }
      if (h.process) return failed("the unit is not stopped");
      await w.time.sleep(w.random.int(5, 30));
      return setAside(w, h);
    },
    quorate_succeed: async ([, , , , , , whose = "", node = "", former = ""]) => {
      const { next } = h;
      if (h.process) return failed("the unit is not stopped");
      if (next === undefined) {
        return h.volume.disk?.clusterId === h.marks.get("latch")?.get("clusterId")
          ? ok
          : failed("no data is ready");
      }
      judge.succeeds(w, h);
      const own = pairs([`clusterId=${next.clusterId}`, `memberId=${next.memberId}`, `voters=${node}`]);
      h.marks.set(
        "latch",
        new Map([...place(h), ...own, ...pairs(former === "" ? [] : [`former=${former}`])]),
      );
      await w.time.sleep(w.random.int(5, 50));
      const disk = h.volume.disk;
      if (disk !== undefined && disk.memberId !== whose) {
        return failed(`it holds the data of ${disk.memberId}`);
      }
      if (disk !== undefined) putAside(w, h, disk);
      await w.time.sleep(w.random.int(5, 50));
      h.volume.disk = next;
      h.next = undefined;
      return ok;
    },
    quorate_prune: ([, , , ...paths]) => prune(w, h, paths),
    mv: (words) => {
      const to = words.at(-1) ?? "";
      if (!words.includes(`${to}.part`)) return setAside(w, h);
      if (w.restored !== undefined) h.files.set(to, w.restored);
      return ok;
    },
    systemctl: (words) => systemctl(w, h, words.slice(1).filter((x) => x !== "-q" && x !== "--")),
  };
  const special = w.cluster.commands(h, by);
  return async (words, env) => {
    const [name = ""] = words;
    const mine = Object.hasOwn(special, name) ? special[name] : undefined;
    if (mine !== undefined) return await mine(words, env);
    const own = Object.hasOwn(known, name) ? known[name] : undefined;
    await w.time.sleep(w.random.int(2, 15));
    return own === undefined ? await declared(w, h, effect) : await own(words);
  };
}

/** Makes a node ready: a unit is there, its fence is lifted. */
export function stage(h: Host): Said {
  if (!h.unit.loaded) return failed("there is no unit here");
  h.fence = false;
  h.marks.delete("fenced");
  return ok;
}

/** The first start as `new`, marked before it. */
export async function startNew(w: World, h: Host): Promise<Said> {
  const { called } = w.cluster;
  if (!h.marks.has("intent")) return failed("the intent of the bootstrap is gone");
  if (h.marks.has("started") || h.marks.has("latch")) return failed(`${called} was started here before`);
  if (h.volume.disk !== undefined) return failed("the data directory holds data");
  if (h.process) return failed(`${called} runs already`);
  h.marks.set("started", place(h));
  await w.time.sleep(w.random.int(5, 40));
  judge.startsNew(w, h);
  return w.start(h) ? ok : failed("assertion failed");
}

export const pairs = (lines: readonly string[]): Map<string, string> =>
  new Map(lines.map((l) => [l.slice(0, l.indexOf("=")), l.slice(l.indexOf("=") + 1)]));
const place = (h: Host): Map<string, string> => new Map([["dataPath", "data"], ["fsId", h.volume.fsId]]);

export async function systemctl(w: World, h: Host, words: readonly string[]): Promise<Said> {
  const [verb = "", flag = ""] = words;
  switch (verb) {
    case "enable":
      h.unit.enabled = true;
      return ok;
    case "disable":
      h.unit.enabled = false;
      return ok;
    case "reset-failed":
      if (h.unit.active === "failed") h.unit.active = "inactive";
      return ok;
    case "stop":
      stop(w, h, "stopping");
      return ok;
    case "restart":
      stop(w, h, "restarting");
      await w.time.sleep(w.random.int(50, 300));
      return await startAndWait(w, h);
    case "start":
      if (flag === "--no-block") judge.starts(w, h);
      if (flag === "--no-block") return w.start(h) ? ok : failed("assertion failed");
      return await startAndWait(w, h);
    default:
      return ok;
  }
}

/** `Type=notify`: up when the member has heard of a leader; `timeout 45` ends the wait. Else it is up at once. */
async function startAndWait(w: World, h: Host): Promise<Said> {
  judge.starts(w, h);
  if (!w.start(h)) return failed("Assertion failed on job for the unit.");
  if (!w.cluster.notifies) return ok;
  for (const until = w.time.now + 45_000; w.time.now < until;) {
    await w.time.sleep(100);
    w.cluster.catchUp(); // also where nobody writes, heartbeats reach it
    if (h.peer?.ready) {
      h.unit = { ...h.unit, active: "active" };
      return ok;
    }
    if (!h.process) {
      return failed("Job for the unit failed because the control process exited with error code.");
    }
  }
  return failed("", 124);
}

function stop(w: World, h: Host, what: string): void {
  judge.stops(w, h, what);
  w.end(h, "success");
}

function setAside(w: World, h: Host): Said {
  const { disk } = h.volume;
  if (disk === undefined) return ok;
  judge.setsAside(w, h);
  if (h.process) w.end(h, "exit-code");
  putAside(w, h, disk);
  return ok;
}

function putAside(w: World, { name, volume }: Host, disk: Disk): void {
  w.tell(name, `sets the data of member ${disk.memberId} aside`);
  const at = new Date(1_700_000_000_000 + w.time.now).toISOString().replace(/[-:]|\.\d+/g, "");
  const path = `data.quorate-${at}-${disk.clusterId}-${disk.memberId}`;
  volume.aside = [...volume.aside, { path, at, disk }];
  volume.disk = undefined;
  volume.files.clear();
}

/** S14 as an invariant: who has data of a cluster aside never loses the newest of it. */
function prune(w: World, h: Host, paths: readonly string[]): Said {
  const { volume } = h;
  const left = volume.aside.filter((a) => !paths.includes(a.path));
  for (const { path, at, disk } of volume.aside.filter((a) => paths.includes(a.path))) {
    w.tell(h.name, `deletes ${path}`);
    if (!left.some((b) => b.disk.clusterId === disk.clusterId && b.at > at)) {
      w.violate("the newest data of a cluster stays", `${h.name} deletes ${path}`);
    }
  }
  volume.aside = left;
  return ok;
}

/** A command that nobody knows here: its declared effect is taken at its word. */
async function declared(w: World, h: Host, effect: Effect | undefined): Promise<Said> {
  const of = effect !== undefined && "node" in effect ? w.host(effect.node) : h;
  switch (effect?.does) {
    case "starts":
      return await startAndWait(w, of);
    case "restarts":
      return await systemctl(w, of, ["restart"]);
    case "fences":
      of.fence = true;
      of.marks.set("fenced", new Map());
      stop(w, of, "fencing");
      return ok;
    case "unfences":
      of.fence = false;
      of.marks.delete("fenced");
      return ok;
    case "setsAside":
      return setAside(w, of);
    case "prunes":
      return prune(w, of, effect.paths);
    default:
      return ok;
  }
}
