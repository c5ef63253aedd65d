/**
 * YAML, with the line and column of everything in it.
 *
 * @module
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import type { Problem } from "./config.ts";

/** Where in the value: keys and list indices from the top. */
export type Place = readonly (string | number)[];
/** A problem without its position. */
export type Said = Pick<Problem, "message" | "expected" | "didYouMean" | "hint">;

/** Something that a check found. */
export interface Finding {
  readonly severity?: Problem["severity"];
  readonly place: Place;
  /** Mark the key, where what it says is not the point. */
  readonly on?: "key" | "value";
  readonly said: Said;
}

export interface Source {
  readonly value: unknown;
  /** A problem at the value of a place, or at its key; at the nearest place above where it is not written. */
  problem(severity: Problem["severity"], place: Place, said: Said, on?: "value" | "key"): Problem;
  /** How a value is written, for messages: its own text, "a list", "a map", "nothing". */
  written(place: Place): string;
}

/** Aliases cost memory when they nest: this many copies are more than any config needs. */
const MAX_ALIASES = 10_000;

/** Reads YAML. Without a source nothing could be read; problems may come with one (a key that is given twice). */
export function readSource(
  text: string,
  path: string,
): { readonly source?: Source; readonly problems: readonly Problem[] } {
  // The parser's own line counter misses lines after an error.
  const starts = [0, ...[...text.matchAll(/\n/g)].map((found) => found.index + 1)];
  const mark = (severity: Problem["severity"], range: Range, said: Said): Problem => {
    const from = Math.min(range[0], text.length);
    const line = starts.findLastIndex((start) => start <= from);
    const newline = text.slice(from, range[1]).search(/\r?\n/);
    const length = newline < 0 ? range[1] - from : newline;
    const column = from - (starts[line] ?? 0) + 1;
    return {
      severity,
      path,
      line: line + 1,
      column,
      endColumn: length > 0 ? column + length : undefined,
      ...said,
    };
  };
  const fail = (range: Range, said: Said) => ({ problems: [mark("error", range, said)] });

  let doc: Document.Parsed;
  try {
    doc = parseDocument(text, {
      merge: true,
      prettyErrors: false,
      stringKeys: true,
      logLevel: "error",
    });
  } catch {
    return fail([0, 0], TOO_DEEP);
  }
  // The parser recurses: a file of brackets ends its stack, and it may say so itself.
  if (doc.errors.some((e) => e.code === "RESOURCE_EXHAUSTION")) return fail([0, 0], TOO_DEEP);
  const problems = [...doc.errors, ...doc.warnings].map((e) => {
    const key = e.code === "DUPLICATE_KEY" ? (KEY.exec(text.slice(e.pos[0]))?.[0] ?? "") : "";
    const end = Math.max(e.pos[1], e.pos[0] + key.length);
    return mark("error", [e.pos[0], end], yamlSaid(e, key));
  });
  if (doc.errors.some((e) => e.code !== "DUPLICATE_KEY")) {
    // One slip makes several errors: the first of a line is the one to look at.
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    return { problems: sorted.filter((p, i) => p.line !== sorted[i - 1]?.line) };
  }

  const { aliased, lost } = aliasesOf(doc);
  if (lost.length > 0) {
    const missing = lost.map((alias) => mark("error", rangeOf(alias), noAnchor(alias.source)));
    return { problems: [...problems, ...missing] };
  }
  const resolve: Resolve = (node) => isAlias(node) ? aliased.get(node) : isNode(node) ? node : undefined;

  let value: unknown;
  try {
    value = doc.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    const merge = badMerge(doc, resolve);
    if (merge !== undefined) return fail(merge, BAD_MERGE);
    const first = aliased.keys().next().value;
    return fail(first ? rangeOf(first) : [0, 0], TOO_MANY);
  }

  const find = (place: Place): Found | undefined =>
    place.reduce<Found | undefined>(
      (at, step) => at && stepInto(resolve(at.value), step, resolve),
      { value: doc.contents ?? undefined },
    );
  return {
    problems,
    source: {
      value,
      problem(severity, place, said, on = "value") {
        for (let above = place; above.length > 0; above = above.slice(0, -1)) {
          const found = find(above);
          if (found === undefined) continue;
          const whole = on === "value" && above === place && found.value !== undefined;
          const node = whole && !spans(found.value, text) ? found.value : found.key ?? found.value;
          if (node !== undefined) return mark(severity, rangeOf(node), said);
        }
        return mark(severity, [0, 0], said);
      },
      written(place) {
        const node = resolve(find(place)?.value);
        if (isMap(node)) return node.items.length === 0 ? "an empty map" : "a map";
        if (isSeq(node)) return node.items.length === 0 ? "an empty list" : "a list";
        if (node === undefined || isScalar(node) && node.value === null) return "nothing";
        const own = text.slice(...rangeOf(node)).replaceAll(/\s+/g, " ");
        return own.length > 40 ? `${own.slice(0, 39)}…` : own;
      },
    },
  };
}

type Range = readonly [number, number];
/** The node that an alias stands for, or the node itself. */
type Resolve = (node: unknown) => Node | undefined;

/** What each alias stands for (the last anchor of its name before it), and those that stand for nothing. */
function aliasesOf(doc: Document.Parsed) {
  const anchors = new Map<string, Node>();
  const aliased = new Map<Alias, Node>();
  const lost: Alias[] = [];
  visit(doc, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target === undefined) lost.push(node);
      else aliased.set(node, target);
    },
  });
  return { aliased, lost };
}

interface Found {
  readonly key?: Node;
  readonly value: Node | undefined;
}

/** One step into a map (its own keys before those that are merged into it) or a list. */
function stepInto(
  node: Node | undefined,
  step: string | number,
  resolve: Resolve,
): Found | undefined {
  if (isSeq(node)) {
    const item = typeof step === "number" ? node.items[step] : undefined;
    return isNode(item) ? { value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  // The last of two equal keys is the one that was read.
  for (const { key, value } of node.items.toReversed()) {
    if (isScalar(key) && key.value === step) return { key, value: isNode(value) ? value : undefined };
  }
  for (const { key, value } of node.items) {
    if (!isScalar(key) || key.value !== "<<") continue;
    const merged = resolve(value);
    for (const one of isSeq(merged) ? merged.items : [merged]) {
      const found = stepInto(resolve(one), step, resolve);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const rangeOf = (node: Node): Range => [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
/** A block that spans lines cannot be underlined: its key is. */
const spans = (node: Node | undefined, text: string): boolean =>
  node === undefined || isScalar(node) && node.range?.[0] === node.range?.[1] ||
  (isMap(node) || isSeq(node)) && text.slice(...rangeOf(node)).trimEnd().includes("\n");

/** Where the first `<<` is that merges no map. */
function badMerge(doc: Document.Parsed, resolve: Resolve): Range | undefined {
  let range: Range | undefined;
  visit(doc, {
    Pair(_, { key, value }) {
      if (range !== undefined || !isScalar(key) || key.value !== "<<") return;
      const merged = resolve(value);
      const all = isSeq(merged) ? merged.items : [merged];
      if (!all.every((one) => isMap(resolve(one)))) range = rangeOf(key);
    },
  });
  return range;
}
const BAD_MERGE: Said = { message: "<< cannot merge this", expected: "an alias of a map, or a list of them" };
const TOO_MANY: Said = {
  message: "the aliases of this file contain themselves or multiply without end",
  expected: "fewer aliases of aliases",
};
const TOO_DEEP: Said = { message: "the file cannot be read: it is nested too deeply" };
const noAnchor = (name: string): Said => ({
  message: `no anchor &${name} before this alias`,
  hint: "text that starts with * must be in quotes",
});

/** A key as it is written: the parser marks only its first character. */
const KEY = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:,{}]+)/;

/** What the parser says, in words of ours where its own are about YAML's inside. */
function yamlSaid(error: YAMLError, key: string): Said {
  switch (error.code) {
    case "DUPLICATE_KEY":
      return { message: `${key} is given twice`, expected: "one of the two" };
    case "MULTIPLE_DOCS":
      return { message: "the file holds more than one document", expected: 'no "---" after the first lines' };
    case "TAB_AS_INDENT":
      return { message: "a tab cannot indent", expected: "spaces" };
    case "TAG_RESOLVE_FAILED":
      return { message: error.message, hint: "text that starts with ! must be in quotes" };
    case "NON_STRING_KEY":
      return { message: "a key must be plain text" };
    default:
      return { message: error.message };
  }
}
