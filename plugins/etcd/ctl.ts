/**
 * `etcdctl` as an operator would type it on a member's node.
 *
 * @module
 */
import { type Command, type HostNode, type Member, type Observation, sh } from "quorate";
import { clientUrl, type EtcdOptions } from "./options.ts";

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/;

/** Where a member serves clients: as the record says, or as its node's options do where that says only localhost. */
export const ownEndpoint = (m: Member, host: HostNode | undefined, o: EtcdOptions): string | undefined =>
  m.clientUrls.find((u) => !loopback.test(u)) ?? (host === undefined ? m.clientUrls[0] : clientUrl(host, o));

/**
 * The client URLs of the voters that serve now; `not` leaves out the member that is about to go. etcdctl tries them
 * in turn, and finds the leader among them where it needs the leader.
 */
export const endpoints = (
  { seen, nodes, options }: {
    readonly seen: Observation;
    readonly nodes: readonly HostNode[];
    readonly options: EtcdOptions;
  },
  not?: Member,
): readonly string[] =>
  seen.members.flatMap((m) => {
    if (m.role !== "voter" || m.health !== "healthy" || m.id === not?.id) return [];
    return ownEndpoint(m, nodes.find((n) => n.name === m.node), options) ?? [];
  });

/**
 * etcdctl with its endpoints and credentials. Those of `ctlEnv` are read on the node and never leave it; then all goes
 * by environment, because etcdctl refuses a flag for what a variable says.
 */
export function etcdctl(o: EtcdOptions, to: readonly string[]): Command {
  const urls = to.join(",");
  const ca = o.tls?.ca, cert = o.tls?.clientCert ?? o.tls?.cert, key = o.tls?.clientKey ?? o.tls?.key;
  const known = ca !== undefined && cert !== undefined && key !== undefined && { ca, cert, key };
  if (o.ctlEnv === undefined) {
    const flags = known ? sh` --cacert=${known.ca} --cert=${known.cert} --key=${known.key}` : sh``;
    return sh`ETCDCTL_API=3 etcdctl --endpoints=${urls}${flags}`;
  }
  const first = known
    ? sh`ETCDCTL_CACERT=${known.ca} && ETCDCTL_CERT=${known.cert} && ETCDCTL_KEY=${known.key} && `
    : sh``;
  return sh`set -a && ${first}. ${o.ctlEnv} && set +a && ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${urls} etcdctl`;
}
