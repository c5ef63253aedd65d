/**
 * The settings that Quorate owns in etcd's environment file, and what of them differs on a node.
 *
 * @module
 */
import type { Drift, HostNode, Member, NodeFacts } from "quorate";
import { clientUrl, type EtcdOptions, peerUrl, scheme } from "./options.ts";

const LISTEN_CLIENT = "ETCD_LISTEN_CLIENT_URLS";
const LISTEN_PEER = "ETCD_LISTEN_PEER_URLS";
const INITIAL_STATE = "ETCD_INITIAL_CLUSTER_STATE";
const INITIAL_CLUSTER = "ETCD_INITIAL_CLUSTER";
const ADVERTISE_CLIENT = "ETCD_ADVERTISE_CLIENT_URLS";

/** etcd binds to addresses only; under a host name it listens on all of them. */
const isIp = (address: string): boolean => /^[\d.]+$/.test(address) || address.includes(":");

/** The keys that Quorate writes on every node, and keeps as they are. */
export function ownSettings(options: EtcdOptions, node: HostNode): Readonly<Record<string, string>> {
  const anywhere = { ...node, address: isIp(node.address) ? node.address : "0.0.0.0" };
  const local = `${scheme(options)}://127.0.0.1:${options.clientPort}`;
  const listen = clientUrl(anywhere, options);
  const { tls } = options;
  return {
    [LISTEN_PEER]: peerUrl(anywhere, options),
    [LISTEN_CLIENT]: isAnyHost(listen) || listen === local ? listen : `${listen},${local}`,
    [ADVERTISE_CLIENT]: clientUrl(node, options),
    ...(tls === undefined ? {} : {
      ETCD_CERT_FILE: tls.cert,
      ETCD_KEY_FILE: tls.key,
      ETCD_TRUSTED_CA_FILE: tls.ca,
      ETCD_CLIENT_CERT_AUTH: String(tls.clientCertAuth),
      ETCD_PEER_CERT_FILE: tls.peerCert ?? tls.cert,
      ETCD_PEER_KEY_FILE: tls.peerKey ?? tls.key,
      ETCD_PEER_TRUSTED_CA_FILE: tls.peerCa ?? tls.ca,
      ETCD_PEER_CLIENT_CERT_AUTH: String(tls.peerClientCertAuth ?? tls.clientCertAuth),
    }),
    ...options.env,
  };
}
const isAnyHost = (url: string): boolean => /\/\/(0\.0\.0\.0|\[::\]):/.test(url);

/**
 * What keeps a formed member from starting on an empty disk: it is to join what exists, and knows of nobody to ask. With a
 * list that names the others etcd would start, under its former id and with its vote, and elect whoever asks for it: writes
 * that only it and one other had are lost then (seen on 3.4.23 and 3.5.30). With data etcd does not look at what they say.
 */
export const sealed = (options: EtcdOptions, node: HostNode): Readonly<Record<string, string>> => ({
  [INITIAL_CLUSTER]: `${node.name}=${peerUrl(node, options)}`,
  [INITIAL_STATE]: "existing",
});

/**
 * What differs. Names and `ETCD_INITIAL_*` of a formed member never do, but for what would let it start on an empty disk: they
 * only matter before its first start, and clusters that others built have names of their own. The data directory never does
 * either: a member that is restarted on another one has lost its data (S3).
 *
 * A file without any listening address is not one that Quorate wrote: that member is configured by flags, and a
 * variable that it lacks would not take effect, nor would a peer URL that nothing listens on do it any good. Nor does
 * anything where the config says so: clusters that others built may have settings that the options cannot say.
 */
export function etcdDrift(
  options: EtcdOptions,
  facts: Pick<NodeFacts, "settings">,
  node: HostNode,
  member: Pick<Member, "peerUrls">,
): Drift {
  const there = facts.settings;
  if (there === undefined || !options.configureMembers) return { settings: {} };
  const ours = LISTEN_PEER in there || LISTEN_CLIENT in there;
  const settings = Object.fromEntries(
    Object.entries(ownSettings(options, node)).filter(([key, wanted]) => {
      const value = there[key];
      return value === undefined ? ours && !isDefault(wanted) : !sameSetting(key, value, wanted);
    }),
  );
  const wantedPeer = peerUrl(node, options);
  return {
    settings,
    ...(ours && !sameSet(member.peerUrls, [wantedPeer]) ? { peerUrl: wantedPeer } : {}),
    ...(ours && startsEmpty(there) ? { firstStart: sealing(there, options, node) } : {}),
  };
}

/**
 * A list is never added: where a flag or discovery tells who the others are, etcd refuses to start with both, data or not.
 * Without any, etcd takes the member alone for the list.
 */
function sealing(
  there: Readonly<Record<string, string>>,
  options: EtcdOptions,
  node: HostNode,
): Readonly<Record<string, string>> {
  return INITIAL_CLUSTER in there ? sealed(options, node) : { [INITIAL_STATE]: "existing" };
}

/**
 * What a formed member's file says would let it start after its disk was lost: as a member of the cluster of then, where it
 * still says `new`, or has the list and not the word; or of the one that its list names.
 */
export function startsEmpty(there: Readonly<Record<string, string>>): boolean {
  const list = there[INITIAL_CLUSTER];
  return (there[INITIAL_STATE] ?? (list === undefined ? "existing" : "new")) !== "existing" ||
    list?.includes(",") === true;
}

/** A switch that is not there is off. */
const isDefault = (wanted: string): boolean => wanted === "false";

function sameSetting(key: string, value: string, wanted: string): boolean {
  if (!key.endsWith("_URLS")) return value === wanted;
  const urls = value.split(",").map((u) => u.trim().replace(/\/$/, ""));
  if (sameSet(urls, wanted.split(","))) return true;
  if (key === ADVERTISE_CLIENT) return false;
  // Listening on every address serves the wanted ones; and a member is well without its local address.
  const [own = ""] = wanted.split(",");
  const any = own.replace(/\/\/(\[.*\]|[^:]*):/, "//0.0.0.0:");
  return urls.length === 1 &&
    (urls[0] === own || urls[0] === any || urls[0] === any.replace("0.0.0.0", "[::]"));
}
const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  new Set([...a, ...b]).size === new Set(a).size && new Set(a).size === new Set(b).size;
