/**
 * What an author tests: a plugin, perhaps by another playbook, on nodes that exist by name only.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import type { Options, OptionsSpec, OptionValue, Plugin } from "../playbook/options.ts";
import { type Cases, isCases } from "../playbook/playbook.ts";
import type { Service } from "../playbook/plugin.ts";

export interface Subject {
  readonly plugin: Plugin;
  /** The plugin's own unless told. */
  readonly playbook?: Cases<never>;
  /** Names of the desired members, in config order. @default n1, n2, n3 */
  readonly members?: readonly string[];
  /** Names of the other hosts. @default n4 */
  readonly spares?: readonly string[];
  /** The service's `options:`, read; durations in milliseconds. What is left out has its default. */
  readonly options?: Options;
  /** Whether a snapshot comes before a change of members. @default true */
  readonly backup?: boolean;
}

/** A subject as the engine takes it. Throws TypeError for a playbook that is none, and for options that are missing. */
export function bound(of: Subject): { readonly service: Service; readonly target: Target } {
  const { plugin, playbook, members = ["n1", "n2", "n3"], spares = ["n4"], backup = true } = of;
  if (playbook !== undefined && !isCases(playbook)) {
    throw new TypeError("Cannot test a playbook without all cases");
  }
  const nodes = [...members, ...spares].map((name): HostNode => ({
    name,
    host: name,
    address: name,
    labels: {},
  }));
  const options = withDefaults(plugin.options, of.options ?? {});
  return {
    service: plugin.bind({ name: "service", options, nodes }, playbook),
    target: {
      service: "service",
      desired: nodes.slice(0, members.length),
      nodes,
      policy: {
        stabilizeMs: 1_000,
        deadAfterMs: 60_000,
        deadlineMs: 3_600_000,
        joinTimeoutMs: 600_000,
        backup: backup ? { keep: 1 } : false,
        paused: false,
        moveAll: false,
        removeUnfenced: false,
        repairTries: 3,
      },
    },
  };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function withDefaults(spec: OptionsSpec, given: Options): Options {
  const filled = Object.entries(spec).flatMap(
    ([name, option]): readonly (readonly [string, OptionValue])[] => {
      const value = given[name];
      if (option.kind === "group") {
        return typeof value === "object" ? [[name, withDefaults(option.options, value)]] : [];
      }
      if (value !== undefined) return [[name, value]];
      if (option.default === undefined) return [];
      const [, count, unit] = option.kind === "duration"
        ? /^(\d+)(ms|s|m|h)$/.exec(option.default) ?? []
        : [];
      return [[name, unit === undefined ? option.default : Number(count) * (units[unit] ?? NaN)]];
    },
  );
  return Object.fromEntries(filled);
}
