import { etcd } from "../../plugins/etcd/mod.ts";
import { zookeeper } from "../../plugins/zookeeper/mod.ts";
import type { Config, ServiceConfig } from "../config/config.ts";
import { targetsOf } from "../config/targets.ts";
import type { Target } from "../model/observation.ts";
import type { Plugin } from "../playbook/options.ts";
import type { Cases } from "../playbook/playbook.ts";
import type { Service } from "../playbook/plugin.ts";

/** The plugins that are built in. */
export const plugins: readonly Plugin[] = [etcd, zookeeper];

/** A service bound to its plugin, and what a run wants of it. */
export interface Bound {
  readonly service: Service;
  readonly target: Target;
}

/** Binds a service of a config; `targets` are those of all its services. */
export function bind(config: Config, one: ServiceConfig, targets = targetsOf(config)): Bound {
  const target = targets.find((t) => t.service === one.name);
  if (target === undefined) {
    throw new TypeError(`Cannot bind ${one.name}: it is no service of ${config.path}`);
  }
  const { own, playbook } = one;
  const described = serviceOf(config, one, playbook?.cases);
  const service = own?.guard(described) ?? described;
  return { service: playbook?.guard(service) ?? service, target };
}

/** A service of a config by this playbook, or by its plugin's. */
export const serviceOf = (
  { nodes }: Config,
  { name, plugin, options }: ServiceConfig,
  playbook?: Cases<unknown>,
): Service => plugin.bind({ name, options, nodes }, playbook);
