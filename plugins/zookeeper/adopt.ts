/**
 * Taking over a ZooKeeper ensemble that others built: what config keeps it as it is, and what a person has to know.
 *
 * @module
 */
import {
  type Adopt,
  type Adopted,
  type FoundHost,
  isNowhere,
  type RecordedMember,
  type Remark,
  sameOn,
  type Wishes,
  type WrittenOptions,
} from "quorate";
import text from "./adopt.sh" with { type: "text" };
import { checkShell } from "./check.ts";
import { SAMPLE } from "./drift.ts";
import { notesOf } from "./adopt_notes.ts";
import { findZooKeeper, type Found, keepsItsList } from "./found.ts";
import { PLAIN } from "./forbids.ts";
import { FORCE_SNAPSHOTS } from "./settings.ts";
import { zookeeperOptions } from "./spec.ts";
import { limitsOf } from "./unkept.ts";

export const adoptZooKeeper: Adopt = {
  probe: `${checkShell}\n${text}`,
  runs: (asks) => (asks.processes?.out ?? "") !== "",
  unread:
    "see what it says, and let `srvr` and sessions without credentials through, for a look needs no more",
  read,
};

/** A host with what runs there, and where the record (or else its own files) says that it is. */
export interface Placed extends Pick<FoundHost, "name" | "member"> {
  readonly zk: Found | undefined;
  readonly peer: Peer | undefined;
  readonly clientPort: number | undefined;
}

interface Peer {
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

function read(found: readonly FoundHost[], wishes: Wishes): Adopted {
  const stops: Remark[] = [];
  const hosts = found.map((h): Placed => {
    const zk = h.asks === undefined ? undefined : findZooKeeper(h.name, h.asks, wishes);
    if (zk !== undefined && "kind" in zk) stops.push(zk);
    const known = zk === undefined || "kind" in zk ? undefined : zk;
    if (known !== undefined) stops.push(...limitsOf(h.name, known));
    return { name: h.name, member: h.member, zk: known, ...placeOf(h.member, known) };
  });
  const addresses = hosts.map((h) => h.peer?.host);
  const [first] = hosts.flatMap((h) => h.zk ?? []);
  if (first === undefined || stops.length > 0) return { addresses, options: [], remarks: stops };

  const same = sameOf(hosts, first, wishes);
  const extra = extraOf(hosts);
  const name = nameFor(hosts, found);
  const jvm = sharedFlags(hosts);
  const told: WrittenOptions = {
    unit: first.unit,
    dataDir: same.dataDir,
    config: first.config,
    ...(keepsItsList(first) ? {} : { membership: "static" }),
    ...unlessDefault("clientPort", same.clientPort),
    ...unlessDefault("quorumPort", same.quorumPort),
    ...unlessDefault("electionPort", same.electionPort),
    ...unlessDefault("user", first.user),
    ...unlessDefault("java", first.java),
    ...unlessDefault("classPath", first.classPath),
    ...(jvm === "" ? {} : { jvm }),
    ...(name === undefined ? {} : { ensemble: name }),
    ...(Object.keys(extra.settings).length === 0 ? {} : { settings: extra.settings }),
  };
  const remarks = [...same.remarks, ...extra.remarks, ...notesOf(hosts, name, wishes)];
  return { addresses, options: [told], remarks };
}

const unlessDefault = (
  name: "clientPort" | "quorumPort" | "electionPort" | "user" | "java" | "classPath",
  value: string | number | undefined,
) => value === undefined || value === zookeeperOptions[name].default ? {} : { [name]: value };

// ---- where members are -------------------------------------------------------------------------------------------

/** The record counts; a host that is no member of a record yet is where its own files say. */
function placeOf(m: RecordedMember | undefined, zk: Found | undefined): Pick<Placed, "peer" | "clientPort"> {
  const line = ownLine(zk);
  const [peers, client] = (line ?? "").split(";");
  const port = /(?:^|:)(\d+)$/.exec(client ?? zk?.settings.clientPort ?? m?.clientUrls[0] ?? "")?.[1];
  return {
    peer: (m?.peerUrls ?? (peers ?? "").split("|")).flatMap(readPeer)[0],
    clientPort: isPort(port) ? Number(port) : undefined,
  };
}

/** `10.0.0.11:2888:3888:participant;2181`, of the server itself. */
export const ownLine = (zk: Found | undefined): string | undefined =>
  zk?.list.find((line) => line.startsWith(`server.${Number(zk.myid)}=`))?.replace(/^[^=]*=/, "");

function readPeer(address: string): readonly Peer[] {
  const [, six, name, quorum, election] =
    /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_.-]{1,253})):(\d{1,5}):(\d{1,5})(?::\w+)?$/.exec(
      address.trim(),
    ) ?? [];
  const host = six ?? name;
  return host === undefined || !/^[A-Za-z0-9_:]/.test(host) || !isPort(quorum) || !isPort(election)
    ? []
    : [{ host, quorumPort: Number(quorum), electionPort: Number(election) }];
}
const isPort = (text: string | undefined): boolean => Number(text) >= 1 && Number(text) <= 65535;

// ---- what one set of options has to say of all ---------------------------------------------------------------------

/** What must be the same on all hosts, because the options say it once; and what of it is not. */
function sameOf(hosts: readonly Placed[], first: Found, wishes: Wishes) {
  const remarks: Remark[] = [];
  const stop = (what: string, now: string) => remarks.push({ kind: "stop", what, now });
  const one = <T extends string | number>(
    of: (h: Placed) => T | undefined,
    what: string,
    now: string,
  ): T | undefined => sameOn(hosts, of, (told) => stop(`${what}: ${told}`, now));
  for (const h of hosts) {
    if (h.peer === undefined) {
      stop(
        `${h.name}: where its peers reach it cannot be read`,
        "see server.N of its own id in zoo.cfg; HOST:QUORUMPORT:ELECTIONPORT is needed",
      );
    } else if (isNowhere(h.peer.host)) {
      stop(
        `${h.name}: its own list of servers has it at ${h.peer.host}, where no other host could reach it`,
        "write the address that the others use there, and restart it",
      );
    }
    if (h.zk !== undefined && h.zk.classPath === undefined && wishes.classPath === undefined) {
      stop(
        `${h.name}: the class path of its Java cannot be told`,
        "name it: --option classPath=/PATH/lib/*",
      );
    }
  }
  const link = (option: string, path: string | undefined) =>
    `options.${option} is one for all: make ${
      path ?? "it"
    } a link on each other host, and name it: --option ${option}=${path ?? "/PATH"}`;
  const ports = "give all servers the same one, one at a time";
  one(
    (h) => h.zk?.unit,
    "the units have different names",
    "options.unit is one for all: give them the same name",
  );
  one((h) => wishes.config ?? h.zk?.config, "zoo.cfg lies elsewhere", link("config", first.config));
  one(
    (h) => wishes.java ?? (h.zk && (h.zk.java ?? zookeeperOptions.java.default)),
    "Java differs",
    link("java", first.java),
  );
  one(
    (h) => wishes.classPath ?? h.zk?.classPath,
    "the class paths differ",
    link("classPath", first.classPath),
  );
  one(
    (h) => h.zk && String(keepsItsList(h.zk)),
    "reconfigEnabled differs",
    "set it on all of them or on none",
  );
  return {
    remarks,
    dataDir: one(
      (h) => wishes.dataDir ?? h.zk?.settings.dataDir,
      "the data directories differ",
      link("dataDir", first.settings.dataDir),
    ),
    clientPort: one((h) => h.clientPort, "the ports of clients differ", ports),
    quorumPort: one((h) => h.peer?.quorumPort, "the ports of followers differ", ports),
    electionPort: one((h) => h.peer?.electionPort, "the ports of elections differ", ports),
  };
}

/** More keys of zoo.cfg that all share: nodes that join get them, too, and members keep them (`zookeeperDrift`). */
function extraOf(hosts: readonly Placed[]) {
  const all = hosts.flatMap((h) => h.zk === undefined ? [] : [h.zk.settings]);
  const may = new RegExp(zookeeperOptions.settings.keys);
  const keys = [...new Set(all.flatMap((s) => Object.keys(s)))].filter((k) => may.test(k)).sort();
  const shared = keys.filter((k) =>
    !ELSEWHERE.test(k) &&
    all.every((s) => s[k] !== undefined && s[k] !== "" && s[k] === all[0]?.[k] && PLAIN.test(s[k]))
  );
  const rest = keys.filter((k) => !shared.includes(k));
  const settings = shared.map((k) => [k, all[0]?.[k] ?? ""] as const).filter(([k, v]) => SAMPLE[k] !== v);
  const remarks: Remark[] = [];
  if (settings.length > 0) {
    remarks.push({
      kind: "note",
      what:
        "settings are what all servers have in zoo.cfg; nodes that join get them, and members are kept at them: where " +
        "somebody changes one in zoo.cfg, an apply changes it back and restarts that server",
      now: "nothing; change them here, or set configureMembers: false, and members are left as they are",
    });
  }
  if (rest.length > 0) {
    remarks.push({
      kind: "note",
      what: `not the same on all servers, or not for a config to hold, so not in this one: ${
        rest.join(", ")
      }`,
      now:
        "nothing; where nodes that join should have one, write it into their zoo.cfg, or put it under settings",
    });
  }
  return { settings: Object.fromEntries(settings), remarks };
}
/** What lies in files of each host's own. */
const ELSEWHERE = /^(ssl\.|secureClientPort)|[Pp]assword/;

/** Java's flags that all share: a unit that is written gets them. */
function sharedFlags(hosts: readonly Placed[]): string {
  const all = hosts.flatMap((h) => h.zk === undefined ? [] : [h.zk.flags]);
  return (all[0] ?? []).filter((f) => f !== FORCE_SNAPSHOTS && all.every((flags) => flags.includes(f))).join(
    " ",
  );
}

// ---- the ensemble's name -------------------------------------------------------------------------------------------

/**
 * What `/quorate` is to hold where it is not there: a name that no other ensemble has, drawn on a host, and the highest id
 * that any of the servers is known to have had.
 */
function nameFor(hosts: readonly Placed[], found: readonly FoundHost[]): string | undefined {
  if (hosts.some((h) => h.zk?.session !== undefined && h.zk.session.own !== "none")) return undefined;
  const [token] = found.flatMap((h) =>
    /^[0-9a-f]{32}$/.exec((h.asks?.token?.out ?? "").replace(/\s/g, ""))?.[0] ?? []
  );
  const ids = hosts.flatMap((h) => [...(h.zk?.ids ?? []), Number(h.member?.id ?? 0)]);
  return token === undefined ? undefined : `${token} ${Math.max(0, ...ids)}`;
}
