/**
 * The leases of a config's services, where its `lock:` asks for them. etcd3 is imported only when one is taken.
 *
 * @module
 */
import { join } from "node:path";
import type { Config, LockSettings, ServiceConfig } from "../config/config.ts";
import type { Leases } from "../engine/lease.ts";
import type { Clock } from "../engine/outside.ts";
import type { EtcdAccess } from "../lease/etcd.ts";
import { EtcdLeases } from "../lease/leases.ts";
import type { Options } from "../playbook/options.ts";
import { clientUrl, type EtcdOptions } from "../../plugins/etcd/options.ts";

export interface ConfigLeases {
  of(service: ServiceConfig): Leases;
  close(): Promise<void>;
}

/** The leases that a config asks for; undefined where it has no `lock:`. */
export function leasesOf(config: Config, holder: string, clock: Clock): ConfigLeases | undefined {
  const { lock } = config;
  if (lock === undefined) return undefined;
  const endpoints = endpointsOf(config, lock);
  const { ttlMs, prefix } = lock;
  const leases = new EtcdLeases({ ttlMs, prefix, holder, clock }, async () => {
    const { Etcd } = await import("../lease/etcd.ts");
    return new Etcd(await accessOf(lock, endpoints));
  });
  return {
    // Also where the endpoints are written out: nobody but us can mend an etcd that keeps our locks.
    of: (service) => leases.of(service.name, isOwn(service, endpoints)),
    close: () => leases.close(),
  };
}

/** Where the lock's etcd listens. */
export function endpointsOf(config: Config, { etcd }: LockSettings): readonly string[] {
  if (typeof etcd !== "string") return etcd.map(normal);
  const service = config.services.find((s) => s.name === etcd);
  return service === undefined ? [] : urlsOf(service);
}

/** Where the members of an etcd service serve clients. */
const urlsOf = ({ plugin, members, options }: ServiceConfig): readonly string[] =>
  // Read by etcd's own spec.
  plugin.name === "etcd" ? members.map((n) => normal(clientUrl(n, options as Options & EtcdOptions))) : [];

/** Whether one of these is a member of the service, by whatever of its names and with TLS or without. */
function isOwn({ plugin, members, options }: ServiceConfig, endpoints: readonly string[]): boolean {
  const place = (url: string): string => url.replace(/^\w+:/, "");
  const asked = new Set(endpoints.map(place));
  return plugin.name === "etcd" &&
    members.some((n) =>
      [n, { ...n, address: n.host }].some((one) =>
        asked.has(place(normal(clientUrl(one, options as Options & EtcdOptions))))
      )
    );
}

/** One spelling for one endpoint. */
function normal(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  // What URL takes for a default it does not tell.
  return `${protocol}//${hostname}:${port || (/:\d+\/?$/.exec(url)?.[0].replace(/\D/g, "") ?? "2379")}`;
}

async function accessOf({ ca, cert, key }: LockSettings, endpoints: readonly string[]): Promise<EtcdAccess> {
  const home = Deno.env.get("HOME") ?? "";
  const read = async (file: string): Promise<string> => {
    try {
      return await Deno.readTextFile(file.startsWith("~/") ? join(home, file.slice(2)) : file);
    } catch (error) {
      throw new Error(`${file} of lock: cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  };
  return {
    endpoints,
    ...(ca === undefined ? {} : { ca: await read(ca) }),
    ...(cert === undefined ? {} : { cert: await read(cert) }),
    ...(key === undefined ? {} : { key: await read(key) }),
  };
}
