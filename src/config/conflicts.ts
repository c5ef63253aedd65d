/**
 * Options that break each other: two services on one node that share a unit, a port or a directory.
 *
 * @module
 */
import { posix } from "node:path";
import type { Options, OptionsSpec, Plugin } from "../playbook/options.ts";
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

/** What two services (or two options of one) both claim on a node. Each pair is told once, with all its nodes. */
export function sharedOnNodes(
  services: readonly ServiceConfig[],
  plugins: readonly Plugin[],
): readonly Finding[] {
  const held = new Map<string, Map<string, Claim>>();
  const clashes = new Map<
    string,
    { readonly mine: Claim; readonly theirs: Claim; readonly nodes: string[] }
  >();
  for (const service of services) {
    const spec = plugins.find((p) => p.name === service.plugin)?.options ?? {};
    const claims = [...claimsOf(spec, service.options, service.name, [])];
    for (const { name: node } of service.members) {
      const on = held.get(node) ?? new Map<string, Claim>();
      held.set(node, on);
      for (const mine of claims) {
        const theirs = clash(mine, on);
        if (theirs !== undefined) {
          const key = JSON.stringify([mine, theirs]);
          const known = clashes.get(key);
          if (known === undefined) clashes.set(key, { mine, theirs, nodes: [node] });
          else known.nodes.push(node);
        }
        hold(mine, on);
      }
    }
  }
  return [...clashes.values()].map(({ mine, theirs, nodes }) => clashFinding(mine, theirs, nodes));
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
  on.set(`${mine.use} ${mine.value}`, mine);
  if (mine.use === "path") { for (const one of parents(mine.value)) on.set(`above ${one}`, mine); }
}

const parents = (path: string): readonly string[] => {
  const up = posix.dirname(path);
  return up === "/" || up === path ? [] : [up, ...parents(up)];
};

function clashFinding(mine: Claim, theirs: Claim, nodes: readonly string[]): Finding {
  const [option, other] = [mine.option.join("."), theirs.option.join(".")];
  const same = mine.value === theirs.value ? mine.value : `${theirs.value} and ${mine.value}`;
  const where = nodes.length > 3
    ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more`
    : nodes.join(", ");
  return {
    place: ["services", mine.service, "options", ...mine.option],
    said: {
      message: mine.service === theirs.service
        ? `${other} and ${option} of ${mine.service} overlap: ${same}`
        : `${theirs.service} (${other}) and ${mine.service} (${option}) overlap on ${where}: ${same}`,
      expected: `a ${mine.use} of its own for each`,
      hint: mine.service === theirs.service ? undefined : `set options.${option} of one of them`,
    },
  };
}
