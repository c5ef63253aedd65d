/**
 * The keys of zoo.cfg that Quorate keeps, and what of them differs on a node.
 *
 * @module
 */
import type { Drift, HostNode, Member, NodeFacts, Observation } from "quorate";
import { isStatic, peerAddress, type ZooKeeperOptions } from "./options.ts";
import { listText, RESTART, RUNNING, SERVERS, WRITTEN } from "./servers.ts";

/** What a server that is configured anew has in zoo.cfg, whatever was there before. */
export const ownSettings = (o: ZooKeeperOptions): Readonly<Record<string, string>> => ({
  // Where the list is in zoo.cfg, so is the port.
  ...(isStatic(o)
    ? { reconfigEnabled: "false", clientPort: String(o.clientPort) }
    : { reconfigEnabled: "true" }),
  // A server that once stood alone would serve without a quorum, and cannot be joined.
  standaloneEnabled: "false",
  // A server without data has no vote before a leader has brought it up to date, however it came to be started: a voter
  // that was wiped could elect itself together with one that is behind. Only a bootstrap lets one vote, by a file.
  "db.autocreate": "false",
  ...o.settings,
});

/** The values of ZooKeeper's own sample. */
export const SAMPLE: Readonly<Record<string, string>> = { tickTime: "2000", initLimit: "10", syncLimit: "5" };

/** What it has where zoo.cfg says nothing else: a member that has lost its data keeps what a person wrote there. */
export const defaultSettings = (o: ZooKeeperOptions): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({
      ...SAMPLE,
      // `conf` tells the list that a server works with.
      ...(isStatic(o) ? { "4lw.commands.whitelist": "srvr,conf" } : {}),
    }).filter(([key]) => o.settings[key] === undefined),
  );

/** All of a server that has no zoo.cfg. */
export const firstSettings = (o: ZooKeeperOptions): Readonly<Record<string, string>> => ({
  ...defaultSettings(o),
  ...ownSettings(o),
});

/**
 * What differs. The server reads zoo.cfg when it starts and writes it itself when members change, so neither the file nor
 * its age tells what is in effect: a mark that is taken away after the restart does.
 *
 * Of the rest of zoo.cfg nothing is compared: an ensemble that others built is not switched over to anything else by a
 * restart that nobody asked for.
 */
export function zookeeperDrift(
  o: ZooKeeperOptions,
  facts: Pick<NodeFacts, "settings">,
  seen: Pick<Observation, "members" | "nodes">,
): Drift {
  const there = facts.settings;
  if (there === undefined) return { settings: {} };
  const servers = isStatic(o) ? serversDrift(there, seen) : {};
  // While one goes by another list than the rest, who has left is counted, and who stays cannot be latched.
  const shared = servers[SERVERS] === undefined ? {} : { shared: true } as const;
  if (!o.configureMembers) return { settings: servers, ...shared };
  const due = there[RESTART] !== undefined;
  const differs = Object.entries(o.settings).filter(([key, value]) => due || there[key] !== value);
  const restart = due && differs.length === 0 ? { [RESTART]: "due" } : {};
  return { ...shared, settings: { ...servers, ...restart, ...Object.fromEntries(differs) } };
}

/**
 * The server that runs on this node is recorded at the address of another one, as where two gave the same id at once. A
 * static ensemble's list is on its way then, and has its own rules.
 */
export const isElsewhere = (
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
  node: HostNode,
  member: Pick<Member, "peerUrls">,
): boolean =>
  !isStatic(o) && nodes.some((n) => n.name !== node.name && member.peerUrls.includes(peerAddress(n, o)));

/**
 * A change of the list has not come to this server yet, or its zoo.cfg would have it start with another list. Nothing is
 * known to differ where `/quorate` has no list, and the servers' own ones are the record; nor where a plan looks ahead.
 */
function serversDrift(
  there: Readonly<Record<string, string>>,
  { members, nodes }: Pick<Observation, "members" | "nodes">,
): Readonly<Record<string, string>> {
  const recorded = listText(members);
  if (Object.values(nodes).every((f) => f.settings?.[SERVERS] !== recorded)) return {};
  // One that serves nothing does not tell with which list.
  const running = there[RUNNING] ?? (there[RESTART] === undefined ? recorded : undefined);
  return running === recorded && (there[WRITTEN] ?? recorded) === recorded ? {} : { [SERVERS]: recorded };
}
