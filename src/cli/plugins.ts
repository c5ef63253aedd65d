import { etcd } from "../../plugins/etcd/mod.ts";
import type { Config, ServiceConfig } from "../config/config.ts";
import type { Target } from "../model/observation.ts";
import type { Plugin } from "../playbook/options.ts";
import type { Service } from "../playbook/plugin.ts";

/** The plugins that are built in. */
export const plugins: readonly Plugin[] = [etcd];

/** A service of a config, bound to its plugin, and what a run wants of it. */
export function bound(
  config: Config,
  { name, plugin, options, members, policy }: ServiceConfig,
): { readonly service: Service; readonly target: Target } {
  const found = plugins.find((p) => p.name === plugin);
  if (found === undefined) throw new TypeError(`Cannot bind ${name}: there is no plugin ${plugin}`);
  const { nodes } = config;
  return {
    service: found.bind({ name, options, nodes }),
    target: { service: name, desired: members, nodes, policy },
  };
}
