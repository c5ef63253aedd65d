/** Which cases are checked: a small range with every change of the code, all of them when asked for. */
import { beginnings, type Case, cases } from "./kinds.ts";

export interface Range {
  readonly name: string;
  readonly cases: () => Iterable<Case>;
}

export const small: readonly Range[] = [
  { name: "1 recorded and up to 2 desired nodes of every kind", cases: () => cases([1], 2, 9) },
  { name: "2 recorded and up to 3 desired nodes, one out of order", cases: () => cases([2], 3, 1) },
  { name: "3 recorded and up to 3 desired nodes, one out of order", cases: () => cases([3], 3, 1) },
  {
    name: "nobody recorded, up to 2 desired nodes of every kind, and a host beside them",
    cases: () => beginnings(2, 2),
  },
  { name: "4 or 5 recorded and up to 5 desired nodes, one out of order", cases: () => cases([4, 5], 5, 1) },
];

export const large: readonly Range[] = [
  { name: "1 or 2 recorded and up to 2 desired nodes of every kind", cases: () => cases([1, 2], 2, 9) },
  { name: "1 or 2 recorded and 3 desired nodes, two out of order", cases: () => cases([1, 2], 3, 2) },
  { name: "3 recorded and up to 3 desired nodes, two out of order", cases: () => cases([3], 3, 2) },
  { name: "4 or 5 recorded and up to 5 desired nodes, two out of order", cases: () => cases([4, 5], 5, 2) },
  {
    name: "nobody recorded, up to 3 desired nodes of every kind, and a host beside them",
    cases: () => beginnings(3, 9),
  },
];

/** Every kind of every node: up to three recorded and three desired. */
export const all: readonly Range[] = [
  { name: "up to 3 recorded and 3 desired nodes of every kind", cases: () => cases([1, 2, 3], 3, 9) },
];
