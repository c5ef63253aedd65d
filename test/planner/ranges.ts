/** Which cases are checked: a small range with every change of the code, all of them when asked for. */
import { atRest, halfways } from "./halfway.ts";
import type { Habits } from "./habits.ts";
import { beginnings, type Case, cases } from "./kinds.ts";

export interface Range {
  readonly name: string;
  readonly cases: () => Iterable<Case>;
}

const small: readonly Range[] = [
  { name: "1 recorded and up to 2 desired nodes of every kind", cases: () => cases([1], 2, 9) },
  { name: "2 recorded and up to 3 desired nodes, one out of order", cases: () => cases([2], 3, 1) },
  { name: "3 recorded and up to 3 desired nodes, one out of order", cases: () => cases([3], 3, 1) },
  {
    name: "nobody recorded, up to 2 desired nodes of every kind, and a host beside them",
    cases: () => beginnings(2, 2),
  },
  { name: "4 or 5 recorded and up to 5 desired nodes, one out of order", cases: () => cases([4, 5], 5, 1) },
];

const large: readonly Range[] = [
  { name: "1 or 2 recorded and up to 2 desired nodes of every kind", cases: () => cases([1, 2], 2, 9) },
  { name: "1 or 2 recorded and 3 desired nodes, two out of order", cases: () => cases([1, 2], 3, 2) },
  { name: "3 recorded and up to 3 desired nodes, two out of order", cases: () => cases([3], 3, 2) },
  { name: "4 or 5 recorded and up to 5 desired nodes, two out of order", cases: () => cases([4, 5], 5, 2) },
  {
    name: "nobody recorded, up to 3 desired nodes of every kind, and a host beside them",
    cases: () => beginnings(3, 9),
  },
];

/** Of static ensembles: what differs from others is which lists are worked with. A bootstrap is that of any ZooKeeper. */
const smallLists: readonly Range[] = [
  {
    name: "3 recorded nodes with one list, up to 3 desired ones, one out of order",
    cases: () => atRest(cases([3], 3, 1)),
  },
  {
    name: "3 recorded nodes whose lists differ, up to 3 desired ones",
    cases: () => halfways(cases([3], 3, 0)),
  },
];
const largeLists: readonly Range[] = [
  {
    name: "1 to 5 recorded nodes with one list, up to 5 desired ones, one out of order",
    cases: () => atRest(cases([1, 2, 3, 4, 5], 5, 1)),
  },
  {
    name: "2 to 5 recorded nodes whose lists differ, up to 5 desired ones",
    cases: () => halfways(cases([2, 3, 4, 5], 5, 0)),
  },
  {
    name: "2 recorded nodes whose lists differ, up to 3 desired ones, one out of order",
    cases: () => halfways(cases([2], 3, 1)),
  },
];

/** Every kind of every node: up to three recorded and three desired. */
const all: readonly Range[] = [
  { name: "up to 3 recorded and 3 desired nodes of every kind", cases: () => cases([1, 2, 3], 3, 9) },
];
const allLists: readonly Range[] = [
  {
    name: "3 recorded nodes whose lists differ, up to 3 desired ones, one out of order",
    cases: () => halfways(cases([3], 3, 1)),
  },
];

export interface Ranges {
  readonly small: readonly Range[];
  readonly large: readonly Range[];
  readonly all: readonly Range[];
}

/** What is checked of a service. */
export const rangesOf = ({ lists }: Habits): Ranges =>
  lists ? { small: smallLists, large: largeLists, all: allLists } : { small, large, all };
