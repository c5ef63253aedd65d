/**
 * What a ZooKeeper service's `options:` say, and the addresses that follow from them.
 *
 * @module
 */
import type { HostNode, Member, OptionsOf } from "quorate";
import type { zookeeperOptions } from "./spec.ts";

export type ZooKeeperOptions = OptionsOf<typeof zookeeperOptions>;

/** The list of servers stands in each server's zoo.cfg, and nowhere else. */
export const isStatic = (o: ZooKeeperOptions): boolean => o.membership === "static";

const bracketed = (address: string): string => address.includes(":") ? `[${address}]` : address;

/** Where a server's peers reach it, as the record writes it: `ADDRESS:QUORUMPORT:ELECTIONPORT`. */
export const peerAddress = (n: HostNode, o: ZooKeeperOptions): string =>
  `${bracketed(n.address)}:${o.quorumPort}:${o.electionPort}`;

/** Where its clients reach it, as the record has it: `ADDRESS:PORT`. */
export const clientAddress = (n: HostNode, o: ZooKeeperOptions): string =>
  `${bracketed(n.address)}:${o.clientPort}`;

/** A server as a reconfiguration and a server list name it, all but its id: it serves clients at all addresses. */
export const serverSpec = (
  n: HostNode,
  role: "participant" | "observer",
  o: ZooKeeperOptions,
): string => `${peerAddress(n, o)}:${role};0.0.0.0:${o.clientPort}`;

/** A line of a server list for a member of the record. */
export const serverLine = (m: Member, o: ZooKeeperOptions): string => {
  const port = /:(\d+)$/.exec(m.clientUrls[0] ?? "")?.[1] ?? o.clientPort;
  const role = m.role === "voter" ? "participant" : "observer";
  return `server.${m.id}=${m.peerUrls.join("|")}:${role};0.0.0.0:${port}`;
};

/** Host and port of a client address, e.g. `10.0.0.1:2181` or `[fd00::1]:2181`. */
export function hostAndPort(url: string): { readonly host: string; readonly port: string } | undefined {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(url) ?? [];
  const host = six ?? four;
  return host === undefined || port === undefined ? undefined : { host, port };
}
