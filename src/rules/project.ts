/**
 * What an observation becomes when an effect has happened. The safety rules ask it before a step runs, and a plan
 * follows it to show the changes that will come later. Pure; a simulator's transitions answer to the same words.
 *
 * @module
 */
import type { Latch, NodeFacts } from "../model/node.ts";
import type { Member, Observation } from "../model/observation.ts";
import { memberOn } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Effect, Join } from "../playbook/effect.ts";

/** The id that a member will be given: it stands in plans as this text. */
export const futureId = (node: string): string => `<id of ${node}>`;
/** A member of a plan that does not exist yet. */
export const isFuture = (m: { readonly id: string }): boolean => m.id.startsWith("<");

/** Applies one effect. What it starts counts as down until it is seen to serve: a plan says so with `expect`. */
export function project(seen: Observation, effect: Effect): Observation {
  switch (effect.does) {
    case "nothing":
      return seen;
    case "configures":
      return withNode(seen, effect.node, (f) => configured(f, effect.join));
    case "updatesPeerUrl":
      return withMember(seen, effect.member, (m) => ({ ...m, peerUrls: [effect.peerUrl] }));
    case "unfences":
      return withNode(seen, effect.node, (f) => ({ ...f, fenced: "no" }));
    case "intends":
      return withNode(seen, effect.node, (f) => ({ ...f, intent: effect.intent }));
    case "formed":
      return withNode(seen, effect.node, (f) => ({ ...f, intent: "none" }));
    case "starts":
      return started(seen, effect.node, effect.as);
    case "restarts":
      return seen;
    case "fences":
      return withMember(withNode(seen, effect.node, stopped), memberOn(seen, effect.node)?.id, down);
    case "setsAside":
      return withNode(seen, effect.node, (f) => ({
        ...f,
        data: { state: "empty", identity: "none", place: f.data.place },
        latch: "none",
        started: "none",
      }));
    case "prunes":
      return withNode(seen, effect.node, (f) => ({
        ...f,
        aside: f.aside.filter((a) => !effect.paths.includes(a.path)),
      }));
    case "latches":
      return withNode(seen, effect.node, (f) => ({ ...f, latch: latchOf(seen, f) }));
    case "registersLearner":
      return recount({ ...seen, members: [...seen.members, newLearner(effect.node)] });
    case "promotes":
      return recount(
        withMember(seen, memberOn(seen, effect.node)?.id, (m) => ({
          ...m,
          role: "voter",
          // S6: a new voter counts as down, unless it was a learner in sync in this very observation.
          health: m.caughtUp === "yes" && m.health === "healthy" ? "healthy" : "unhealthy",
        })),
      );
    case "removes":
      return recount({ ...seen, members: seen.members.filter((m) => m.id !== effect.member) });
    case "movesLeaderFrom": {
      const next = seen.members.find((m) =>
        m.role === "voter" && m.health === "healthy" && m.id !== effect.member
      );
      return {
        ...seen,
        members: seen.members.map((m) => ({ ...m, leader: m.id === (next?.id ?? effect.member) })),
      };
    }
  }
}

/**
 * The moment in the middle of an effect: what restarts is down while it does, and a member whose peers dial a new
 * address is cut off until it listens there.
 */
export const during = (seen: Observation, effect: Effect): Observation =>
  effect.does === "restarts"
    ? withMember(seen, memberOn(seen, effect.node)?.id, down)
    : effect.does === "updatesPeerUrl"
    ? withMember(project(seen, effect), effect.member, down)
    : project(seen, effect);

/** What a wait hopes for: the plan goes on as if it had come true. */
export function expect(seen: Observation, nodes: readonly string[]): Observation {
  return recount({
    ...seen,
    members: seen.members.map((m) =>
      m.node !== undefined && nodes.includes(m.node)
        ? { ...m, health: "healthy", caughtUp: m.role === "learner" ? "yes" : "no", name: m.name || m.node }
        : m
    ),
  });
}

/** A bootstrap that came about: each of these nodes is a voter. */
export function expectFormed(seen: Observation, nodes: readonly string[]): Observation {
  if (seen.state === "held") return seen;
  const missing = nodes.filter((n) => memberOn(seen, n) === undefined);
  return {
    ...seen,
    state: "held",
    clusterId: seen.clusterId ?? "<id of the cluster>",
    members: [
      ...seen.members,
      ...missing.map((n): Member => ({ ...newLearner(n), id: idOf(seen, n), role: "voter" })),
    ],
  };
}
const idOf = (seen: Observation, node: string): string => {
  const disk = seen.nodes[node]?.data.identity;
  return disk === undefined || typeof disk === "string" ? futureId(node) : disk.memberId;
};

function started(seen: Observation, node: string, as: "new" | "existing" | "itself"): Observation {
  const place = seen.nodes[node]?.data.place ?? { dataPath: "", fsId: "" };
  const running = withNode(seen, node, (f) => ({
    ...f,
    process: "yes",
    fenced: "no",
    // Who starts as `new` must not do so again at a boot; who starts on its own data is enabled, or not, as before.
    unit: { ...f.unit, active: "active", enabled: as === "existing" ? "enabled" : f.unit.enabled },
    data: as === "itself" ? f.data : { state: "present", identity: "unknown", place },
    started: as === "new" ? place : f.started,
  }));
  if (as !== "new") return running;
  const isNew = memberOn(running, node) === undefined;
  return recount({
    ...running,
    members: isNew ? [...running.members, { ...newLearner(node), role: "voter" }] : running.members,
  });
}

/** A unit is there from then on, if only by this; who is to start as `new` does not do so at a boot. */
function configured(f: NodeFacts, join: Join): NodeFacts {
  const unit = f.unit.load === "not-found"
    ? { ...f.unit, load: "loaded", enabled: "disabled" } as const
    : f.unit;
  const enabled = join === "new" ? "disabled" : join === "formed" ? "enabled" : unit.enabled;
  return {
    ...f,
    unit: { ...unit, enabled },
    ...(join === "existing" ? { intent: "none", started: "none", latch: "none" } : {}),
  };
}
const stopped = (f: NodeFacts): NodeFacts => ({
  ...f,
  process: "no",
  fenced: "yes",
  view: undefined,
  unit: { ...f.unit, active: "inactive", enabled: "disabled" },
});
const down = (m: Member): Member => ({ ...m, health: "unhealthy" });
const newLearner = (node: string): Member => ({
  id: futureId(node),
  name: "",
  node,
  role: "learner",
  peerUrls: [],
  clientUrls: [],
  leader: false,
  health: "unhealthy",
  caughtUp: "unknown",
  version: undefined,
});
function latchOf(seen: Observation, f: NodeFacts): Latch {
  return {
    clusterId: seen.clusterId ?? "",
    memberId: memberOn(seen, f.node)?.id ?? "",
    dataPath: f.data.place?.dataPath ?? "",
    fsId: f.data.place?.fsId ?? "",
    voters: seen.members.flatMap((m) => m.role === "voter" && m.node !== undefined ? [m.node] : []),
  };
}

function withNode(seen: Observation, node: string, change: (f: NodeFacts) => NodeFacts): Observation {
  const facts = seen.nodes[node];
  return facts === undefined ? seen : { ...seen, nodes: { ...seen.nodes, [node]: change(facts) } };
}
const withMember = (
  seen: Observation,
  id: string | undefined,
  change: (m: Member) => Member,
): Observation => recount({ ...seen, members: seen.members.map((m) => m.id === id ? change(m) : m) });

/** Counts the voters again. */
export function recount(seen: Observation): Observation {
  const voters = seen.members.filter((m) => m.role === "voter");
  return { ...seen, quorum: quorumOf(voters.length, voters.filter((m) => m.health === "healthy").length) };
}
