/** What can be seen of a small world: the answers of its nodes, put together by the shipped `observe`. */
import type { HostNode, Latch, NodeFacts } from "../../src/model/node.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Tri } from "../../src/model/tri.ts";
import { observe, toAskPeers } from "../../src/observe/observe.ts";
import { sampleNode } from "../../src/plan/sample.ts";
import { masked, place, unreachable, view } from "../unit/core_samples.ts";
import type { SmallWorld } from "./small_world.ts";
import type { Spot } from "./spot.ts";

export const TOKEN = "0123";

export function look(world: SmallWorld): Observation {
  const { service, target: { nodes } } = world;
  const facts = Object.fromEntries(nodes.map((n) => [n.name, factsOf(world, n)]));
  const first = observe(service, nodes, { facts, peers: {}, at: 0 });
  const asked = toAskPeers(first);
  if (asked.length === 0) return first;
  const some = first.members.some((m) =>
    m.role === "voter" && m.health === "healthy" && facts[m.node ?? ""]?.reached
  );
  const peers = Object.fromEntries(asked.map((a) => {
    const m = world.record.find((r) => r.id === a.id);
    const said: Tri = m === undefined || !some || !world.spot(m.node).told
      ? "unknown"
      : world.up(m)
      ? "yes"
      : "no";
    return [a.id, said];
  }));
  return observe(service, nodes, { facts, peers, at: 0 });
}

function factsOf(world: SmallWorld, n: HostNode): NodeFacts {
  const s = world.spot(n.name);
  const base = sampleNode(n.name);
  if (!s.reached) return { ...base, ...unreachable };
  const there = s.mounted ? place : { ...place, fsId: "2" };
  const latch: Latch = {
    clusterId: s.cluster,
    memberId: s.latch ?? "",
    ...place,
    voters: world.votersLatched(n.name),
  };
  const identity = { clusterId: s.cluster, memberId: s.data ?? "" };
  const seen = s.mounted || s.blank ? s.data : undefined;
  const bare = s.blank && !s.process;
  return {
    ...base,
    unit: {
      ...base.unit,
      ...(s.held ? masked.unit : {}),
      enabled: s.held
        ? "masked"
        : s.fenced || (s.data === undefined && s.latch === undefined)
        ? "disabled"
        : "enabled",
      active: s.process ? "active" : "inactive",
    },
    process: s.scanned ? (s.process ? "yes" : "no") : "unknown",
    data: !s.readable
      ? { state: "unknown", identity: "unknown", place: there, why: "it cannot be read" }
      : bare && (!s.mounted || !s.marks)
      ? { state: "unknown", identity, place: there, why: "it holds nothing" }
      : bare
      ? { state: "blank", identity, place: there }
      : seen !== undefined
      ? { state: s.pristine ? "pristine" : "present", identity, place: there }
      : !s.mounted && (s.latch !== undefined || s.started)
      ? { state: "unknown", identity: "none", place: there, why: "it is not mounted" }
      : { state: "empty", identity: "none", place: there },
    latch: !s.marks ? "unknown" : s.latch === undefined ? "none" : latch,
    intent: !s.marks
      ? "unknown"
      : s.intent
      ? { token: TOKEN, members: world.target.desired.map((d) => d.name) }
      : "none",
    started: !s.marks ? "unknown" : s.started ? place : "none",
    fenced: s.fenced ? "yes" : "no",
    missing: s.lacks ? [world.habits.program] : [],
    view: s.process && s.scanned ? viewOf(world, n.name, s) : undefined,
    ...world.told(n.name),
  };
}

function viewOf(world: SmallWorld, node: string, s: Spot): NodeFacts["view"] {
  const { habits } = world;
  const m = world.record.find((r) => r.node === node && r.id === s.data);
  const quiet = {
    identity: undefined,
    linearizable: "unknown",
    local: "unknown",
    role: undefined,
  } as const;
  const common = { term: 3n, index: 10_000n, identity: { clusterId: s.cluster, memberId: s.data ?? "" } };
  if (!s.answers || s.data === undefined) return view("", { ...quiet, trouble: "no answer" });
  if (s.pristine) return view(s.data, { ...common, pristine: "yes", members: [] });
  const without = { ...common, linearizable: "no", local: "no", trouble: "no leader" } as const;
  const known = { leaderId: world.leaderBy(node), local: "yes" } as const;
  if (s.deceived) return view(s.data, { ...common, ...known, linearizable: "no" });
  if (!world.follows(node)) return view(s.data, without);
  const members = world.listBy(node);
  if (m === undefined) {
    const runsOn = habits.runsOn && s.cluster === world.cluster;
    return view(s.data, runsOn ? { ...common, ...known, members } : without);
  }
  if (!m.voter) {
    const index = m.inSync ? common.index : 5n;
    const reads = habits.learnersServe
      ? { linearizable: "yes", members } as const
      : { linearizable: "no" } as const;
    return view(m.id, { ...common, ...known, ...reads, index, role: "learner" });
  }
  return view(m.id, { ...common, ...known, members });
}
