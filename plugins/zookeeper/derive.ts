/**
 * Values that follow from an observation of an ensemble, and how a runbook reads the same on a node.
 *
 * @module
 */
import { type HostNode, type Late, type Observation, quote } from "quorate";
import { hostAndPort, peerAddress, serverLine, type ZooKeeperOptions } from "./options.ts";
import { HIGHEST, VERSION } from "./read.ts";

/** ZooKeeper's own limit: the id is the first byte of each session's. */
const MOST = 255;

/** A derived value, or undefined while it does not exist; only the linearizable record counts (S2). */
export function derive(key: string, seen: Observation, o: ZooKeeperOptions): string | undefined {
  if (seen.state !== "held") return undefined;
  switch (key) {
    case "nextId":
      return nextId(seen);
    case "version":
      return newest(seen, VERSION, (text) => BigInt(`0x${text}`));
    case "ensemble":
      // S12: the list of all recorded members. Of one that a plan only expects there is no address yet.
      return seen.members.some((m) => m.peerUrls.length === 0)
        ? undefined
        : seen.members.map((m) => serverLine(m, o)).join(" ");
    default:
      return undefined;
  }
}

/** The value that the most advanced reader saw. */
function newest(seen: Observation, key: string, order: (text: string) => bigint): string | undefined {
  const told = Object.values(seen.nodes).flatMap((f) => f.settings?.[key] ?? []);
  return [...told].sort((a, b) => (order(a) < order(b) ? 1 : -1))[0];
}

/**
 * An id that no server of this ensemble ever had: data of a former one may lie on a disk that nobody sees now, and two
 * servers of one id would vote twice. The highest that was ever given is kept in the ensemble itself.
 */
function nextId(seen: Observation): string | undefined {
  const highest = newest(seen, HIGHEST, BigInt);
  if (highest === undefined) return undefined;
  const known = Object.values(seen.nodes).flatMap((f) =>
    [f.latch, f.data.identity, ...f.aside].flatMap((i) =>
      typeof i === "string" || i.clusterId !== seen.clusterId ? [] : [Number(i.memberId)]
    )
  );
  const next = Math.max(Number(highest), ...known, ...seen.members.map((m) => Number(m.id))) + 1;
  return next > MOST ? undefined : String(next);
}

/** A late value as a shell expression for a runbook: by a session at some server that serves now. */
export function lateShell(
  late: Late,
  seen: Observation,
  nodes: readonly HostNode[],
  o: ZooKeeperOptions,
): string | undefined {
  const serving = seen.members.find((m) => m.role === "voter" && m.health === "healthy");
  const host = nodes.find((n) => n.name === serving?.node);
  const at = host === undefined
    ? hostAndPort(serving?.clientUrls[0] ?? "")
    : { host: host.address, port: o.clientPort };
  if (at === undefined) return undefined;
  const session = `zk_session ${quote(at.host)} ${at.port}`;
  if (late.late === "memberId") {
    if ("member" in late.of) return `echo ${quote(late.of.member)}`;
    const { node: name } = late.of;
    const node = nodes.find((n) => n.name === name);
    return node === undefined
      ? undefined
      : `${session} | zk_lines | sed -n ${
        quote(`s/^server\\.\\([0-9]*\\)=${peerAddress(node, o)}:.*/\\1/p`)
      }`;
  }
  // NAME HIGHEST, which no other text in the session looks like.
  const name = `${session} | tr -c '[:alnum:] ' '\\n' | grep -xE -m 1 '[0-9A-Za-z]+ [0-9]+'`;
  switch (late.key) {
    case "version":
      return `${session} | zk_lines | sed -n 's/^version=//p'`;
    case "ensemble":
      return `${session} | zk_lines | grep '^server' | tr '\\n' ' '`;
    case "clusterId":
      return `${name} | cut -d ' ' -f 1`;
    case "nextId":
      return `echo $(( $(${name} | cut -d ' ' -f 2) + 1 ))`;
    default:
      return undefined;
  }
}
