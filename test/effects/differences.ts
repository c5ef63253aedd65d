/**
 * Where an observation differs from the one that `project()` predicts of a step's declared effect.
 *
 * Compared, for every node that can be reached:
 * - the unit: loaded or not, enabled or not, on (active, or on the way there) or off; whether a process is alive;
 * - the data: present, empty or pristine, where it lies, and whose it is where the prediction names that;
 * - the marks: latch with its voters, intent, started, fenced;
 *
 * and, while a quorum is held, for every member (by its node): that it is recorded, its role, its peer URLs, that it is
 * healthy where that is predicted, and after a hand-over that the one who led does not.
 *
 * By nature not predictable, and not compared: ids that the service draws, terms, indexes, times, versions, pids and
 * counters; who leads, which every election may change; the process of a member that was removed, which ends itself when it hears of it;
 * the URLs of a member that is only now registered; what a service says of itself while it
 * starts; that a member which is predicted to be down is not (the rules count a
 * new voter as down until it is seen to serve, S6); settings, which an effect does not name; and members while no
 * quorum is held, whose list is evidence only.
 *
 * @module
 */
import type { NodeFacts } from "../../src/model/node.ts";
import type { Member, Observation } from "../../src/model/observation.ts";
import type { Effect } from "../../src/playbook/effect.ts";

export interface Difference {
  /** E.g. `n1.latch`. */
  readonly field: string;
  readonly predicted: unknown;
  readonly observed: unknown;
}

/** All differences; `effect`: what was done, where it says that something of the above cannot be told. */
export function differences(
  predicted: Observation,
  observed: Observation,
  effect?: Effect,
): readonly Difference[] {
  const leaving = effect?.does === "removes"
    ? Object.values(observed.nodes).find((f) => idOf(f) === effect.member)?.node
    : undefined;
  const nodes = Object.values(predicted.nodes).flatMap((p): readonly Difference[] => {
    const o = observed.nodes[p.node];
    if (o === undefined || !o.reached || !p.reached) return [];
    return compare(p.node, nodeFields(p, p.node === leaving), nodeFields(o, p.node === leaving));
  });
  // Who the members of a stopped cluster are is not known before it runs.
  if (predicted.state !== "held" || predicted.members.length === 0) return nodes;
  if (observed.state !== "held") {
    return [...nodes, { field: "state", predicted: predicted.state, observed: observed.state }];
  }
  const nameOf = (m: Member) => m.node ?? m.id;
  const names = new Set([...predicted.members, ...observed.members].map(nameOf));
  const members = [...names].flatMap((name): readonly Difference[] => {
    const [p, o] = [predicted, observed].map((seen) => seen.members.find((m) => nameOf(m) === name));
    const led = effect?.does === "movesLeaderFrom" && p?.id === effect.member;
    return compare(`member ${name}`, memberFields(p, p, led), memberFields(o, p, led));
  });
  return [...nodes, ...members];
}

const idOf = (f: NodeFacts): string | undefined =>
  typeof f.data.identity === "string" ? undefined : f.data.identity.memberId;

type Fields = Readonly<Record<string, unknown>>;
/** A value that a prediction leaves open: a plan's `<id of n4>`, or whose data it will be. */
const isOpen = (value: unknown): boolean =>
  value === "unknown" || (typeof value === "string" && value.startsWith("<"));

function compare(of: string, predicted: Fields, observed: Fields): readonly Difference[] {
  return Object.keys({ ...predicted, ...observed }).flatMap((key) => {
    const [p, o] = [predicted[key], observed[key]];
    return isOpen(p) || p === o ? [] : [{ field: `${of}.${key}`, predicted: p, observed: o }];
  });
}

function nodeFields(f: NodeFacts, leaving: boolean): Fields {
  const { data, latch, intent, started } = f;
  const on = f.unit.active === "active" || f.unit.active === "activating" ? "on" : "off";
  return {
    "unit.load": f.unit.load,
    "unit.enabled": f.unit.enabled,
    ...(leaving ? {} : { "unit.active": on, process: f.process, fenced: f.fenced }),
    "data.state": data.state,
    "data.identity": typeof data.identity === "string" ? data.identity : data.identity.memberId,
    "data.place": data.place === undefined ? undefined : `${data.place.dataPath} ${data.place.fsId}`,
    ...(typeof latch === "string" ? { latch } : {
      "latch.clusterId": latch.clusterId,
      "latch.memberId": latch.memberId,
      "latch.place": `${latch.dataPath} ${latch.fsId}`,
      "latch.voters": latch.voters.toSorted().join(),
    }),
    intent: typeof intent === "string" ? intent : `${intent.token} ${intent.members.join()}`,
    started: typeof started === "string" ? started : `${started.dataPath} ${started.fsId}`,
  };
}

/** `predicted`: how much of a member can be told; `led`: it has just handed over. */
function memberFields(m: Member | undefined, predicted: Member | undefined, led: boolean): Fields {
  if (m === undefined) return { recorded: "no" };
  return {
    recorded: "yes",
    role: m.role,
    ...(predicted?.peerUrls.length ? { peerUrls: m.peerUrls.toSorted().join() } : {}),
    ...(predicted?.health === "healthy" ? { health: m.health } : {}),
    ...(led ? { leader: m.leader } : {}),
  };
}
