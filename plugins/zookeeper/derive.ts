/**
 * Values that follow from an observation of an ensemble, and how a runbook reads the same on a node.
 *
 * @module
 */
import { type HostNode, type Late, type Member, type Observation, quote } from "quorate";
import {
  hostAndPort,
  isStatic,
  peerAddress,
  serverLine,
  serverSpec,
  type ZooKeeperOptions,
} from "./options.ts";
import { HIGHEST, VERSION } from "./read.ts";
import { idsIn, runningLists, vacated } from "./servers.ts";

/** ZooKeeper's own limit: the id is the first byte of each session's. */
const MOST = 255;

/** A derived value, or undefined while it does not exist; only the linearizable record counts (S2). */
export function derive(
  key: string,
  seen: Observation,
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
): string | undefined {
  if (seen.state !== "held") return undefined;
  switch (key) {
    case "nextId":
      return (isStatic(o) ? free(vacated(seen, nodes, o), seen) : undefined) ?? nextId(seen);
    case "version":
      // By the time that one which a plan only expects is there, it is another.
      return seen.members.some((m) => m.peerUrls.length === 0)
        ? undefined
        : newest(seen, VERSION, (text) => BigInt(`0x${text}`));
    case "ensemble":
      // S12: the list of all recorded members. Of one that a plan only expects there is no address yet.
      return seen.members.some((m) => m.peerUrls.length === 0)
        ? undefined
        : seen.members.map((m) => serverLine(m, o)).join(" ");
    default:
      return ofList(key, seen, o, nodes);
  }
}

/**
 * Of a static ensemble: `servers:NODE` is the list that this node's server should have, of all voters and of itself, who
 * need not vote yet; `registering:NODE`, `registering:NODE:ID` (which takes over the id of who was there before, and only
 * that one), `promoting:NODE`, `leaving:NODE` and `removing:ID` what `/quorate` is to hold.
 */
function ofList(
  key: string,
  seen: Observation,
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
): string | undefined {
  const [verb, whose, taken] = key.split(":");
  // Of one that a plan only expects there is no address yet.
  if (whose === undefined || seen.members.some((m) => m.peerUrls.length === 0)) return undefined;
  const own = seen.members.find((m) => m.node === whose);
  const voting = (m: Member): Member => m === own ? { ...m, role: "voter" } : m;
  if (verb === "servers") {
    const list = seen.members.filter((m) => m.role !== "learner" || m === own).map(voting);
    return own === undefined ? undefined : list.map((m) => serverLine(m, o)).join(" ");
  }
  const highest = newest(seen, HIGHEST, BigInt);
  const text = (members: readonly Member[], more: readonly string[], given = highest): string | undefined =>
    given === undefined
      ? undefined
      : [seen.clusterId, given, ...members.map((m) => serverLine(m, o)), ...more].join(" ");
  if (verb === "removing") return text(seen.members.filter((m) => m.id !== whose), []);
  if (verb === "leaving") return text(seen.members.filter((m) => m !== own), []);
  if (verb === "promoting") return own === undefined ? undefined : text(seen.members.map(voting), []);
  if (verb !== "registering") return undefined;
  const vacant = free(vacated(seen, nodes, o), seen);
  const id = taken === undefined ? nextId(seen) : taken === vacant ? taken : undefined;
  const node = nodes.find((n) => n.name === whose);
  return id === undefined || node === undefined ? undefined : text(
    seen.members,
    [`server.${id}=${serverSpec(node, "observer", o)}`],
    String(Math.max(Number(highest), Number(id))),
  );
}

/** An id that nobody of the record has. */
const free = (id: string | undefined, seen: Observation): string | undefined =>
  seen.members.some((m) => m.id === id) ? undefined : id;

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
  // A server of a list is counted as long as anybody works with that.
  const listed = runningLists(seen).flatMap(idsIn).map(Number);
  const next = Math.max(Number(highest), ...known, ...seen.members.map((m) => Number(m.id)), ...listed) + 1;
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
      : `${isStatic(o) ? listed(seen, `${quote(at.host)} ${at.port}`) : `${session} | zk_lines`} | sed -n ${
        quote(`s/^server\\.\\([0-9]*\\)=${peerAddress(node, o)}:.*/\\1/p`)
      }`;
  }
  if (isStatic(o)) return listShell(late.key, seen, nodes, o, `${quote(at.host)} ${at.port}`);
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

/** What `/quorate` holds, a word a line. */
const listed = (seen: Observation, at: string): string => `zk_listed ${quote(seen.clusterId ?? "")} ${at}`;

/** The same for a static ensemble, by what `/quorate` holds at the server at `HOST PORT`. */
function listShell(
  key: string,
  seen: Observation,
  nodes: readonly HostNode[],
  o: ZooKeeperOptions,
  at: string,
): string | undefined {
  const [verb = "", whose, taken] = key.split(":");
  const words = listed(seen, at);
  const node = nodes.find((n) => n.name === whose);
  const address = node === undefined ? "" : peerAddress(node, o);
  const votes = `sed ${quote(`s/=${address}:observer/=${address}:participant/`)}`;
  const line = "tr '\\n' ' '";
  switch (verb) {
    case "version":
      return `zk_version ${at}`;
    case "clusterId":
      return `${words} | sed -n 1p`;
    case "servers":
      return `${words} | sed 1,2d | ${votes} | ${line}`;
    case "promoting":
      return `${words} | ${votes} | ${line}`;
    case "removing":
      return `${words} | grep -v ${quote(`^server[.]${whose}=`)} | ${line}`;
    case "leaving":
      return `${words} | grep -vF ${quote(`=${address}:`)} | ${line}`;
    case "registering":
      return node && `${words} | zk_registering ${quote(serverSpec(node, "observer", o))} ${taken ?? ""}`;
    default:
      return undefined;
  }
}
