/**
 * Taking over an etcd cluster that others built: what config keeps it as it is, and what a person has to know.
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
import { etcdDrift, startsEmpty } from "./drift.ts";
import { findEtcd, type Found } from "./found.ts";
import { type EtcdOptions, peerUrl } from "./options.ts";
import { etcdOptions } from "./spec.ts";
import { type Scheme, type Tls, tlsOf } from "./adopt_tls.ts";

export const adoptEtcd: Adopt = {
  probe: text,
  runs: (asks) => asks.manifest?.code === 0 || (asks.processes?.out ?? "") !== "",
  unread:
    "where it wants other credentials, put ETCDCTL_… variables into a file on each host, and name that file: " +
    "--option ctlEnv=/PATH",
  read,
};

/** A host with what runs there, and where the record (or else what it was told) says that it is. */
interface Placed extends Pick<FoundHost, "name" | "member"> {
  readonly etcd: Found | undefined;
  readonly peer: Url | undefined;
  readonly client: Url | undefined;
}

interface Url {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

function read(found: readonly FoundHost[], wishes: Wishes): Adopted {
  const stops: Remark[] = [];
  const hosts = found.map((h): Placed => {
    const etcd = h.asks === undefined ? undefined : findEtcd(h.name, h.asks, wishes);
    if (etcd !== undefined && "kind" in etcd) stops.push(etcd);
    const known = etcd === undefined || "kind" in etcd ? undefined : etcd;
    if (h.asks !== undefined && known !== undefined && h.asks.etcdctl?.code !== 0) {
      stops.push(noEtcdctl(h.name));
    }
    return { name: h.name, member: h.member, etcd: known, ...urlsOf(h.member, known) };
  });
  const addresses = hosts.map((h) => h.peer?.host);
  const [first] = hosts.flatMap((h) => h.etcd ?? []);
  if (first === undefined || stops.length > 0) return { addresses, options: [], remarks: stops };

  const same = sameOf(hosts, first, wishes);
  const tls = tlsOf(hosts, same.scheme);
  const extra = extraOf(hosts);
  const told: WrittenOptions = {
    unit: first.unit,
    dataDir: first.dataDir,
    envFile: envFileOf(first),
    ...unlessDefault("clientPort", same.clientPort),
    ...unlessDefault("peerPort", same.peerPort),
    ...unlessDefault("user", first.user),
    ...unlessDefault("binary", first.binary),
    ...(Object.keys(extra.env).length === 0 ? {} : { env: extra.env }),
  };
  const differs = driftOf(hosts, told, tls, extra.env);
  const options = tls.ways.map((way): WrittenOptions => ({
    ...told,
    ...way,
    ...(differs.length === 0 ? {} : { configureMembers: false }),
  }));
  const remarks = [
    ...same.remarks,
    ...tls.remarks,
    ...extra.remarks,
    ...notesOf(hosts),
    ...differs,
    ...namesNote(hosts),
  ];
  return { addresses, options, remarks };
}

const unlessDefault = (
  name: "clientPort" | "peerPort" | "user" | "binary",
  value: string | number | undefined,
) => value === undefined || value === etcdOptions[name].default ? {} : { [name]: value };

const noEtcdctl = (host: string): Remark => ({
  kind: "stop",
  what: `${host}: there is no etcdctl`,
  now: "install etcd's own command-line tool there (Debian: etcd-client): Quorate asks etcd through it",
});

// ---- where members are -------------------------------------------------------------------------------------------

/** The record counts; a host that is no member of a record yet is where it was told to be. */
function urlsOf(m: RecordedMember | undefined, etcd: Found | undefined): Pick<Placed, "peer" | "client"> {
  const told = (...keys: readonly string[]): readonly string[] =>
    keys.flatMap((key) => etcd?.settings[key]?.split(",") ?? []);
  return {
    peer: best(m?.peerUrls ?? told("ETCD_INITIAL_ADVERTISE_PEER_URLS", "ETCD_LISTEN_PEER_URLS")),
    client: best(m?.clientUrls ?? told("ETCD_ADVERTISE_CLIENT_URLS", "ETCD_LISTEN_CLIENT_URLS")),
  };
}

/** The first URL that others can use, else the first. */
function best(urls: readonly string[]): Url | undefined {
  const read = urls.flatMap((url): readonly Url[] => {
    const [, scheme, v6, name, port] =
      /^(https?):\/\/(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_.-]{1,253})):(\d{1,5})\/?$/.exec(url.trim()) ??
        [];
    const host = v6 ?? name;
    return scheme === undefined || host === undefined || port === undefined
      ? []
      : [{ scheme: scheme === "https" ? "https" : "http", host, port: Number(port) }];
  }).filter((u) => u.port >= 1 && u.port <= 65535 && isHost.test(u.host));
  return read.find((u) => !isNowhere(u.host)) ?? read[0];
}
/** As a config takes them. */
const isHost = /^[A-Za-z0-9_:]/;

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
    if (h.etcd !== undefined && h.etcd.dataDir === undefined && wishes.dataDir === undefined) {
      stop(`${h.name}: where etcd keeps its data cannot be told`, "name it: --option dataDir=/PATH");
    }
    if (h.peer === undefined) {
      stop(
        `${h.name}: no peer URL of it could be read`,
        "see `etcdctl member list`; an http or https URL with a port is needed",
      );
    } else if (isNowhere(h.peer.host) && h.member !== undefined) {
      stop(
        `${h.name}: its peer URL names ${h.peer.host}, so no other host could ever join`,
        `let it listen for peers on an address of its own, then \`etcdctl member update ${h.member.id} --peer-urls=…\``,
      );
    }
    const wal = h.etcd?.settings.ETCD_WAL_DIR;
    if (wal !== undefined && wal !== `${h.etcd?.dataDir}/member/wal`) {
      stop(
        `${h.name}: etcd keeps its log apart from its data, in ${wal}; what is set aside would be half of it`,
        `stop this member, move ${wal} to ${h.etcd?.dataDir}/member/wal, take the setting away, start it`,
      );
    }
  }
  one(
    (h) => h.etcd?.unit,
    "the units have different names",
    "options.unit is one for all: give them the same name, one member at a time",
  );
  one(
    (h) => wishes.dataDir ?? h.etcd?.dataDir,
    "the data directories differ",
    `options.dataDir is one for all: make ${
      first.dataDir ?? "it"
    } a link to the directory on each other host, and name it: --option dataDir=${first.dataDir ?? "/PATH"}`,
  );
  const ports =
    "give all members the same one: change where it listens, `etcdctl member update`, restart, one at a time";
  const peerPort = one((h) => h.peer?.port, "the ports of peer URLs differ", ports);
  const clientPort = one((h) => h.client?.port, "the ports of client URLs differ", ports);
  const peers = one(
    (h) => h.peer?.scheme,
    "some peers speak https, others http",
    "finish the change to TLS first",
  );
  const clients = one(
    (h) => h.client?.scheme,
    "some members serve clients by https, others by http",
    "finish the change to TLS first",
  );
  if (peers !== undefined && clients !== undefined && peers !== clients) {
    stop(
      `peers speak ${peers}, clients ${clients}: options.tls makes both https, and without it both are http`,
      "give both TLS, or neither",
    );
  }
  return { remarks, peerPort, clientPort, scheme: peers ?? clients ?? ("http" as const) };
}

/** Where there is no environment file, one of the unit's own name, for nodes that join. */
const envFileOf = (etcd: Found): string =>
  etcd.envFile ??
    `/etc/default/${etcd.unit.replace(/\.service$/, "").replace(/[^A-Za-z0-9_.-]/g, "-") || "etcd"}`;

/** More settings that members share, so that nodes that join get them, too. */
function extraOf(hosts: readonly Placed[]) {
  const all = hosts.flatMap((h) => h.etcd === undefined ? [] : [h.etcd.settings]);
  const own = new RegExp(etcdOptions.env.keys);
  const keys = [...new Set(all.flatMap((s) => Object.keys(s)))].filter((k) =>
    own.test(k) && !NOT_KEPT.test(k)
  ).sort();
  const shared = keys.filter((k) =>
    all.every((s) => s[k] !== undefined && s[k] !== "" && s[k] === all[0]?.[k])
  );
  const rest = keys.filter((k) => !shared.includes(k));
  const remarks: readonly Remark[] = rest.length === 0 ? [] : [{
    kind: "note",
    what: `not the same on all members, so not in this config: ${rest.join(", ")}`,
    now: "nothing; where nodes that join should have one, put it under env",
  }];
  return { env: Object.fromEntries(shared.map((k) => [k, all[0]?.[k] ?? ""])), remarks };
}
const NOT_KEPT = /^ETCD_(CONFIG_FILE|UNSUPPORTED_ARCH|PROXY.*|VERSION|(PEER_)?AUTO_TLS)$/;

// ---- what a person should know ---------------------------------------------------------------------------------------

function notesOf(hosts: readonly Placed[]): readonly Remark[] {
  const those = (is: (etcd: Found) => boolean) =>
    hosts.filter((h) => h.etcd !== undefined && is(h.etcd)).map((h) => h.name);
  const notes: Remark[] = [];
  const shadowed = those((e) => e.shadowed !== undefined);
  const [one] = hosts.flatMap((h) => h.etcd?.shadowed ?? []);
  if (shadowed.length > 0) {
    const where = one === "flags" ? "by flags" : "by its own config file";
    notes.push({
      kind: "note",
      what:
        `etcd is configured ${where} on ${
          shadowed.join(", ")
        }, which wins over an environment file: such a host is ` +
        "started, watched, removed and replaced by another, but not configured anew; it cannot join again after it " +
        "was wiped or removed",
      now: "nothing; to have that too, let the unit read what it is told from envFile, one member at a time",
    });
  }
  const open = those((e) => startsEmpty(e.settings) && e.shadowed === undefined);
  if (open.length > 0) {
    notes.push({
      kind: "note",
      what:
        `on ${
          open.join(", ")
        } etcd would start on an empty disk if its own were lost, with a vote and without what ` +
        "it voted for",
      now:
        "the first apply sets ETCD_INITIAL_CLUSTER_STATE=existing there, and ETCD_INITIAL_CLUSTER, where it lies in that " +
        "file, to the member alone, which needs no restart; with configureMembers: false, do that yourself",
    });
  }
  const files = new Set(hosts.flatMap((h) => h.etcd?.envFile ?? []));
  if (files.size > 1) {
    notes.push({
      kind: "note",
      what: `the environment files have different names: ${[...files].join(", ")}`,
      now: "nothing; a node that joins again needs the one that this config names",
    });
  }
  return notes;
}

/** A member's own name is never changed; only two of one name could not be told apart in an initial cluster. */
function namesNote(hosts: readonly Placed[]): readonly Remark[] {
  const theirs = hosts.flatMap((h) => h.member?.name || []);
  return hosts.every((h) => !h.member?.name || h.member.name === h.name) ? [] : [{
    kind: "note",
    what: "members keep the names that they have, which are not those of their nodes",
    now: `nothing; only do not call a new node like a member: ${theirs.join(", ")}`,
  }];
}

/**
 * Settings that a config of these options would change on members: then it says that members are left as they are.
 * The first plan is to be empty, and what works is not changed because the options have no words for it.
 */
function driftOf(
  hosts: readonly Placed[],
  told: WrittenOptions,
  tls: Tls,
  env: Readonly<Record<string, string>>,
): readonly Remark[] {
  const options: EtcdOptions = {
    unit: String(told.unit),
    dataDir: String(told.dataDir),
    envFile: String(told.envFile),
    clientPort: Number(told.clientPort ?? etcdOptions.clientPort.default),
    peerPort: Number(told.peerPort ?? etcdOptions.peerPort.default),
    user: "",
    binary: "",
    configureMembers: true,
    env,
    ...(tls.options === undefined ? {} : { tls: tls.options }),
  };
  const differing = hosts.flatMap(({ name, etcd, peer, member }) => {
    if (etcd === undefined || peer === undefined) return [];
    const settings = Object.fromEntries(
      Object.entries(etcd.settings).filter(([key]) => etcd.inFile.has(key)),
    );
    const node = { name, host: peer.host, address: peer.host, labels: {} };
    const drift = etcdDrift(options, { settings }, node, {
      peerUrls: member?.peerUrls ?? [peerUrl(node, options)],
    });
    const urls = drift.peerUrl === undefined ? [] : ["the peer URLs of the record"];
    return [...Object.keys(drift.settings), ...urls].map((what) => ({ what, name }));
  });
  if (differing.length === 0) return [];
  const by = [...new Set(differing.map((d) => d.what))].map((what) =>
    `${what} on ${differing.filter((d) => d.what === what).map((d) => d.name).join(", ")}`
  );
  return [{
    kind: "note",
    what:
      "this config would say otherwise what members have, so it leaves them as they are (configureMembers: " +
      `false): ${by.join("; ")}`,
    now: "nothing; to have Quorate keep these, set configureMembers: true and read what `quorate plan` says",
  }];
}
