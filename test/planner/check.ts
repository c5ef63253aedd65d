/** Judges every case of a range: what costs the quorum, or is refused for ever, comes out as a short story. */
import type { Target } from "../../src/model/observation.ts";
import { target as targetOf } from "../unit/core_samples.ts";
import { follow, reasonsOf, safeAction } from "./follow.ts";
import type { Case } from "./kinds.ts";
import { etcdHabits, type Habits } from "./habits.ts";
import { BESIDE, foundOf, latchedAs, toldOf } from "./halfway.ts";
import { SmallWorld } from "./small_world.ts";
import type { Recorded } from "./spot.ts";
import { StaticWorld } from "./static_world.ts";

export interface Checked {
  readonly cases: number;
  /** How they ended: steady, refused, quorumLost. */
  readonly ends: ReadonlyMap<string, number>;
  /** The first that is wrong. */
  readonly wrong: string | undefined;
}

/** The world of a case. */
export function worldOf(c: Case, habits: Habits): SmallWorld {
  const { recorded, kept, coming, beside } = c;
  const old = recorded.map((_, i) => `n${i + 1}`);
  const fresh = coming.map((_, i) => `n${i + 6}`);
  const others = beside === undefined ? [] : [BESIDE];
  const { desired, ...rest } = targetOf(
    [...old.slice(0, kept), ...fresh].join(" "),
    [...old, ...fresh, ...others].join(" "),
    { moveAll: true },
  );
  const t: Target = { ...rest, desired: rest.nodes.filter((n) => desired.some((d) => d.name === n.name)) };
  const record = recorded.map((kind, i): Recorded => ({
    id: `${i + 1}`,
    node: `n${i + 1}`,
    voter: true,
    named: true,
    inSync: true,
    ...kind.member,
  }));
  const { found, besideId } = foundOf(c, record);
  const spots = new Map([
    ...recorded.map((kind, i) => [`n${i + 1}`, latchedAs(c, i, kind.spot(record[i]?.id ?? ""))] as const),
    ...coming.map((kind, i) => {
      const spot = kind.spot("");
      // A member of a bootstrap that has begun.
      return [`n${i + 6}`, spot.data === "b" ? { ...spot, data: `bn${i + 6}` } : spot] as const;
    }),
    ...(beside === undefined ? [] : [[BESIDE, beside.spot(besideId)] as const]),
  ]);
  const world = habits.lists
    ? new StaticWorld(t, spots, record, habits, found)
    : new SmallWorld(t, spots, record, habits);
  world.begin();
  return world;
}

/** No cluster comes to be like that: its list has two that have not joined, or nobody holds its data any more. */
const canBe = ({ recorded, coming, beside }: Case, { defaults, leavesIds }: Habits): boolean =>
  [...recorded, ...coming, ...(beside ? [beside] : [])].every((k) =>
    (defaults || !k.spot("").pristine) && (leavesIds || !k.spot("").blank)
  ) &&
  recorded.filter((k) => k.member?.voter === false || k.member?.named === false).length <= 1 &&
  (recorded.length === 0 || recorded.some((k) => k.member?.voter === true && k.spot("own").data === "own"));

export function check(all: Iterable<Case>, every = 1, from = 0, habits = etcdHabits): Checked {
  let count = 0;
  let at = -1;
  const ends = new Map<string, number>();
  for (const c of all) {
    if (++at % every !== from || !canBe(c, habits)) continue;
    const world = worldOf(c, habits);
    if ((!world.held && !world.leavesTraces()) || world.unsafe !== undefined) continue;
    count++;
    const end = follow(world);
    const { verdict } = end;
    ends.set(verdict.kind, (ends.get(verdict.kind) ?? 0) + 1);
    const wrong = end.wrong ?? wrongEnd(world, end);
    if (wrong !== undefined) return { cases: count, ends, wrong: told(c, [...end.story, `then: ${wrong}`]) };
  }
  return { cases: count, ends, wrong: undefined };
}

function wrongEnd(world: SmallWorld, end: ReturnType<typeof follow>): string | undefined {
  const { verdict } = end;
  if (verdict.kind === "steady") {
    const names = (list: readonly string[]) => [...list].sort().join(" ");
    const is = names(world.record.map((m) => m.node));
    const wanted = names(world.target.desired.map((n) => n.name));
    const late = world.late.map((m) => m.node);
    if (late.length > 0) {
      return `it ends steady, and ${late.join()} goes by another list than the recorded one`;
    }
    return is === wanted && world.voters.length === world.record.length
      ? undefined
      : `it ends steady with ${is || "nobody"}, and ${wanted} are desired`;
  }
  // What contradicts itself is for a person to judge: the identities on the nodes have to be told apart by hand.
  if (end.seen.conflicts.length > 0) return undefined;
  const safe = safeAction(world, end);
  return safe === undefined
    ? undefined
    : `${verdict.kind}, although it could ${safe}: ${reasonsOf(verdict).join("; ")}`;
}

const told = (c: Case, story: readonly string[]): string => {
  const { recorded, kept, coming, beside } = c;
  return [
    ...recorded.map((k, i) => `n${i + 1} is recorded${i < kept ? " and desired" : ""}: it ${k.name}`),
    ...coming.map((k, i) => `n${i + 6} is desired: it ${k.name}`),
    ...(beside === undefined ? [] : [`${BESIDE} is a host beside them: it ${beside.name}`]),
    ...toldOf(c),
    ...story,
  ].join("\n");
};
