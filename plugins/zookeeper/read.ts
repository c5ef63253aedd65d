/**
 * What a node's answers say. Nothing here has a default that could be taken for proof: what cannot be read is unknown.
 *
 * @module
 */
import type {
  Asked,
  Asks,
  HostNode,
  Identity,
  Notice,
  RecordedMember,
  ServiceView,
  Sight,
  Tri,
} from "quorate";
import { peerAddress, type ZooKeeperOptions } from "./options.ts";
import { type Ensemble, readEnsemble, readKernelAddress, readName, readProperties } from "./record.ts";
import { readSession, type Session } from "./session.ts";

/**
 * What the newest record says beside the members, among the settings of a node: a late value is made of it. No key of
 * zoo.cfg has a name like these.
 */
export const VERSION = "/zookeeper/config version";
export const HIGHEST = "/quorate highest";
/** A restart is due: what zoo.cfg says has not come into effect. */
export const RESTART = "restart";

/** Reads a check's answers. */
export function readZooKeeper(asks: Asks, options: ZooKeeperOptions, nodes: readonly HostNode[]): Sight {
  const session = readSession(good(asks.read) ?? "");
  const ensemble = ensembleOf(session, options, nodes);
  const disk = readDisk(asks, session);
  const settings = readSettings(asks.config);
  const name = typeof session?.own === "object" ? readName(session.own.text) : undefined;
  return {
    view: viewOf(asks, session, ensemble, disk, options),
    disk,
    dataPath: good(asks.used)?.trim() ?? settings?.dataLogDir ?? settings?.dataDir,
    settings: settings && {
      ...settings,
      ...(asks.restart?.code === 0 ? { [RESTART]: "due" } : {}),
      ...(ensemble === undefined ? {} : { [VERSION]: ensemble.version }),
      ...(name === undefined ? {} : { [HIGHEST]: String(name.highest) }),
    },
    installed: versionOf(asks.srvr) ?? /^\d+\.\d+\.\d+/.exec(good(asks.jar) ?? "")?.[0],
    notices: noticesOf(session, name !== undefined),
  };
}

const good = (asked: Asked | undefined): string | undefined => (asked?.code === 0 ? asked.out : undefined);

// ---- the running server ------------------------------------------------------------------------------------------

function ensembleOf(
  session: Session | undefined,
  options: ZooKeeperOptions,
  nodes: readonly HostNode[],
): Ensemble | undefined {
  if (typeof session?.config !== "object") return undefined;
  const hosts = new Set(nodes.map((n) => peerAddress(n, options)));
  return readEnsemble(session.config.text, options.clientPort, (address) => hosts.has(address));
}

/**
 * No process, no view, unless another's holds its ports. A process that does not answer has one that says nothing but
 * what was said instead.
 */
function viewOf(
  asks: Asks,
  session: Session | undefined,
  ensemble: Ensemble | undefined,
  disk: Sight["disk"],
  options: ZooKeeperOptions,
): ServiceView | undefined {
  if (asks.port === undefined && asks.taken?.code !== 0) return undefined;
  const mode = modeOf(asks.srvr);
  const identity = session === undefined ? undefined : identityOf(session, disk);
  const zxid = session === undefined ? zxidOf(asks.srvr) : BigInt(`0x${session.zxid}`);
  const members = ensemble?.members;
  return {
    identity,
    // The session was a write: a majority has taken part in it, and it was answered only then.
    linearizable: session !== undefined
      ? hollow(asks, session, disk) ? "no" : "yes"
      : silent(asks.srvr)
      ? "no"
      : "unknown",
    local: mode !== undefined ? "yes" : silent(asks.srvr) || asks.port?.code === 1 ? "no" : "unknown",
    members,
    leaderId: mode === "leader"
      ? identity?.memberId
      : mode === "follower"
      ? leaderOf(asks, members)
      : undefined,
    role: mode === undefined ? undefined : mode === "observer" ? "learner" : "voter",
    // The upper half of a zxid is the epoch of its leader.
    term: zxid === undefined ? undefined : zxid >> 32n,
    index: zxid,
    version: versionOf(asks.srvr),
    alarms: [],
    pristine: "no",
    trouble: hollow(asks, session, disk)
      ? "it serves without /quorate: ask the other servers (get /quorate). If they have it, the leader did not send this " +
        "one all that the ensemble holds: stop it, move its version-2 away, and it is repaired as wiped. If none has it, " +
        'it was deleted, and no data may be moved: create it again, "NAME HIGHEST-ID", NAME as in quorate-ensemble ' +
        "beside the data"
      : troubleOf(asks, session, ensemble, identity, options),
  };
}

/** `/quorate` names the ensemble; one that is being formed has none yet, and goes by what was written beside its data. */
function identityOf(session: Session, disk: Sight["disk"]): Identity | undefined {
  const memberId = session.server;
  if (typeof session.own === "object") {
    const name = readName(session.own.text);
    return name && { clusterId: name.ensemble, memberId };
  }
  return session.own === "none" && typeof disk === "object"
    ? { clusterId: disk.clusterId, memberId }
    : undefined;
}

/**
 * It serves, and lacks what its ensemble has had since it was formed: its leader sent it the latest changes only. Up to
 * 3.8.0 at least, a leader that has been an observer takes its window of changes to begin at 0, where an empty server is
 * (`Observer` makes requests that have no zxid). Whoever promoted such a server, or let it lead, would lose the rest.
 */
const hollow = (asks: Asks, session: Session | undefined, disk: Sight["disk"]): boolean =>
  session?.own === "none" && typeof disk === "object" && asks.intent?.code !== 0;

const MODE = /^Mode: (leader|follower|observer)$/m;
const modeOf = (asked: Asked | undefined): string | undefined => MODE.exec(good(asked) ?? "")?.[1];
const versionOf = (asked: Asked | undefined): string | undefined =>
  /^Zookeeper version: (\d+\.\d+\.\d+)/m.exec(good(asked) ?? "")?.[1];
const zxidOf = (asked: Asked | undefined): bigint | undefined => {
  const hex = /^Zxid: (0x[0-9a-f]{1,16})$/m.exec(good(asked) ?? "")?.[1];
  return hex === undefined ? undefined : BigInt(hex);
};
/** It answers, and serves nobody: it finds no majority. */
const silent = (asked: Asked | undefined): boolean =>
  good(asked)?.includes("is not currently serving requests") === true;

/** A follower does not say whom it follows, but it has one connection to a quorum port. */
function leaderOf(asks: Asks, members: readonly RecordedMember[] | undefined): string | undefined {
  const to = (good(asks.follows) ?? "").split("\n").map(readKernelAddress).filter((a) => a !== undefined);
  const found = (members ?? []).filter((m) =>
    m.role === "voter" && m.peerUrls.some((url) => to.includes(url.slice(0, url.indexOf(":"))))
  );
  return found.length === 1 ? found[0]?.id : undefined;
}

function troubleOf(
  asks: Asks,
  session: Session | undefined,
  ensemble: Ensemble | undefined,
  identity: Identity | undefined,
  { clientPort, quorumPort, electionPort }: ZooKeeperOptions,
): string | undefined {
  if (asks.port === undefined) {
    return `a process that is not this service's listens on port ${clientPort}, ${quorumPort} or ${electionPort}`;
  }
  if (asks.port.code === 1) return "ZooKeeper does not listen yet";
  if (silent(asks.srvr)) return "ZooKeeper finds no majority";
  const said = asks.srvr?.out.trim() ?? "";
  if (said.includes("not in the whitelist")) {
    return "the four-letter word srvr is not let through: put it into 4lw.commands.whitelist of zoo.cfg";
  }
  if (modeOf(asks.srvr) === undefined) {
    return asks.srvr?.code === "timedOut"
      ? "ZooKeeper did not answer in time"
      : `ZooKeeper did not answer srvr: ${lastLine(asks.srvr?.err) || said.slice(0, 200) || "no answer"}`;
  }
  if (session === undefined) {
    return asks.read?.code === "timedOut"
      ? "no session could be opened in time"
      : `no session could be opened: ${lastLine(asks.read?.err) || "the server closed it"}`;
  }
  if (ensemble === undefined) {
    return "/zookeeper/config cannot be read by everybody: allow that (world:anyone:r)";
  }
  if (identity === undefined) {
    const highest = Math.max(...ensemble.members.map((m) => Number(m.id)));
    return session.own === "none"
      ? `the ensemble has no name yet: give it one, once, in ZooKeeper's shell: create /quorate "NAME ${highest}", NAME ` +
        "being letters and digits that no other ensemble has"
      : '/quorate does not hold "NAME HIGHEST-ID", or not everybody may read it';
  }
  return undefined;
}
const lastLine = (text: string | undefined): string => text?.trim().split("\n").at(-1)?.slice(0, 200) ?? "";

// ---- the disk and the files of the node --------------------------------------------------------------------------

/**
 * `zk_disk_id`. Where Quorate has written no name beside the data, as in an ensemble that others built, the running
 * server says of which ensemble it is, and myid who it is.
 */
function readDisk(asks: Asks, session: Session | undefined): Identity | "none" | "unknown" {
  if (asks.disk?.code === 1) return "none";
  const [, clusterId, memberId] = /^([0-9A-Za-z]+) (\d{1,3})\n$/.exec(good(asks.disk) ?? "") ?? [];
  if (clusterId !== undefined && memberId !== undefined) {
    return { clusterId, memberId: String(Number(memberId)) };
  }
  const name = typeof session?.own === "object" ? readName(session.own.text) : undefined;
  const unnamed = asks.disk?.err.includes("is not written beside it") === true;
  return unnamed && name !== undefined && session !== undefined && good(asks.myid)?.trim() === session.server
    ? { clusterId: name.ensemble, memberId: session.server }
    : "unknown";
}

function readSettings(asked: Asked | undefined): Readonly<Record<string, string>> | undefined {
  const text = good(asked);
  if (text !== undefined) return readProperties(text);
  return asked !== undefined && /: No such file or directory\s*$/.test(asked.err) ? {} : undefined;
}

/** Ids go up to 255: who has used them up should know before a join fails. */
function noticesOf(session: Session | undefined, named: boolean): readonly Notice[] {
  const highest = named && typeof session?.own === "object" ? readName(session.own.text)?.highest ?? 0 : 0;
  return highest < 240
    ? []
    : [{ code: "alarm", text: `${highest} of the 255 ids of servers were given already` }];
}

// ---- what others say of a member ---------------------------------------------------------------------------------

/**
 * S4: "yes" only from the member itself, by its id; "no" when nothing answers at its address, or what does serves nobody;
 * unknown when the question failed for a reason of its own.
 */
export const readPeers = (asks: Asks, members: readonly RecordedMember[]): Readonly<Record<string, Tri>> =>
  Object.fromEntries(members.map((m): [string, Tri] => [m.id, peerOf(asks[`peer.${m.id}`], m)]));

function peerOf(asked: Asked | undefined, m: RecordedMember): Tri {
  if (asked === undefined) return "unknown";
  if (asked.code === "timedOut") return "no";
  if (asked.code !== 0) {
    return /Connection refused|No route to host|timed out|reset by peer|is unreachable/.test(asked.err)
      ? "no"
      : "unknown";
  }
  // The server closes a session at once while it finds no majority.
  if (asked.out === "") return "no";
  return readSession(asked.out)?.server === m.id ? "yes" : "unknown";
}
