/**
 * The lab's network: a bridge in a namespace of its own, a namespace a host, one for the management side. The machine's
 * own network has no part in it.
 *
 * A host is cut off at its bridge port: silence, as behind a dead switch. A direction between two is cut at the sender,
 * which learns a hardware address for the other that nobody has: also silence, and neither needs netfilter.
 *
 * @module
 */
import { MGMT, type Place } from "./place.ts";
import { sh } from "./process.ts";

const NOBODY = "02:00:00:00:de:ad";

const PLUG = `
  plug() { # bridge namespace, namespace, port, address
    ip netns add $2
    ip -n $1 link add $3 type veth peer name eth0 netns $2
    ip -n $1 link set $3 master br0 up
    ip -n $2 link set lo up
    ip -n $2 addr add $4/24 dev eth0
    ip -n $2 link set eth0 up
  }`;

/** The bridge and the management side, which is `.1`. */
export const netUp = (place: Place): Promise<string> =>
  sh(
    `${PLUG}
    ip netns add $1
    ip -n $1 link add br0 type bridge
    ip -n $1 link set br0 up
    plug $1 $2 $3 $4`,
    [place.bridge, place.netns(MGMT), port(MGMT), `${place.subnet}.1`],
  );

/** Its port on the bridge; the prefix, since a device may not be called "default". */
const port = (host: string): string => `v-${host}`;

/** A host's namespace and its wire to the bridge. */
export const plug = (place: Place, host: string, address: string): Promise<string> =>
  sh(`${PLUG}\nplug "$@"`, [place.bridge, place.netns(host), port(host), address]);

/** Whether the bridge passes anything of this host. */
export const attach = (place: Place, host: string, on: boolean): Promise<string> =>
  sh('ip -n "$1" link set "$2" "${@:3}"', [
    place.bridge,
    port(host),
    ...(on ? ["master", "br0"] : ["nomaster"]),
  ]);

/** Nothing from `from` reaches these addresses any more; what they send still arrives. */
export const silence = (place: Place, from: string, addresses: readonly string[]): Promise<string> =>
  sh(
    `ns=$1; shift
    for address; do ip -n $ns neigh replace $address lladdr ${NOBODY} dev eth0 nud permanent; done`,
    [place.netns(from), ...addresses],
  );

export const unsilence = (place: Place, from: string, addresses: readonly string[]): Promise<string> =>
  sh("ns=$1; shift; for address; do ip -n $ns neigh del $address dev eth0; done", [
    place.netns(from),
    ...addresses,
  ]);
