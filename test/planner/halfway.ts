/** Changes of a list that were broken off: some servers have the new one, some the old one, and some both. */
import type { Case, Kind } from "./kinds.ts";
import type { Found, List, Lists } from "./lists.ts";
import { nothing, type Recorded, type Spot } from "./spot.ts";

/** `written`: in its file, and its process goes by the one before. */
export type State = "new" | "written" | "before";

export interface Halfway {
  /**
   * What the record says since: that one has come, that one has taken the id of another over, or that one has left. Who has
   * left, and whose id was taken over, is the host beside them.
   */
  readonly change: "came" | "tookOver" | "left";
  /** Which of the recorded ones that is; -1: who has left is none of them. */
  readonly who: number;
  /** Of the recorded ones. */
  readonly lists: readonly State[];
  /** Which of the recorded ones leads; -1: who has left. */
  readonly leads: number;
  readonly noted: boolean;
}

const own = (id: string): Partial<Spot> => ({ data: id, latch: id });
const kind = (name: string, over: (id: string) => Partial<Spot>): Kind => ({
  name,
  spot: (id) => ({ ...nothing, ...over(id) }),
});
const away: Kind = kind("was fenced, its data set aside", () => ({ fenced: true }));
const leavers: readonly Kind[] = [
  kind("has left and runs on", (id) => ({ ...own(id), process: true })),
  kind("has left and stopped", own),
  kind("has left and was fenced", (id) => ({ ...own(id), fenced: true })),
  away,
  kind("has left, and cannot be reached", (id) => ({ ...own(id), process: true, reached: false })),
];
const formers: readonly Kind[] = [
  away,
  kind("was fenced, its data set aside, and cannot be reached", () => ({ fenced: true, reached: false })),
];

type Change = Pick<Halfway, "change" | "who"> & { readonly beside?: Kind };

/** All lists that servers of such cases may have, and whoever of them may lead. */
export function* halfways(all: Iterable<Case>): Generator<Case> {
  for (const c of all) {
    for (const { beside, ...change } of changesOf(c)) {
      for (const lists of listings(c, change.who, alike(c, change), 0)) {
        for (const leads of leaders(c, lists, beside)) {
          yield {
            ...c,
            ...(beside === undefined ? {} : { beside }),
            halfway: { ...change, lists, leads, noted: true },
          };
        }
      }
    }
  }
}

/** No list differs, whoever leads; and those that others built, where `/quorate` has no list yet. */
export function* atRest(all: Iterable<Case>): Generator<Case> {
  for (const c of all) {
    const lists = c.recorded.map((): State => "new");
    const rest = { change: "came", who: 0, lists } as const;
    for (const leads of leaders(c, lists)) yield { ...c, halfway: { ...rest, leads, noted: true } };
    if (c.recorded.every((k) => k.member?.voter)) {
      yield { ...c, halfway: { ...rest, leads: 0, noted: false } };
    }
  }
}

/** Nobody is registered before a change of the list is through, unless an id is taken over. */
function changesOf(c: Case): readonly Change[] {
  const joins = c.recorded.findIndex((k) => k.member?.voter === false);
  if (joins >= 0) {
    const begun = c.recorded[joins]?.spot("x").data === "x";
    return begun ? formers.map((beside) => ({ change: "tookOver", who: joins, beside })) : [];
  }
  const firsts = c.recorded.flatMap((k, i) => isFirst(c, i) && k.spot("x").data === "x" ? [i] : []);
  return [
    ...firsts.map((who) => ({ change: "came", who }) as const),
    ...firsts.flatMap((who) => formers.map((beside) => ({ change: "tookOver", who, beside }) as const)),
    ...leavers.map((beside) => ({ change: "left", who: -1, beside }) as const),
  ];
}
/** Of those that are alike it is the first. */
const isFirst = ({ recorded, kept }: Case, i: number): boolean =>
  i === 0 || i === kept || recorded[i] !== recorded[i - 1];

/** Nobody votes yet who is to take an id over: then all have the list before. */
const alike = ({ recorded }: Case, { change, who }: Change): boolean =>
  change === "tookOver" && recorded[who]?.member?.voter === false;

const states: readonly State[] = ["new", "written", "before"];
function* listings(c: Case, who: number, before: boolean, at: number): Generator<readonly State[]> {
  const k = c.recorded[at];
  if (k === undefined) return yield [];
  const runs = k.spot("x").process;
  const own = at === who ? ["new"] as const : before ? ["before"] as const : states;
  for (const state of own) {
    if (state === "written" && !runs) continue;
    for (const rest of listings(c, who, before, at + 1)) {
      // Of those that are alike the order does not matter.
      const next = rest[0];
      const sorted = next === undefined || isFirst(c, at + 1) || at === who || at + 1 === who ||
        states.indexOf(state) <= states.indexOf(next);
      if (sorted) yield [state, ...rest];
    }
  }
}

function leaders(c: Case, lists: readonly State[], beside?: Kind): readonly number[] {
  const able = c.recorded.flatMap((k, i) => {
    const { process, serves } = k.spot("x");
    const last = c.recorded[i - 1];
    return process && serves && k.member?.voter &&
        (isFirst(c, i) || last === undefined || lists[i] !== lists[i - 1])
      ? [i]
      : [];
  });
  return [...(able.length === 0 ? [0] : able), ...(beside?.spot("x").process ? [-1] : [])];
}

// ---- what that makes of a world -----------------------------------------------------------------------------------

export const BESIDE = "n12";

/** How the servers are found, and the id of the host beside them. */
export function foundOf(
  { halfway, beside }: Case,
  record: readonly Recorded[],
): { readonly found: Found; readonly besideId: string } {
  const voters = record.filter((m) => m.voter);
  const who = record[halfway?.who ?? -1];
  const besideId = who?.id ?? `${record.length + 1}`;
  if (halfway === undefined) {
    return { besideId, found: { lists: new Map(), latched: new Map(), aside: new Map(), noted: true } };
  }
  const changed = beside !== undefined || halfway.lists.some((s) => s !== "new");
  const pairs = voters.map((m) => [m.id, m.node] as const);
  const before: List = new Map(
    halfway.change === "came"
      ? pairs.filter(([id]) => !changed || id !== who?.id)
      : [...pairs.filter(([id]) => id !== who?.id), [besideId, BESIDE] as const],
  );
  const listsOf = (m: Recorded, state: State): Lists => {
    const next: List = new Map([...pairs, [m.id, m.node]]);
    return { running: state === "new" ? next : before, written: state === "before" ? before : next };
  };
  const leads = halfway.leads === -1 ? BESIDE : record[halfway.leads]?.node;
  const nodes = [...before.values()];
  return {
    besideId,
    found: {
      lists: new Map([
        ...record.map((m, i) => [m.node, listsOf(m, halfway.lists[i] ?? "new")] as const),
        [BESIDE, { running: before, written: before }] as const,
      ]),
      latched: new Map([...record.map((m) => m.node), BESIDE].map((n) => [n, nodes] as const)),
      aside: new Map(beside?.spot("x").data === undefined ? [[BESIDE, [besideId]]] : []),
      ...(leads === undefined ? {} : { leads }),
      noted: halfway.noted,
    },
  };
}

/** Who has just come is latched last. */
export const latchedAs = ({ halfway, beside }: Case, i: number, spot: Spot): Spot =>
  halfway?.who === i && (beside !== undefined || halfway.lists.some((s) => s !== "new"))
    ? { ...spot, latch: undefined }
    : spot;

export function toldOf({ halfway, recorded }: Case): readonly string[] {
  if (halfway === undefined) return [];
  const { change, who, lists, leads, noted } = halfway;
  const words = { new: "the list of the record", written: "it in its file alone", before: "the list before" };
  return [
    ...(who >= 0 && lists.some((s) => s !== "new")
      ? [`n${who + 1} ${change === "came" ? "has come" : "has taken an id over"}`]
      : []),
    ...recorded.map((_, i) => `n${i + 1} has ${words[lists[i] ?? "new"]}`),
    leads === -1 ? `${BESIDE} leads` : `n${leads + 1} leads`,
    ...(noted ? [] : ["/quorate has no list"]),
  ];
}
