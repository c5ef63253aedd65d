/**
 * The keys of a config against its schema: unknown, missing and ill-formed ones, all at once. Valibot names only the
 * first unknown key, and drops the names `constructor` and `prototype` without a word.
 *
 * @module
 */
import * as v from "valibot";
import { nearest } from "./nearest.ts";
import type { Finding, Place } from "./source.ts";

/** What of a valibot schema tells about keys. */
interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, v.GenericSchema>>;
  readonly key?: v.GenericSchema;
  readonly value?: v.GenericSchema;
  readonly wrapped?: v.GenericSchema;
  readonly options?: readonly v.GenericSchema[];
  readonly default?: unknown;
  readonly message?: unknown;
}
type Entries = Readonly<Record<string, v.GenericSchema>>;
type Written = Readonly<Record<string, unknown>>;

/** Names that valibot leaves out of every record, for fear of prototypes. */
const UNSAFE = ["__proto__", "constructor", "prototype"];

/** Everything that is wrong with the keys of a value and of what is in it. */
export function* keyProblems(schema: v.GenericSchema, value: unknown, place: Place): Generator<Finding> {
  const { type, entries, key, value: each, wrapped, options }: Shape = schema;
  if (wrapped !== undefined) return yield* keyProblems(wrapped, value, place);
  if (type === "union") {
    const maps = (options ?? []).filter((one: Shape) => one.entries !== undefined);
    for (const one of maps) yield* keyProblems(one, value, place);
    return;
  }
  if (entries === undefined && key === undefined) return;
  // To valibot a list is an object as well.
  if (Array.isArray(value)) yield finding(place, `${labelOf(place)} cannot be a list`, expectedOf(schema));
  if (!isMap(value)) return;
  if (entries !== undefined) {
    const likely = new Set<string>();
    yield* unknownKeys(entries, value, place, likely);
    yield* entryProblems(entries, value, place, likely);
  } else if (key !== undefined && each !== undefined) {
    for (const [name, one] of Object.entries(value)) {
      const at = [...place, name];
      if (UNSAFE.includes(name)) yield finding(at, `"${name}" cannot be a name`, "any other name");
      else if (!v.is(key, name)) yield finding(at, `"${name}" cannot be a name here`, expectedOf(key));
      yield* keyProblems(each, one, at);
    }
  }
}

/** Adds to `likely` what the unknown keys were most likely meant to be. */
function* unknownKeys(
  entries: Entries,
  value: Written,
  place: Place,
  likely: Set<string>,
): Generator<Finding> {
  const valid = Object.keys(entries);
  for (const key of Object.keys(value).filter((one) => !Object.hasOwn(entries, one))) {
    const near = nearest(key, valid.filter((one) => !Object.hasOwn(value, one)));
    if (near !== undefined) likely.add(near);
    const below = valid.find((one) => Object.hasOwn(innermost(entries[one]).entries ?? {}, key));
    const message = `unknown key "${key}"${place.length === 0 ? "" : ` in ${labelOf(place)}`}`;
    const { said, ...rest } = finding([...place, key], message, `one of ${valid.join(", ")}`);
    yield { ...rest, said: { ...said, didYouMean: near, hint: below && `${key} goes under ${below}:` } };
  }
}

/** What is missing (unless it is there, misspelt), and what is wrong further in. */
function* entryProblems(
  entries: Entries,
  value: Written,
  place: Place,
  likely: ReadonlySet<string>,
): Generator<Finding> {
  for (const [key, schema] of Object.entries(entries)) {
    const shape: Shape = schema;
    if (Object.hasOwn(value, key)) yield* keyProblems(schema, value[key], [...place, key]);
    else if (shape.type === "exact_optional") {
      if (shape.default !== undefined) yield* keyProblems(schema, shape.default, [...place, key]);
    } else if (!likely.has(key)) {
      yield finding(place, `${labelOf(place)} has no "${key}"`, expectedOf(schema));
    }
  }
}

const finding = (place: Place, message: string, expected: string | undefined): Finding => ({
  place,
  on: "key",
  said: { message, expected },
});
const innermost = (schema: v.GenericSchema | undefined): Partial<Shape> => {
  const shape: Partial<Shape> = schema ?? {};
  return shape.wrapped === undefined ? shape : innermost(shape.wrapped);
};
const expectedOf = (schema: v.GenericSchema): string | undefined => {
  const { message } = innermost(schema);
  return typeof message === "string" ? message : undefined;
};

export const isMap = (value: unknown): value is Written =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How a message calls a place: its last name, and its number in a list. */
export function labelOf(place: Place): string {
  const last = place.at(-1);
  if (last === undefined) return "the file";
  return typeof last === "number" ? `${labelOf(place.slice(0, -1))}[${last}]` : last;
}
