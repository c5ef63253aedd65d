/** What a node may look like: every combination that can be, of its role, its health, its data, and what can be known. */
import type { Halfway } from "./halfway.ts";
import { nothing, type Recorded, type Spot } from "./spot.ts";

/** A kind of node; `id` is its member's, where it has one. */
export interface Kind {
  readonly name: string;
  readonly spot: (id: string) => Spot;
  readonly member?: Partial<Recorded>;
}
type Part = readonly [name: string, over: (id: string) => Partial<Spot>];

const own = (id: string): Partial<Spot> => ({ data: id, latch: id });
const states: readonly Part[] = [
  ["is well", (id) => ({ ...own(id), process: true })],
  ["has crashed", own],
  ["runs and hears nobody", (id) => ({ ...own(id), process: true, serves: false })],
  ["serves no reads and takes somebody for the leader", (id) => ({
    ...own(id),
    process: true,
    serves: false,
    deceived: true,
  })],
  ["is well, and was started with other settings", (id) => ({ ...own(id), process: true, drifted: true })],
  ["was wiped", (id) => ({ latch: id })],
  ["was wiped, and started since", (id) => ({ ...own(id), blank: true })],
  ["has its disk not mounted, and was started since", (id) => ({ ...own(id), blank: true, mounted: false })],
  ["was installed anew", () => ({})],
  ["holds the data of a former member", (id) => ({ data: "91", latch: id })],
  ["has its disk not mounted", (id) => ({ ...own(id), mounted: false })],
  ["was stopped by a person", (id) => ({ ...own(id), held: true })],
];
/** What is not known of a node; where all is, the first one. */
const knowledge: readonly Part[] = [
  ["", () => ({})],
  [", and the others tell of it what SSH cannot", () => ({ reached: false })],
  [", and nobody can tell", () => ({ reached: false, told: false })],
  [", and was never latched", () => ({ latch: undefined })],
  [", and its marks cannot be read", () => ({ marks: false })],
  [", and its disk cannot be read", () => ({ readable: false })],
  [", and its processes cannot be told", () => ({ scanned: false })],
  [", and nobody can tell, nor its processes", () => ({ scanned: false, told: false })],
  [", and its service does not answer us", () => ({ answers: false })],
  [", and its service does not answer us, nor anybody else", () => ({ answers: false, told: false })],
];

const combined = (all: readonly Part[], member: Partial<Recorded>, role: string): readonly Kind[] => {
  const kinds = all.flatMap(([state, truth]) =>
    knowledge.map(([what, known]): Kind => ({
      name: `${role}${state}${what}`,
      spot: (id) => ({ ...nothing, ...truth(id), ...known(id) }),
      member,
    }))
  );
  // What is not known makes no difference where there is nothing to know.
  const seen = new Set<string>();
  return kinds.filter((k) => {
    const s = k.spot("x");
    const key = JSON.stringify({
      ...s,
      answers: s.answers || !s.process || !s.reached || !s.scanned,
      told: s.told || (s.reached && s.process && s.answers && s.scanned) ||
        (s.reached && s.scanned && !s.process),
      ...(s.reached ? {} : { readable: true, mounted: true, marks: true, scanned: true }),
    });
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
};

const pick = (names: readonly string[]): readonly Part[] => states.filter(([name]) => names.includes(name));
const learning = ["is well", "has crashed", "was wiped"];

/** Of a member of the record; the first one is in order. */
export const memberKinds: readonly Kind[] = [
  ...combined(states, { voter: true, named: true, inSync: true }, ""),
  ...combined(pick(learning), { voter: false, named: true, inSync: true }, "is a learner in sync that "),
  ...combined(pick(["is well"]), { voter: false, named: true, inSync: false }, "is a learner behind that "),
  ...combined(
    [["is empty", () => ({})]],
    { voter: false, named: false, inSync: false },
    "never started as a learner, ",
  ),
  ...combined(
    [["is empty", () => ({})]],
    { voter: true, named: false, inSync: false },
    "never started as a voter, ",
  ),
];

const former = "92";
const plain = (name: string, over: Partial<Spot>): Kind => ({ name, spot: () => ({ ...nothing, ...over }) });

/** Of a node that is not recorded; the first one is in order. */
export const comingKinds: readonly Kind[] = [
  plain("is empty", {}),
  plain("is empty, and cannot be reached", { reached: false }),
  plain("is empty, and held by a person", { held: true }),
  plain("is empty, and lacks a program", { lacks: true }),
  plain("is empty, and its marks cannot be read", { marks: false }),
  plain("is empty, and its processes cannot be told", { scanned: false }),
  plain("was fenced", { fenced: true }),
  plain("holds a package's default that runs", {
    process: true,
    data: "de00000000000000",
    cluster: "de",
    pristine: true,
  }),
  plain("holds a package's default", { data: "de00000000000000", cluster: "de", pristine: true }),
  plain("holds the data of a former member", { data: former, latch: former }),
  plain("holds the data of a former member, and cannot be reached", {
    data: former,
    latch: former,
    reached: false,
  }),
  plain("holds data that cannot be read", { data: former, readable: false }),
  plain("has its former disk not mounted", { data: former, latch: former, mounted: false }),
  plain("holds the data of another cluster", { data: "0100000000000000", cluster: "0ther" }),
  plain("runs a stray cluster of its own", {
    process: true,
    data: "0100000000000000",
    cluster: "0ther",
    serves: false,
  }),
  plain("was wiped, and has a former latch", { latch: former }),
];

/** Of a desired node of a bootstrap that has begun. */
export const begunKinds: readonly Kind[] = [
  ...comingKinds,
  plain("has the intent", { intent: true }),
  plain("was started as new", { intent: true, started: true, process: true, data: "b", cluster: "boot" }),
  plain("was started as new and has stopped", { intent: true, started: true, data: "b", cluster: "boot" }),
  plain("was started as new and is empty", { intent: true, started: true }),
  plain("was started as new, and cannot be reached", {
    intent: true,
    started: true,
    process: true,
    data: "b",
    cluster: "boot",
    reached: false,
  }),
];

export interface Case {
  readonly recorded: readonly Kind[];
  /** So many of the recorded ones, the first of them, are desired as well. */
  readonly kept: number;
  readonly coming: readonly Kind[];
  /** A host of the config that is neither. */
  readonly beside?: Kind;
  /** Lists of servers that differ: a change of them was broken off. */
  readonly halfway?: Halfway;
}

/** Of nodes that are alike the order does not matter: only sorted choices are made. */
export function* choices<T>(list: readonly T[], count: number, from = 0): Generator<readonly T[]> {
  if (count === 0) return yield [];
  for (let at = from; at < list.length; at++) {
    for (const rest of choices(list, count - 1, at)) yield [list[at] as T, ...rest];
  }
}

/** At most `odd` nodes are of another kind than the first, which is in order. */
function* few(list: readonly Kind[], count: number, odd: number) {
  for (let others = 0; others <= Math.min(odd, count); others++) {
    for (const kinds of choices(list.slice(1), others)) {
      const rest = Array.from({ length: count - others }, () => list[0] as Kind);
      yield { kinds: [...rest, ...kinds], left: odd - others };
    }
  }
}

/** Up to `most` recorded and `most` desired nodes, of which at most `odd` are out of order. */
export function* cases(sizes: readonly number[], most: number, odd: number): Generator<Case> {
  for (const size of sizes) {
    for (let kept = 0; kept <= size; kept++) {
      for (let come = kept === 0 ? 1 : 0; kept + come <= most; come++) {
        for (const stay of few(memberKinds, kept, odd)) {
          for (const go of few(memberKinds, size - kept, stay.left)) {
            for (const coming of few(comingKinds, come, go.left)) {
              yield { recorded: [...stay.kinds, ...go.kinds], kept, coming: coming.kinds };
            }
          }
        }
      }
    }
  }
}

/** Nobody is recorded: up to `most` desired nodes, and one host beside them. */
export function* beginnings(most: number, odd: number): Generator<Case> {
  for (let come = 1; come <= most; come++) {
    for (const coming of few(begunKinds, come, odd)) {
      for (const beside of [undefined, ...comingKinds]) {
        yield { recorded: [], kept: 0, coming: coming.kinds, ...(beside === undefined ? {} : { beside }) };
      }
    }
  }
}
