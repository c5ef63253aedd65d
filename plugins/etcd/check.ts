/**
 * etcd's part of the node check, and the questions to healthy members about others (S4).
 *
 * On a healthy node it calls etcdctl three times: status, a linearizable read, and only then the member list, because
 * etcd before 3.5 answers a member list from local state (S2). Where no process lives it calls none.
 *
 * @module
 */
import { type HostNode, quote, type RecordedMember } from "quorate";
import text from "./check.sh" with { type: "text" };
import { clientUrl, type EtcdOptions } from "./options.ts";

/** Shell text of etcd's part of the check on a node. */
export function etcdCheck(o: EtcdOptions, node: HostNode): string {
  const look = [node.address, o.clientPort, clientUrl(node, o), o.envFile, o.binary, o.peerPort];
  return `${credentials(o)}
${text}
etcd_look ${look.map((word) => quote(String(word))).join(" ")}
${
    certificates(o).map((file, i) =>
      `ask cert.${i} 3 openssl x509 -noout -enddate -checkend 2592000 -in ${quote(file)}`
    ).join("\n")
  }
`;
}

/** The certificates of a service, each once, in the order in which the check asks for them. */
export const certificates = (o: EtcdOptions): readonly string[] =>
  o.tls === undefined
    ? []
    : [...new Set([o.tls.cert, o.tls.peerCert ?? o.tls.cert, o.tls.clientCert ?? o.tls.cert])];

/**
 * Shell text that asks from one member's node whether others answer: a linearizable read through each voter; a
 * learner's status, since a learner serves no reads. A member that never started has no client URL to ask at.
 */
export function etcdAskPeers(
  o: EtcdOptions,
  members: readonly RecordedMember[],
  from: HostNode,
): string {
  const asks = members.filter((m) => m.clientUrls.length > 0).map((m) => {
    const urls = quote(m.clientUrls.join(","));
    const question = m.role === "voter"
      ? `etcd_ctl ${urls} 2 get quorate --keys-only -w json`
      : `etcd_learner ${urls} ${quote(clientUrl(from, o))} 2`;
    return `ask ${quote(`peer.${m.id}`)} 0 ${question} &`;
  });
  return asks.length === 0 ? "" : `${credentials(o)}\n${text}\n${asks.join("\n")}\nwait\n`;
}

/** What shell text needs that calls `etcd_ctl ENDPOINTS SECONDS ARGUMENT…`. */
export const askingShell = (o: EtcdOptions): string => `${credentials(o)}\n${text}`;

/** Credentials: what the options name, then the node's own file, which never leaves it. */
function credentials({ tls, ctlEnv }: EtcdOptions): string {
  const lines = [
    ...(tls === undefined ? [] : [
      `ETCDCTL_CACERT=${quote(tls.ca)}`,
      `ETCDCTL_CERT=${quote(tls.clientCert ?? tls.cert)} ETCDCTL_KEY=${quote(tls.clientKey ?? tls.key)}`,
    ]),
    ...(ctlEnv === undefined ? [] : [
      `[ -r ${quote(ctlEnv)} ] || { echo ${quote(`cannot read ${ctlEnv}`)} >&2; return 1; }`,
      `. ${quote(ctlEnv)}`,
    ]),
    ":",
  ];
  return `etcd_credentials() {\n${lines.join("\n")}\n}`;
}
