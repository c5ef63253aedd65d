/**
 * The one place where the real outside is put together: SSH, the clock, files, randomness.
 *
 * @module
 */
import { targetsOf } from "../config/targets.ts";
import { type Clock, nodeChecks, type ServiceRun } from "../engine/mod.ts";
import { fileStore } from "../engine/store.ts";
import { sharedFleets } from "../ssh/shared.ts";
import type { Chosen } from "./config.ts";
import { here } from "./here.ts";
import { leasesOf } from "./leases.ts";
import { bind } from "./plugins.ts";

export interface Composed {
  readonly runs: readonly Composition[];
  close(): Promise<void>;
}
/** A service with the real world around it, and the config file that it is in. */
export interface Composition extends ServiceRun {
  readonly configPath: string;
}

/** Services with the real world around them. They share one connection a node. */
export function compose(services: readonly Chosen[], stateDir: string): Composed {
  const holder = `${Deno.hostname()}:${Deno.pid} since ${new Date().toISOString()}`;
  const configs = [...new Set(services.map(({ config }) => config))];
  const fleets = sharedFleets(configs.map((config) => config.nodes), { holder });
  const shared = new Map(configs.map((config, i) => {
    const fleet = fleets[i];
    if (fleet === undefined) throw new TypeError("Cannot compose: a config has no fleet");
    const outside = { fleet, checks: nodeChecks(fleet, clock), here, clock, token, holder };
    return [config, { outside, targets: targetsOf(config), leases: leasesOf(config, holder, clock) }];
  }));
  return {
    runs: services.flatMap(({ config, service: one }) => {
      const around = shared.get(config);
      if (around === undefined) return [];
      const { service, target } = bind(config, one, around.targets);
      const { backup } = target.policy;
      const store = fileStore(stateDir, service.name, backup === false ? undefined : backup.dir);
      const leases = around.leases?.of(one);
      const outside = { ...around.outside, store, ...(leases === undefined ? {} : { leases }) };
      return [{ service, target, outside, configPath: config.path }];
    }),
    async close() {
      await Promise.all([fleets[0]?.close(), ...[...shared.values()].map(({ leases }) => leases?.close())]);
    },
  };
}

export const clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (signal?.aborted) done();
      else signal?.addEventListener("abort", done);
    }),
};

const token = (): string => crypto.getRandomValues(new Uint8Array(16)).toHex();
