/**
 * Options that break each other: two services on one node that share a unit, a port or a directory.
 *
 * @module
 */
import { posix } from "node:path";
import type { Options, OptionsSpec } from "../playbook/options.ts";
import type { ServiceConfig } from "./config.ts";
import type { Finding, Place } from "./source.ts";

/** Options that are given without the one that they need. */
export function* optionProblems(spec: OptionsSpec, options: Options, place: Place): Generator<Finding> {
  for (const [name, option] of Object.entries(spec)) {
    const value = options[name];
    if (value === undefined) continue;
    if (option.needs !== undefined && options[option.needs] === undefined) {
      yield {
        place: [...place, name],
        on: "key",
        said: { message: `${name} needs ${option.needs} as well`, expected: "both or none" },
      };
    }
    if (option.kind === "group" && typeof value === "object") {
      yield* optionProblems(option.options, value, [...place, name]);
    }
  }
}

interface Claim {
  readonly service: string;
  readonly option: Place;
  readonly use: "unit" | "path" | "port";
  readonly value: string;
}

/** What one claim shares with another, and where. */
interface Clash {
  readonly mine: Claim;
  readonly theirs: Claim;
}

/** Two services that claim the same on a node, and what is wrong with that. */
export interface Pair {
  readonly services: readonly [string, string];
  readonly finding: Finding;
}

/** What two services (or two options of one) both claim on a node. Each pair is told once, with all its nodes. */
export const sharedOnNodes = (services: readonly ServiceConfig[]): readonly Finding[] =>
  pairsOnNodes(services).map((pair) => pair.finding);

/** The same, by the two services that it is about. */
export function pairsOnNodes(services: readonly ServiceConfig[]): readonly Pair[] {
  const held = new Map<string, Map<string, Claim>>();
  const pairs = new Map<string, { readonly nodes: Set<string>; readonly clashes: Map<string, Clash> }>();
  for (const service of services) {
    const claims = [...claimsOf(service.plugin.options, service.options, service.name, [])];
    for (const { name: node } of service.members) {
      const on = held.get(node) ?? new Map<string, Claim>();
      held.set(node, on);
      for (const mine of claims) {
        const theirs = clash(mine, on);
        if (theirs !== undefined) {
          const key = JSON.stringify([theirs.service, mine.service]);
          const pair = pairs.get(key) ?? { nodes: new Set(), clashes: new Map() };
          pairs.set(key, pair);
          pair.nodes.add(node);
          pair.clashes.set(JSON.stringify([mine.option, theirs.option]), { mine, theirs });
        }
        hold(mine, on);
      }
    }
  }
  return [...pairs.values()].flatMap(({ nodes, clashes }) => clashPair([...clashes.values()], [...nodes]));
}

function* claimsOf(spec: OptionsSpec, options: Options, service: string, above: Place): Generator<Claim> {
  for (const [name, one] of Object.entries(spec)) {
    const value = options[name];
    if (typeof value === "object" && one.kind === "group") {
      yield* claimsOf(one.options, value, service, [...above, name]);
    } else if (one.exclusive !== undefined && value !== undefined && typeof value !== "object") {
      yield { service, option: [...above, name], use: one.exclusive, value: String(value) };
    }
  }
}

/** A directory inside another one clashes as well: setting the outer one aside would take the inner one along. */
function clash(mine: Claim, on: ReadonlyMap<string, Claim>): Claim | undefined {
  if (mine.use !== "path") return on.get(`${mine.use} ${mine.value}`);
  const outer = [mine.value, ...parents(mine.value)].find((one) => on.has(`path ${one}`));
  return on.get(outer === undefined ? `above ${mine.value}` : `path ${outer}`);
}

function hold(mine: Claim, on: Map<string, Claim>): void {
  if (!on.has(`${mine.use} ${mine.value}`)) on.set(`${mine.use} ${mine.value}`, mine);
  if (mine.use === "path") { for (const one of parents(mine.value)) on.set(`above ${one}`, mine); }
}

const parents = (path: string): readonly string[] => {
  const up = posix.dirname(path);
  return up === "/" || up === path ? [] : [up, ...parents(up)];
};

function clashPair(clashes: readonly Clash[], nodes: readonly string[]): readonly Pair[] {
  const [first] = clashes;
  if (first === undefined) return [];
  const { mine, theirs } = first;
  const shared = clashes.map(sharedText).join(", ");
  const where = nodes.length > 3
    ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more`
    : nodes.join(", ");
  const finding: Finding = {
    place: ["services", mine.service, "options", ...mine.option],
    said: mine.service === theirs.service
      ? {
        message: `${mine.service} uses one thing twice: ${shared}`,
        expected: "another value for one of them",
      }
      : {
        message: `${theirs.service} and ${mine.service} would break each other on ${where}: ${shared}`,
        expected: "other options for one of them",
      },
  };
  return [{ services: [theirs.service, mine.service], finding }];
}

function sharedText({ mine, theirs }: Clash): string {
  const [option, other] = [mine.option.join("."), theirs.option.join(".")];
  if (option === other && mine.value === theirs.value) return `${option} ${mine.value}`;
  return mine.value === theirs.value
    ? `${other} and ${option} ${mine.value}`
    : `${other} ${theirs.value} and ${option} ${mine.value}`;
}
