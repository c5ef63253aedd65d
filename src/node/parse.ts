/**
 * From what a node's check printed to facts about one service on it. What was not answered, or not whole, is unknown;
 * nothing has a default that a rule could take for proof (S24).
 *
 * @module
 */
import type { Reply } from "../model/fleet.ts";
import type {
  Aside,
  DataFacts,
  DataPlace,
  HostNode,
  Latch,
  NodeFacts,
  Notice,
  UnitFacts,
} from "../model/node.ts";
import type { Tri } from "../model/tri.ts";
import type { Asked, Asks, Service, Sight } from "../playbook/plugin.ts";
import { readDocument } from "./document.ts";
import { type Fence, readFence, readIntent, readLatch, readStarted } from "./marks.ts";

/** The manager's wall clock around the check, milliseconds since 1970. */
export interface Sent {
  readonly sentMs: number;
  readonly receivedMs: number;
}

/** Facts from a check that ran to its end. Never throws: output that is not a whole document is as good as none. */
export function readCheck(stdout: Uint8Array, service: Service, node: HostNode, clock: Sent): NodeFacts {
  const document = readDocument(stdout);
  const asks = document?.services.get(service.name);
  if (document === undefined || asks === undefined) {
    return blank(node, "the check came back incomplete", "see what the node's shell prints, and try again");
  }
  const sight = service.read(asks, node);
  const latch = readLatch(asks.latch);
  const started = readStarted(asks.started);
  const fence = readFence(asks.fenced);
  const unit = readUnit(asks.unit);
  const process = processOf(asks.pids, unit);
  const disk = readDisk(asks);
  const clockOffsetMs = offsetOf(document, clock);
  return {
    node: node.name,
    reached: true,
    trouble: undefined,
    unit,
    process,
    aside: readAsides(asks.aside),
    data: dataOf(asks, sight, service, { latch, started, fence, process }),
    latch,
    intent: readIntent(asks.intent),
    started,
    fenced: fencedOf(asks, fence, service, process),
    ...(typeof fence === "string" || fence.decider === undefined ? {} : { decider: fence.decider }),
    lock: lockOf(asks.lock, document.begunMs),
    view: sight.view,
    settings: sight.settings,
    installed: sight.installed,
    missing: document.missing,
    clockOffsetMs,
    disk,
    notices: [
      ...sight.notices,
      ...diskNotices(disk),
      ...clockNotices(clockOffsetMs, clock, document.tookMs),
    ],
  };
}

/** The answers of a script made by `askScript`; undefined when it did not come back whole. */
export const readAsks = (stdout: Uint8Array, service: Service): Asks | undefined =>
  readDocument(stdout)?.services.get(service.name);

/** Facts of a node whose check gave no document: nothing is known of it (S4, S24). */
export function unreached(node: HostNode, reply: Reply): NodeFacts {
  const again = "look at the node's load and disks; the next run tries again";
  switch (reply.kind) {
    case "unreachable":
      return { ...blank(node, "", ""), trouble: reply.trouble };
    case "timedOut":
      return { ...blank(node, "the check did not end in time", again), heard: true };
    case "lost":
      return {
        ...blank(node, `the connection went away during the check: ${reply.detail}`, again),
        heard: true,
      };
    case "exited": {
      const said = new TextDecoder().decode(reply.stderr).trim().split("\n").at(-1) ?? "";
      return {
        ...blank(node, `the check ended with ${reply.code}${said === "" ? "" : `: ${said}`}`, again),
        heard: true,
      };
    }
  }
}

const blank = (node: HostNode, detail: string, unblock: string): NodeFacts => ({
  node: node.name,
  reached: false,
  trouble: { code: "unreachable", detail, unblock },
  unit: readUnit(undefined),
  process: "unknown",
  data: { state: "unknown", identity: "unknown", place: undefined, why: "the node was not seen" },
  aside: [],
  latch: "unknown",
  intent: "unknown",
  started: "unknown",
  fenced: "unknown",
  lock: "unknown",
  view: undefined,
  settings: undefined,
  installed: undefined,
  missing: [],
  clockOffsetMs: undefined,
  disk: undefined,
  notices: [],
});

// ---- unit and process --------------------------------------------------------------------------------------------

const loads = ["loaded", "masked", "not-found"] as const;
const actives = ["active", "activating", "deactivating", "inactive", "failed"] as const;
const oneOf = <T extends string>(known: readonly T[], value: string | undefined): T | "unknown" =>
  known.find((k) => k === value) ?? "unknown";

function readUnit(asked: Asked | undefined): UnitFacts {
  const lines = asked?.code === 0 ? asked.out.split("\n") : [];
  const get = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  const count = (key: string) => (/^\d+$/.test(get(key) ?? "") ? Number(get(key)) : undefined);
  const pid = count("MainPID");
  return {
    load: oneOf(loads, get("LoadState")),
    // "reloading" and "maintenance" are states in which systemd has a process.
    active: oneOf(actives, get("ActiveState")?.replace(/^(reloading|refreshing)$/, "active")),
    enabled: get("UnitFileState") ?? "",
    restarts: count("NRestarts"),
    result: get("Result") ?? "",
    mainPid: pid === 0 ? undefined : pid,
  };
}

/** A unit's main process counts whatever its name is: it may be a wrapper. */
function processOf(pids: Asked | undefined, unit: UnitFacts): Tri {
  if (unit.mainPid !== undefined) return "yes";
  if (pids === undefined || !/^(\d+\n)*$/.test(pids.out)) return "unknown";
  if (pids.out !== "") return "yes";
  return pids.code === 0 && unit.active !== "unknown" ? "no" : "unknown";
}

/** The mark alone is not a fence: somebody may have taken the drop-in away. */
function fencedOf(asks: Asks, fence: Fence | "none" | "unknown", service: Service, process: Tri): Tri {
  if (fence === "none") return "no";
  const dropIn = asks.fence?.code;
  if (fence === "unknown" || (dropIn !== 0 && dropIn !== 1)) return "unknown";
  if (dropIn === 1 || fence.unit !== service.unit) return "no";
  return process === "no" ? "yes" : process === "yes" ? "no" : "unknown";
}

/** `free UPTIME HOLDER`, with the uptime in hundredths of a second: what an agent leaves in a lock that it lets go. */
function lockOf(asked: Asked | undefined, begunMs: number | undefined): NodeFacts["lock"] {
  if (asked?.code !== 0 || begunMs === undefined || asked.out === "") return "unknown";
  if (asked.out === "none") return { line: "", freeMs: Infinity };
  const since = /^free (\d+) /.exec(asked.out)?.[1];
  return since === undefined ? "held" : { line: asked.out, freeMs: begunMs - 10 * Number(since) };
}

// ---- data --------------------------------------------------------------------------------------------------------

interface Marks {
  readonly latch: Latch | "none" | "unknown";
  readonly started: DataPlace | "none" | "unknown";
  readonly fence: Fence | "none" | "unknown";
  readonly process: Tri;
}

/**
 * S3: data that says whose it is, is there, wherever it was latched. Only emptiness needs a proof of place: an
 * unmounted disk looks just like a wiped one, except for the path and the file system that were written down. So does one
 * on which a member was started since, which has its ids then, and nothing that it knew.
 */
function dataOf(asks: Asks, sight: Sight, service: Service, marks: Marks): DataFacts {
  const place = placeOf(asks);
  const unknown = (why: string): DataFacts => ({ state: "unknown", identity: sight.disk, place, why });
  if (place === undefined) {
    return unknown(
      asks["disk-free"]?.code === "timedOut"
        ? "its file system did not answer within 3 s: the disk hangs, or the host is overloaded"
        : "where the data directory lies could not be read",
    );
  }
  const used = sight.dataPath === undefined ? undefined : trimmed(sight.dataPath);
  if (used !== undefined && used !== trimmed(service.dataDir) && used !== place.dataPath) {
    return unknown(`the service uses ${used}, and the config says ${service.dataDir}`);
  }
  if (sight.disk === "unknown") return unknown(lastLine(asks.disk?.err) || "the data could not be read");
  if (sight.disk !== "none" && !(sight.blank === true && marks.process === "no")) {
    const untouched = sight.unwritten === true && marks.process === "no" && marks.latch === "none" ||
      sight.view?.pristine === "yes" &&
        sight.view.identity?.memberId === sight.disk.memberId ||
      // Fenced while it was pristine: nobody could write to it since.
      typeof marks.fence !== "string" && marks.fence.pristine === sight.disk.memberId &&
        marks.process === "no" && asks.fence?.code === 0;
    return { state: untouched ? "pristine" : "present", identity: sight.disk, place };
  }
  const was = marks.latch === "none" ? marks.started : marks.latch;
  if (was === "unknown") return unknown("what Quorate left on the node cannot be read");
  const bare = sight.disk === "none" ? "empty" : "blank";
  const found = bare === "empty"
    ? `${place.dataPath} is empty`
    : `the log in ${place.dataPath} holds nothing`;
  if (was !== "none" && was.dataPath !== place.dataPath) {
    return unknown(`${found}, and the data was in ${was.dataPath}`);
  }
  if (was !== "none" && was.fsId !== place.fsId) {
    return unknown(`${found}, and it lies on another file system than its data did: is a disk not mounted?`);
  }
  return { state: bare, identity: sight.disk, place };
}

/** The names that `quorate_set_aside` gives; a name of another form is somebody else's, and is left alone. */
function readAsides(asked: Asked | undefined): readonly Aside[] {
  return (asked?.code === 0 ? asked.out.split("\n") : []).flatMap((path): readonly Aside[] => {
    const found = /\.quorate-(\d{8}T\d{6}Z)-([0-9A-Za-z]+)-([0-9A-Za-z]+)$/.exec(path);
    const [, at, clusterId, memberId] = found ?? [];
    return at === undefined || clusterId === undefined || memberId === undefined
      ? []
      : [{ path, at, clusterId, memberId }];
  }).sort((a, b) => a.at < b.at ? -1 : 1);
}

function placeOf(asks: Asks): DataPlace | undefined {
  const dataPath = asks.path?.code === 0 ? asks.path.out : "";
  const fsId = asks["disk-free"]?.code === 0 ? asks["disk-free"].out.split(" ")[0] ?? "" : "";
  return dataPath.startsWith("/") && /^[0-9a-f]+$/.test(fsId) ? { dataPath, fsId } : undefined;
}
/** Without slashes at its end. By hand: an expression takes the square of the length, and the text is a node's. */
function trimmed(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}
const lastLine = (text: string | undefined): string => text?.trim().split("\n").at(-1) ?? "";

// ---- disk and clock ----------------------------------------------------------------------------------------------

function readDisk(asks: Asks): NodeFacts["disk"] {
  const [free, mount] = [asks["disk-free"], asks.mount];
  const found = free?.code === 0
    ? /^[0-9a-f]+ (\d+) (\d+) (\d+) (\d+)$/.exec(free.out.trim())?.slice(1).map(Number)
    : undefined;
  const [size, total, available] = found ?? [];
  if (size === undefined || total === undefined || available === undefined) return undefined;
  if (mount?.code !== 0 || mount.out.trim() === "") return undefined;
  return {
    freeBytes: size * available,
    totalBytes: size * total,
    readOnly: mount.out.trim() === "ro",
  };
}

const gib = 1024 ** 3;
function diskNotices(disk: NodeFacts["disk"]): readonly Notice[] {
  if (disk === undefined) return [];
  const { freeBytes, totalBytes, readOnly } = disk;
  const free = `${(freeBytes / gib).toFixed(1)} GiB (${Math.floor((100 * freeBytes) / (totalBytes || 1))} %)`;
  return [
    ...(readOnly ? ["the disk of the data directory is read-only"] : []),
    ...(freeBytes < gib || freeBytes < totalBytes / 10
      ? [`only ${free} are free on the disk of the data directory`]
      : []),
  ].map((text) => ({ code: "disk", text }));
}

/** As NTP does it: the node's clock at the begin and at the end of its work, against ours when we sent and received. */
function offsetOf(
  document: { readonly timeMs: number | undefined; readonly tookMs: number | undefined },
  clock: Sent,
): number | undefined {
  if (document.timeMs === undefined || document.tookMs === undefined) return undefined;
  const begun = document.timeMs - clock.sentMs;
  const ended = document.timeMs + document.tookMs - clock.receivedMs;
  return Math.round((begun + ended) / 2);
}

/** Only what the time under way cannot explain is told. */
function clockNotices(
  offset: number | undefined,
  clock: Sent,
  tookMs = 0,
): readonly Notice[] {
  const underway = Math.max(0, clock.receivedMs - clock.sentMs - tookMs);
  if (offset === undefined || Math.abs(offset) - underway / 2 <= 2000) return [];
  const off = `${(Math.abs(offset) / 1000).toFixed(1)} s ${offset > 0 ? "ahead" : "behind"}`;
  return [{ code: "clock", text: `its clock is ${off}` }];
}
