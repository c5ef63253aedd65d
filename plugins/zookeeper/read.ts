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
import { good, hollow, identityOf, type Named, nameOf, readDisk, writtenDisk } from "./identity.ts";
import { isStatic, peerAddress, type ZooKeeperOptions } from "./options.ts";
import {
  type Ensemble,
  readEnsemble,
  readKernelAddress,
  readName,
  readProperties,
  readServers,
} from "./record.ts";
import { listText, RESTART, RUNNING, SERVERS, WRITTEN } from "./servers.ts";
import { readSession, type Session } from "./session.ts";

/**
 * What the newest record says beside the members, among the settings of a node: a late value is made of it. No key of
 * zoo.cfg has a name like these.
 */
export const VERSION = "/zookeeper/config version";
export const HIGHEST = "/quorate highest";
/** The ensemble has no name yet, and this server goes by the one that the options would give it. */
export const UNNAMED = "/quorate none";

/** Says "none" where a running server's node has nothing to say who may reconfigure (`zk_with`). */
export const SUPER = "super user";

/** Reads a check's answers. */
export function readZooKeeper(asks: Asks, options: ZooKeeperOptions, nodes: readonly HostNode[]): Sight {
  const session = readSession(good(asks.read) ?? "");
  const written = writtenDisk(asks);
  const name = nameOf(asks, session, written, options);
  const disk = readDisk(asks, session, written, name);
  const settings = readSettings(asks.config);
  const lists = isStatic(options) ? readLists(asks, session, settings, options, nodes) : undefined;
  const ensemble = lists === undefined
    ? ensembleOf(session, options, nodes)
    : lists.members && { members: lists.members, version: lists.version };
  return {
    view: viewOf(asks, session, ensemble, written, name, settings, options),
    disk,
    dataPath: good(asks.used)?.trim() ?? settings?.dataLogDir ?? settings?.dataDir,
    settings: settings && {
      ...settings,
      ...(asks.restart?.code === 0 ? { [RESTART]: "due" } : {}),
      ...(asks.super?.code === 1 ? { [SUPER]: "none" } : {}),
      ...(ensemble === undefined ? {} : { [VERSION]: ensemble.version }),
      ...(name === undefined ? {} : name.given ? { [UNNAMED]: "yes" } : { [HIGHEST]: String(name.highest) }),
      ...lists?.settings,
    },
    installed: versionOf(asks.srvr) ?? /^\d+\.\d+\.\d+/.exec(good(asks.jar) ?? "")?.[0],
    notices: noticesOf(name),
  };
}

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
 * The lists of a static ensemble. What it works with a server tells only by `conf`, which has to be let through. Its
 * `/zookeeper/config` says the same on 3.8.0, unless it leads and was started from a snapshot of another list's time: that
 * is good enough to look at, not to change by.
 */
function readLists(
  asks: Asks,
  session: Session | undefined,
  settings: Readonly<Record<string, string>> | undefined,
  options: ZooKeeperOptions,
  nodes: readonly HostNode[],
) {
  const hosts = new Set(nodes.map((n) => peerAddress(n, options)));
  const servers = (lines: readonly string[]) => readServers(lines, options.clientPort, (at) => hosts.has(at));
  const own = typeof session?.own === "object" ? session.own : undefined;
  const record = servers(own === undefined ? [] : readName(own.text)?.servers ?? []);
  const [, told] = /^membership: *\n([^]*)$/m.exec(good(asks.conf) ?? "") ?? [];
  const running = told === undefined ? undefined : servers(told.split("\n"));
  const written = servers(
    Object.entries(settings ?? {}).filter(([key]) => key.startsWith("server.")).map((pair) => pair.join("=")),
  );
  const said = typeof session?.config === "object" ? servers(session.config.text.split("\n")) : undefined;
  const text = (key: string, members: readonly RecordedMember[] | undefined) =>
    members === undefined ? {} : { [key]: listText(members) };
  return {
    members: session === undefined ? undefined : record ?? running ?? said,
    version: String(own?.version ?? 0),
    settings: { ...text(SERVERS, record), ...text(RUNNING, running), ...text(WRITTEN, written) },
  };
}

/**
 * No process, no view, unless another's holds its ports. A process that does not answer has one that says nothing but
 * what was said instead.
 */
function viewOf(
  asks: Asks,
  session: Session | undefined,
  ensemble: Ensemble | undefined,
  written: Sight["disk"],
  name: Named | undefined,
  settings: Readonly<Record<string, string>> | undefined,
  options: ZooKeeperOptions,
): ServiceView | undefined {
  if (asks.port === undefined && asks.taken?.code !== 0) return undefined;
  const mode = modeOf(asks.srvr);
  const identity = session === undefined ? undefined : identityOf(session, written, name);
  const zxid = session === undefined ? zxidOf(asks.srvr) : BigInt(`0x${session.zxid}`);
  const lacks = hollow(asks, session, written);
  // What it lacks of the tree it may lack of the lists, too.
  const members = lacks ? undefined : ensemble?.members;
  return {
    identity,
    // The session was a write: a majority has taken part in it, and it was answered only then.
    linearizable: session !== undefined
      ? gaveOver(asks) || sessionsAreLocal(settings) ? "unknown" : "yes"
      : silent(asks.srvr)
      ? "no"
      : "unknown",
    local: lacks || silent(asks.srvr)
      ? "no"
      : mode !== undefined
      ? "yes"
      : asks.port?.code === 1
      ? "no"
      : "unknown",
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
    trouble: lacks
      ? "it serves without /quorate: ask the other servers (get /quorate). If they have it, the leader did not send this " +
        "one all that the ensemble holds: stop it, move its version-2 away, and it is repaired as wiped. If none has it, " +
        'it was deleted, and no data may be moved: create it again, "NAME HIGHEST-ID", NAME as in quorate-ensemble ' +
        "beside the data"
      : sessionsAreLocal(settings)
      ? `localSessionsEnabled is set: ${LOCAL.evidence}: ${LOCAL.unblock}`
      : troubleOf(asks, session, ensemble, identity, options),
  };
}

/** Sessions that only the server knows that they were opened at: a majority has no part in them. */
export const LOCAL = {
  evidence: "a session is no write then, so nothing proves that a majority is there",
  unblock: "take that key out of zoo.cfg of every server, and restart them one by one",
} as const;
export const sessionsAreLocal = (settings: Readonly<Record<string, string>> | undefined): boolean =>
  settings?.localSessionsEnabled?.toLowerCase() === "true";

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

/** It served when it was asked first, and did not any more when it was asked with which list it works. */
const gaveOver = ({ conf }: Asks): boolean =>
  conf !== undefined && (good(conf) === undefined || silent(conf));

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
  if (gaveOver(asks)) return "ZooKeeper stopped serving while it was asked";
  if (ensemble === undefined) {
    return "/zookeeper/config cannot be read by everybody: allow that (world:anyone:r)";
  }
  if (identity === undefined) {
    const highest = Math.max(...ensemble.members.map((m) => Number(m.id)));
    return session.own === "none"
      ? `the ensemble has no name yet: let options.ensemble be "NAME ${highest}", as \`quorate init --from HOST\` writes it, ` +
        "NAME being letters and digits that no other ensemble has; then apply writes it into /quorate, once"
      : '/quorate does not hold "NAME HIGHEST-ID", or not everybody may read it';
  }
  return undefined;
}
const lastLine = (text: string | undefined): string => text?.trim().split("\n").at(-1)?.slice(0, 200) ?? "";

// ---- the disk and the files of the node --------------------------------------------------------------------------

function readSettings(asked: Asked | undefined): Readonly<Record<string, string>> | undefined {
  const text = good(asked);
  if (text !== undefined) return readProperties(text);
  return asked !== undefined && /: No such file or directory\s*$/.test(asked.err) ? {} : undefined;
}

/** Ids go up to 255: who has used them up should know before a join fails. */
const noticesOf = (name: Named | undefined): readonly Notice[] =>
  name === undefined || name.highest < 240
    ? []
    : [{ code: "alarm", text: `${name.highest} of the 255 ids of servers were given already` }];

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
  const session = readSession(asked.out);
  // Whether one without /quorate serves all that the ensemble holds is for its own node to say (`hollow`).
  return session?.server === m.id && session.own !== "none" ? "yes" : "unknown";
}
