/**
 * Lists of servers as the servers of a static ensemble have them: each goes by what its own zoo.cfg said when it was
 * started, until it is started again. What they should have stands in `/quorate`, behind the ensemble's name:
 * `NAME HIGHEST server.1=… server.2=…`. That is the record: one text, written on condition and read in a session like
 * everything else there. So servers whose lists differ from it and from each other are a change under way, and it is
 * told which way it goes.
 *
 * Why lists may differ for a while. A leader counts votes by its own list, and so does whoever elects one. Two lists are
 * safe side by side if any majority of the one and any majority of the other share a server: then no two leaders can have
 * a majority each, nor can a leader by the one have missed what a leader by the other has acknowledged. They do if both
 * majorities together are more servers than there are in both lists (`shareQuorum`): so it is where one voter comes or
 * goes, ⌊n/2⌋+1 + ⌊(n+1)/2⌋+1 = n+2 of n+1, and not where one is exchanged: {1,3} of 1,2,3 and {2,4} of 1,2,4. So one
 * voter comes or goes at a time, and every server has the list before the next change begins.
 *
 * @module
 */
import {
  type HostNode,
  known,
  type Member,
  memberOn,
  type NodeFacts,
  type Observation,
  quorumOf,
  type RecordedMember,
  type Tri,
  voters,
} from "quorate";
import { peerAddress, type ZooKeeperOptions } from "./options.ts";

/** What a server works with, what its zoo.cfg says, and what `/quorate` says, among the settings of its node. */
export const RUNNING = "servers that run";
export const WRITTEN = "servers in zoo.cfg";
export const SERVERS = "servers";
/** A restart is due: what zoo.cfg says has not come into effect. */
export const RESTART = "restart";

/** The voters of a list, comparable: `1=10.0.0.1:2888:3888 2=…`. */
export const listText = (members: readonly Pick<RecordedMember, "id" | "role" | "peerUrls">[]): string =>
  members.filter((m) => m.role === "voter").toSorted((a, b) => Number(a.id) - Number(b.id))
    .map((m) => `${m.id}=${[...m.peerUrls].sort().join("|")}`).join(" ");

/** The ids in such a text. */
export const idsIn = (list: string): readonly string[] =>
  list === "" ? [] : list.split(" ").map((one) => one.slice(0, one.indexOf("=")));
/** Where server `id` of such a list is reached by its peers. */
export const addressIn = (list: string, id: string): string | undefined =>
  list.split(" ").find((one) => one.startsWith(`${id}=`))?.slice(id.length + 1);

/** Any majorities of two lists share a server; one that can never vote again is in none of them. */
export function shareQuorum(a: ReadonlySet<string>, b: ReadonlySet<string>, ghost?: string): boolean {
  const all = new Set([...a, ...b].filter((id) => id !== ghost));
  return quorumOf(a.size, 0).needed + quorumOf(b.size, 0).needed > all.size;
}

/** A node's facts are as old as this observation: in a plan later changes are judged by what is expected. */
const isNow = ({ settings: s }: NodeFacts, seen: Observation): boolean =>
  (s?.[SERVERS] ?? s?.[RUNNING] ?? listText(seen.members)) === listText(seen.members);

/**
 * The lists that voters work with; where a plan looks ahead, the one that is recorded then. Who does not run works with what
 * its zoo.cfg says as soon as it does.
 */
export function runningLists(seen: Observation): readonly string[] {
  const told = toldLists(seen);
  return told.size === 0 ? [listText(seen.members)] : [...new Set(told.values())];
}
/** By the id of the voter that works with it. */
export const toldLists = (seen: Observation): ReadonlyMap<string, string> =>
  new Map(
    voters(seen).flatMap((m) => {
      const facts = m.node === undefined ? undefined : seen.nodes[m.node];
      const list = facts === undefined ? undefined : listOf(facts);
      return facts === undefined || list === undefined || !isNow(facts, seen) ? [] : [[m.id, list] as const];
    }),
  );
const listOf = ({ settings: s, process }: NodeFacts): string | undefined =>
  s?.[RUNNING] ?? (process === "no" ? s?.[WRITTEN] : undefined);

/**
 * The list of a voter that is to go: a leader that goes by one from before the last change could lead beside those that
 * go by the next one, with whom that list need not share a majority. Where it cannot be asked, the latches tell: all
 * servers have had the list before any of them is latched with its voters.
 */
export function hasTheList(seen: Observation, m: Member): Tri {
  const facts = m.node === undefined ? undefined : seen.nodes[m.node];
  const list = facts?.reached ? listOf(facts) : undefined;
  // Where there is no list nobody goes by one.
  if (facts?.reached && facts.process === "no" && facts.settings?.[WRITTEN] === undefined) {
    return facts.settings === undefined ? "unknown" : "yes";
  }
  if (list !== undefined && facts !== undefined && isNow(facts, seen)) {
    return known(list === listText(seen.members));
  }
  const names = voters(seen).map((v) => v.node).sort().join();
  const latches = voters(seen).flatMap((v) => {
    const f = v === m || v.node === undefined ? undefined : seen.nodes[v.node];
    return f?.reached ? [f.latch] : [];
  });
  const all = latches.every((l) => typeof l === "object" && [...l.voters].sort().join() === names);
  return all && latches.length > 0 ? "yes" : "unknown";
}

/** Servers, by id, that serve a read just now: those of the record, and those that run on after they were taken out. */
export const serving = (seen: Observation): ReadonlySet<string> =>
  new Set([
    ...voters(seen).filter((m) => m.health === "healthy").map((m) => m.id),
    ...Object.values(seen.nodes).flatMap(({ view }) =>
      view?.linearizable === "yes" && view.local === "yes" && view.identity !== undefined
        ? [view.identity.memberId]
        : []
    ),
  ]);

/**
 * A voter that has not got the recorded list, and can be given it: one that serves, or one that runs and serves nothing,
 * maybe because its list does not have the leader; to restart that one costs nothing, and helps where it was not started
 * with the recorded list since. One of which nothing is known may serve.
 */
export function isLate(seen: Observation, m: Member): boolean {
  const facts = m.node === undefined ? undefined : seen.nodes[m.node];
  const list = hasTheList(seen, m);
  const there = facts?.settings;
  return m.health === "healthy"
    ? list === "no"
    : m.health === "unhealthy" && facts?.reached === true && facts.process === "yes" && list !== "yes" &&
      (there?.[RESTART] !== undefined || there?.[WRITTEN] !== listText(seen.members));
}

/**
 * What it was can be put away for good, so that another may be it (`vacated`): its data is seen on its own host, whose
 * processes can be told, nowhere else can there be more of it, and no other id is counted that nobody has.
 */
export const canVacate = (
  seen: Observation,
  m: Member,
  host: HostNode | undefined,
  nodes: readonly HostNode[],
): boolean => {
  const f = host === undefined ? undefined : seen.nodes[host.name];
  return f?.reached === true && f.process !== "unknown" && f.data.state === "present" &&
    typeof f.data.identity === "object" && f.data.identity.memberId === m.id &&
    unseen(seen, nodes).length === 0 && freeIds(seen).length === 0;
};

/** Ids that are counted, and that no voter of the record has. */
export const freeIds = (seen: Observation): readonly string[] => {
  const recorded = new Set(voters(seen).map((m) => m.id));
  return [...new Set(runningLists(seen).flatMap(idsIn))].filter((id) => !recorded.has(id));
};

/** Hosts of no member that cannot be seen: one may have taken an id over once, and its data may still be there. */
export const unseen = (seen: Observation, nodes: readonly HostNode[]): readonly string[] =>
  nodes.map((n) => n.name).filter((name) => {
    const f = seen.nodes[name];
    return memberOn(seen, name) === undefined && (f?.reached !== true || f.data.state === "unknown");
  });

/** Somebody counts the vote of this id. */
export const isCounted = (seen: Observation, id: string): boolean =>
  runningLists(seen).some((list) => idsIn(list).includes(id));

/**
 * An id that servers still count, and that nobody has: its voter was taken out of the record, its host is fenced, and
 * its data was set aside there. The fence is lifted again where that host itself is made ready to join: it does not start
 * by itself then until it is configured, and that comes after its registration. A server that is empty may take it over, as
 * a wiped one gets its own back: it has no vote before a leader has brought it up to date, and the others hold the quorum
 * meanwhile. So who is dead in an ensemble of three can be replaced, although none of the others can be spared for a restart.
 */
export function vacated(
  seen: Observation,
  nodes: readonly HostNode[],
  o: ZooKeeperOptions,
): string | undefined {
  const hostOf = (addresses: string | undefined) =>
    nodes.find((n) => addresses?.split("|").includes(peerAddress(n, o)))?.name;
  const lists = runningLists(seen);
  const [id, ...more] = freeIds(seen);
  if (id === undefined || more.length > 0) return undefined;
  // One that has begun to take it over was registered only because all this was seen.
  if (seen.members.some((m) => m.id === id)) return id;
  // Some may have got a list without it before it was put away.
  const homes = lists.flatMap((list) => addressIn(list, id) ?? []).map(hostOf);
  const gone = homes.every((home) => {
    const f = home === undefined ? undefined : seen.nodes[home];
    return f?.reached === true && f.process === "no" && f.data.state === "empty" &&
      (f.fenced === "yes" || f.fenced === "no" && f.unit.enabled === "disabled") &&
      f.aside.some((a) => a.memberId === id && a.clusterId === seen.clusterId);
  });
  const left = Object.values(seen.nodes).some((f) =>
    f.view?.identity?.memberId === id ||
    (typeof f.data.identity === "object" && f.data.identity.memberId === id)
  );
  return gone && !left && unseen(seen, nodes).length === 0 ? id : undefined;
}

/**
 * The id that the server of this node takes over when it joins, or has begun to. It is decided when a change is planned
 * and judged, and its registration asks for it by name.
 */
export function takesOver(
  n: HostNode,
  seen: Observation,
  nodes: readonly HostNode[],
  o: ZooKeeperOptions,
): string | undefined {
  const own = memberOn(seen, n.name);
  if (own !== undefined) return isCounted(seen, own.id) ? own.id : undefined;
  const id = vacated(seen, nodes, o);
  return seen.members.some((m) => m.id === id) ? undefined : id;
}

/** Who leads, and is no member any more: followers that have the new list do not know it. */
export const strayLeader = (seen: Observation): string | undefined =>
  Object.values(seen.nodes).find(({ view }) =>
    view?.identity !== undefined && view.leaderId === view.identity.memberId &&
    seen.members.every((m) => m.id !== view.identity?.memberId)
  )?.node;
