/**
 * The one place where the real outside is put together: SSH, the clock, files, randomness.
 *
 * @module
 */
import type { Config, ServiceConfig } from "../config/config.ts";
import { type Clock, nodeChecks, type ServiceRun } from "../engine/mod.ts";
import { fileStore } from "../engine/store.ts";
import { sshFleet } from "../ssh/fleet.ts";
import { here } from "./here.ts";
import { bind } from "./plugins.ts";

export interface Composed {
  readonly runs: readonly ServiceRun[];
  close(): Promise<void>;
}

/** Services of a config with the real world around them. They share one connection a node. */
export function compose(config: Config, services: readonly ServiceConfig[], stateDir: string): Composed {
  const holder = `${Deno.hostname()}:${Deno.pid} since ${new Date().toISOString()}`;
  const fleet = sshFleet(config.nodes, { holder });
  const shared = { fleet, checks: nodeChecks(fleet, clock), here, clock, token, holder };
  return {
    runs: bind(config, services).map(({ service, target }) => {
      const { backup } = target.policy;
      const store = fileStore(stateDir, service.name, backup === false ? undefined : backup.dir);
      return { service, target, outside: { ...shared, store } };
    }),
    close: () => fleet.close(),
  };
}

const clock: Clock = {
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
