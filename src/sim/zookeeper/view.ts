/**
 * What a node check reads of a simulated ZooKeeper: by `srvr`, and in a session of its own, which is a write.
 *
 * @module
 */
import type { Identity, ServiceView } from "../../model/node.ts";
import type { Host } from "../host.ts";
import { readList, readNote, SERVERS, voterText } from "./list.ts";
import type { ZooKeeper } from "./model.ts";
import { type Server, SILENT_MS, zxidOf } from "./zab.ts";

const silent: ServiceView = {
  identity: undefined,
  linearizable: "unknown",
  local: "no",
  members: undefined,
  leaderId: undefined,
  role: undefined,
  term: undefined,
  index: undefined,
  version: undefined,
  alarms: [],
  pristine: "no",
  trouble: "ZooKeeper does not listen yet",
};

/** The server on a host, if it serves, and the leader that it serves by. */
function session(zk: ZooKeeper, h: Host): { readonly server: Server; readonly leader: Server } | undefined {
  const server = zk.on(h);
  const leader = server === undefined || server.listensAt > zk.time.now ? undefined : zk.leaderOf(server);
  return server === undefined || leader === undefined ? undefined : { server, leader };
}

/** `/quorate`, which a playbook has written. */
const noteOf = ({ disk }: Server) => readNote(disk.commit.note);

/** The name that it is to get, as long as it never had one: neither in `/quorate`, nor on this host. */
function nameToGet({ ensemble }: ZooKeeper, { marks }: Host, server: Server): string | undefined {
  const had = noteOf(server) !== undefined || server.disk.clusterId !== "" || marks.has("latch") ||
    marks.has("intent");
  return had ? undefined : readNote(ensemble)?.name;
}

export function viewOf(zk: ZooKeeper, h: Host): ServiceView {
  const server = zk.on(h);
  if (server === undefined || server.listensAt > zk.time.now) return silent;
  const at = session(zk, h);
  const follows = server.leads
    ? server.established
    : server.hearing || zk.time.now - server.heard < SILENT_MS;
  if (at === undefined && (!server.ready || !follows)) {
    return { ...silent, linearizable: "no", trouble: "ZooKeeper finds no majority" };
  }
  const observes = server.list.some((m) => m.id === server.id && m.role !== "voter");
  const zxid = BigInt(zxidOf(server.disk.commit));
  const common = {
    ...silent,
    local: "yes",
    role: observes ? "learner" : "voter",
    term: zxid >> 32n,
    index: zxid,
    version: zk.installed,
  } as const;
  // It still takes somebody for its leader, or itself: who opens a session waits.
  if (at === undefined) return { ...common, trouble: "no session could be opened in time" };
  const note = noteOf(server);
  const clusterId = note?.name ?? (server.disk.clusterId || (nameToGet(zk, h, server) ?? ""));
  // Whom it follows it knows by the record; that it leads it knows itself.
  const listed = (at.leader === server ? at.leader.list : server.members)
    .find((m) => m.id === at.leader.id && m.role === "voter");
  const leader = zk.fixed ? listed : at.leader.list.find((m) => m.id === at.leader.id && m.role === "voter");
  return {
    ...common,
    identity: clusterId === "" ? undefined : { clusterId, memberId: server.id },
    linearizable: "yes",
    members: server.members,
    leaderId: observes ? undefined : leader?.id,
    trouble: clusterId === "" ? "the ensemble has no name yet: give it one" : undefined,
  };
}

/** Of an ensemble that others built no name lies beside the data; the running server tells it. */
export function identityOf({ volume: { disk } }: Host, view: ServiceView | undefined): Identity | undefined {
  if (disk === undefined) return undefined;
  const { clusterId, memberId } = disk;
  if (clusterId !== "") return { clusterId, memberId };
  return view?.identity?.memberId === memberId ? view.identity : undefined;
}

export function settingsOf(zk: ZooKeeper, h: Host): Readonly<Record<string, string>> {
  const at = session(zk, h);
  const note = at === undefined ? undefined : noteOf(at.server);
  const { keys } = zk;
  return {
    ...Object.fromEntries([...h.env].filter(([key]) => key !== SERVERS)),
    ...(h.marks.has("restart") ? { [keys.restart]: "due" } : {}),
    ...(zk.fixed ? listsOf(zk, h, at?.server) : {}),
    ...(at === undefined || zk.fixed
      ? {}
      : { [keys.version]: zk.zab.versionOf(at.server.list).toString(16) }),
    ...(note === undefined ? {} : { [keys.highest]: note.highest }),
    ...(at !== undefined && nameToGet(zk, h, at.server) !== undefined ? { [keys.unnamed]: "yes" } : {}),
  };
}

/** What a static ensemble's server works with, and its files and `/quorate` say. */
function listsOf({ keys }: ZooKeeper, { env }: Host, server: Server | undefined): Record<string, string> {
  const written = readList(env.get(SERVERS) ?? "");
  const files = written.length === 0 ? {} : { [keys.written]: voterText(written) };
  if (server === undefined) return files;
  const note = noteOf(server);
  return {
    ...files,
    [keys.running]: voterText(server.list),
    [keys.version]: String(note?.version ?? 0),
    ...(note?.list === undefined ? {} : { [keys.servers]: voterText(note.list) }),
  };
}
