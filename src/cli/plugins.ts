import { etcd } from "../../plugins/etcd/mod.ts";
import type { Config, ServiceConfig } from "../config/config.ts";
import { targetsOf } from "../config/targets.ts";
import type { Target } from "../model/observation.ts";
import type { Plugin } from "../playbook/options.ts";
import type { Service } from "../playbook/plugin.ts";

/** The plugins that are built in. */
export const plugins: readonly Plugin[] = [etcd];

/** A service bound to its plugin, and what a run wants of it. */
export interface Bound {
  readonly service: Service;
  readonly target: Target;
}

/** Binds services of a config. */
export function bind(config: Config, services: readonly ServiceConfig[]): readonly Bound[] {
  const targets = targetsOf(config, plugins);
  return services.map(({ name, plugin, options }) => {
    const found = plugins.find((p) => p.name === plugin);
    const target = targets.find((t) => t.service === name);
    if (found === undefined || target === undefined) throw new TypeError(`Cannot bind ${name} to ${plugin}`);
    return { service: found.bind({ name, options, nodes: config.nodes }), target };
  });
}
