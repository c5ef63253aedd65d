/**
 * What a node check finds on a simulated host: the same facts that the real one reads.
 *
 * @module
 */
import type {
  DataFacts,
  DataPlace,
  HostNode,
  Identity,
  Intent,
  Latch,
  NodeFacts,
  RecordedMember,
  ServiceView,
} from "../model/node.ts";
import { known, type Tri } from "../model/tri.ts";
import type { Surveyed } from "../playbook/plugin.ts";
import type { Host, Mark } from "./host.ts";
import type { World } from "./world.ts";

/** Looks at a host from itself. */
export function factsOf(w: World, h: Host): NodeFacts {
  w.cluster.catchUp();
  const { peer, unit } = h;
  const place: DataPlace = { dataPath: "data", fsId: h.volume.fsId };
  const latch = latchOf(h.marks.get("latch"));
  const started = placeOf(h.marks.get("started"));
  const view = h.process ? w.cluster.view(h) : undefined;
  return {
    node: h.name,
    reached: true,
    trouble: undefined,
    unit: {
      load: unit.loaded ? "loaded" : "not-found",
      active: peer?.ready || (h.process && !w.cluster.notifies) ? "active" : unit.active,
      enabled: !unit.loaded ? "" : unit.enabled ? "enabled" : "disabled",
      restarts: 0,
      result: unit.result,
      mainPid: h.process ? 1 : undefined,
    },
    process: known(h.process),
    aside: h.volume.aside.map((a) => ({
      path: a.path,
      at: a.at,
      clusterId: a.disk.clusterId,
      memberId: a.disk.memberId,
    })),
    data: dataOf(w, h, view, latch, started, place),
    latch,
    intent: intentOf(h.marks.get("intent")),
    started,
    lock: lockOf(h, w.time.now),
    decider: h.marks.get("fenced")?.get("decider"),
    fenced: known(h.fence && h.marks.has("fenced") && !h.process),
    view,
    settings: w.cluster.settings(h),
    installed: w.cluster.installed,
    missing: [],
    clockOffsetMs: h.clockMs,
    disk: { freeBytes: h.full ? 0 : 1e11, totalBytes: 2e11, readOnly: false },
    notices: [],
  };
}

function lockOf({ lockLine: line }: Host, now: number): NodeFacts["lock"] {
  if (line === "") return { line, freeMs: Infinity };
  const since = /^free (\S+)/.exec(line)?.[1];
  return since === undefined ? "held" : { line, freeMs: now - Number(since) };
}

function dataOf(
  w: World,
  h: Host,
  view: ServiceView | undefined,
  latch: Latch | "none",
  started: DataPlace | "none",
  place: DataPlace,
): DataFacts {
  const { disk } = h.volume;
  const bare = (state: "empty" | "blank", identity: Identity | "none"): DataFacts => {
    const was = latch === "none" ? started : latch;
    return was !== "none" && was.fsId !== place.fsId
      ? { state: "unknown", identity, place, why: "it lies on another file system than its data did" }
      : { state, identity, place };
  };
  if (disk === undefined) return bare("empty", "none");
  const identity = w.cluster.identity(h, view);
  if (identity === undefined) {
    return {
      state: "unknown",
      identity: "unknown",
      place,
      why: "of which cluster it is, is not written beside it",
    };
  }
  const { clusterId, memberId } = identity;
  if (!h.process && w.cluster.blank(disk)) return bare("blank", { clusterId, memberId });
  const fencedSo = h.fence && !h.process && h.marks.get("fenced")?.get("pristine") === memberId;
  // Nobody has written to a package's default here; what does not run tells that by its log, unless it was latched.
  const unwritten = !h.process && latch === "none";
  const pristine = disk.pristine && (view?.pristine === "yes" || fencedSo || unwritten);
  return { state: pristine ? "pristine" : "present", identity: { clusterId, memberId }, place };
}

const placeOf = (mark: Mark | undefined): DataPlace | "none" =>
  mark === undefined ? "none" : { dataPath: mark.get("dataPath") ?? "", fsId: mark.get("fsId") ?? "" };
function latchOf(mark: Mark | undefined): Latch | "none" {
  const place = placeOf(mark);
  if (mark === undefined || place === "none") return "none";
  return {
    ...place,
    clusterId: mark.get("clusterId") ?? "",
    memberId: mark.get("memberId") ?? "",
    voters: (mark.get("voters") ?? "").split(",").filter((v) => v !== ""),
    ...(mark.has("former") ? { former: (mark.get("former") ?? "").split(",") } : {}),
  };
}
const intentOf = (mark: Mark | undefined): Intent | "none" =>
  mark === undefined
    ? "none"
    : { token: mark.get("token") ?? "", members: (mark.get("members") ?? "").split(",") };

/** How far the log on a host goes, and which of these silent hosts answer it (S19). */
export function surveyOf(w: World, h: Host, silent: readonly HostNode[]): Surveyed {
  w.cluster.catchUp();
  const log = h.volume.disk?.log;
  const answers = (n: HostNode) =>
    [...w.cluster.peers].some((p) =>
      p.host === n.name && p.listensAt <= w.time.now && w.linked(h.name, n.name)
    );
  return {
    log: log === undefined ? "none" : { term: BigInt(log.term), index: BigInt(log.index) },
    answering: silent.filter(answers).map((n) => n.name),
  };
}

/** What the members on these hosts say of others that could not be asked themselves. */
export function peersOf(
  w: World,
  members: readonly RecordedMember[],
  from: readonly HostNode[],
): Readonly<Record<string, Tri>> {
  return Object.fromEntries(members.map((m) => {
    const peer = [...w.cluster.peers].find((p) => p.id === m.id && !p.disk.pristine);
    const answers = peer !== undefined && peer.ready &&
      (peer.leads || w.cluster.leaderOf(peer) !== undefined);
    if (from.length === 0) return [m.id, "unknown"];
    return [m.id, known(answers && from.some((n) => w.linked(n.name, peer.host)))];
  }));
}
