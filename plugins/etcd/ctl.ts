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

/** etcdctl with its endpoints and credentials; those of `ctlEnv` are read on the node and never leave it. */
export function etcdctl(o: EtcdOptions, to: readonly string[]): Command {
  const tls = o.tls === undefined
    ? sh``
    : sh` --cacert=${o.tls.ca} --cert=${o.tls.clientCert ?? o.tls.cert} --key=${
      o.tls.clientKey ?? o.tls.key
    }`;
  const env = o.ctlEnv === undefined ? sh`` : sh`set -a; . ${o.ctlEnv}; set +a; `;
  return sh`${env}ETCDCTL_API=3 etcdctl --endpoints=${to.join(",")}${tls}`;
}
