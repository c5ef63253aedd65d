/**
 * What etcd's answers say.
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
import { certificates } from "./check.ts";
import { readEnvFile } from "./envfile.ts";
import {
  idOf,
  isObject,
  type JsonObject,
  listOf,
  objectOf,
  parseJson,
  textOf,
  textsOf,
  wholeOf,
} from "./json.ts";
import { type EtcdOptions, peerUrl } from "./options.ts";

/** Reads a check's answers. */
export function readEtcd(asks: Asks, node: HostNode, options: EtcdOptions): Sight {
  const status = readStatus(asks.status);
  const settings = inEffect(readSettings(asks.env), good(asks.told));
  return {
    view: viewOf(asks, status, node, options),
    disk: readDisk(asks.disk),
    unwritten: good(asks.disk)?.endsWith(" pristine unwritten\n") === true,
    blank: good(asks.disk)?.endsWith(" blank\n") === true,
    dataPath: asks.used?.code === 0 && asks.used.out.startsWith("/") ? asks.used.out : undefined,
    settings,
    installed: textOf(status?.version) ?? /etcd Version: (\S+)/.exec(good(asks.version) ?? "")?.[1],
    notices: [
      ...alarmNotices(status),
      ...quotaNotices(status, settings),
      ...certificateNotices(asks, options),
      ...unitNotices(asks, options),
    ],
  };
}

const good = (asked: Asked | undefined): string | undefined => (asked?.code === 0 ? asked.out : undefined);
const isLocal = (url: string): boolean =>
  /^[a-z]+:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/.test(url);

// ---- the running service -----------------------------------------------------------------------------------------

function readStatus(asked: Asked | undefined): JsonObject | undefined {
  const status = objectOf(listOf(parseJson(good(asked) ?? ""))[0]).Status;
  return isObject(status) && identityOf(status.header) !== undefined ? status : undefined;
}

function identityOf(header: JsonObject[string]): Identity | undefined {
  const { cluster_id, member_id } = objectOf(header);
  const [clusterId, memberId] = [idOf(cluster_id), idOf(member_id)];
  return clusterId === undefined || memberId === undefined ? undefined : { clusterId, memberId };
}

/**
 * No process, no view, unless another's holds its ports. A process that does not answer has one that says nothing but
 * what was said instead.
 */
function viewOf(
  asks: Asks,
  status: JsonObject | undefined,
  node: HostNode,
  options: EtcdOptions,
): ServiceView | undefined {
  if (asks.port === undefined && asks.taken?.code !== 0) return undefined;
  const identity = identityOf(status?.header);
  const members = identity === undefined ? undefined : readMembers(asks.members, identity);
  const linearizable = identity === undefined ? "unknown" : linearizableOf(asks.get, identity, status);
  const revision = wholeOf(objectOf(status?.header).revision);
  return {
    identity,
    linearizable,
    local: localOf(asks, status),
    members,
    leaderId: idOf(status?.leader),
    role: status === undefined ? undefined : status.isLearner === true ? "learner" : "voter",
    term: wholeOf(status?.raftTerm),
    index: wholeOf(status?.raftAppliedIndex),
    version: textOf(status?.version),
    alarms: alarmsOf(status),
    pristine: pristineOf(members, revision, linearizable, peerUrl(node, options)),
    trouble: textsOf(status?.errors).find((e) => !e.includes("alarm:")) ?? troubleOf(asks, options),
  };
}

/**
 * S5, first signal. A read that the member let through to the end counts even where the user may not read the key:
 * etcd asks that only after a majority has confirmed the read. A time-out proves nothing (S24), except that the
 * second signal then says that there is no leader.
 */
function linearizableOf(asked: Asked | undefined, own: Identity, status: JsonObject | undefined): Tri {
  if (status?.isLearner === true) return "no";
  if (asked === undefined) return "unknown";
  if (asked.code === 0) {
    const by = identityOf(objectOf(parseJson(asked.out)).header);
    return by?.memberId === own.memberId && by.clusterId === own.clusterId ? "yes" : "unknown";
  }
  if (asked.err.includes("etcdserver: permission denied")) return "yes";
  return /etcdserver: (no leader|request timed out|leader changed|not capable|server stopped)/.test(asked.err)
    ? "no"
    : "unknown";
}

/** S5, second signal. */
function localOf(asks: Asks, status: JsonObject | undefined): Tri {
  if (status !== undefined) {
    return idOf(status.leader) !== undefined && !textsOf(status.errors).includes("etcdserver: no leader")
      ? "yes"
      : "no";
  }
  // Nothing listens at the port where the process was told to listen.
  return asks.port?.code === 1 ? "no" : "unknown";
}

/** A list counts whole or not at all: one member that cannot be read must not look like one that is not there. */
function readMembers(asked: Asked | undefined, own: Identity): readonly RecordedMember[] | undefined {
  const list = objectOf(parseJson(good(asked) ?? ""));
  if (identityOf(list.header)?.clusterId !== own.clusterId || !Array.isArray(list.members)) return undefined;
  const members = listOf(list.members).map(readMember);
  return members.length > 0 && members.every((m) => m !== undefined) ? members : undefined;
}
function readMember(json: JsonObject[string]): RecordedMember | undefined {
  const m = objectOf(json);
  const id = idOf(m.ID);
  const peerUrls = textsOf(m.peerURLs);
  if (id === undefined || peerUrls.length === 0) return undefined;
  return {
    id,
    name: textOf(m.name) ?? "",
    role: m.isLearner === true ? "learner" : "voter",
    peerUrls,
    clientUrls: textsOf(m.clientURLs),
  };
}

/** S1: one member, localhost URLs only, nothing ever written. A cluster of ours that is meant to be local is none. */
function pristineOf(
  members: readonly RecordedMember[] | undefined,
  revision: bigint | undefined,
  linearizable: Tri,
  ownPeerUrl: string,
): Tri {
  const [only, ...others] = members ?? [];
  if (revision !== undefined && revision > 1n) return "no";
  if (only === undefined || revision === undefined) return "unknown";
  const urls = [...only.peerUrls, ...only.clientUrls];
  if (others.length > 0 || !urls.every(isLocal) || only.peerUrls.includes(ownPeerUrl)) return "no";
  return linearizable === "yes" ? "yes" : "unknown";
}

/** 3.4 to 3.6: `memberID:… alarm:NOSPACE ` among the errors. */
const alarmsOf = (status: JsonObject | undefined): readonly string[] => [
  ...new Set(textsOf(status?.errors).flatMap((e) => /alarm:([A-Z]+)/.exec(e)?.[1] ?? [])),
];

/** What was said instead of the first answer that is missing, in one line. */
function troubleOf(asks: Asks, { ctlEnv, clientPort, peerPort }: EtcdOptions): string | undefined {
  if (asks.port === undefined) {
    return `a process that is not this service's listens on port ${clientPort} or ${peerPort}`;
  }
  if (asks.port.code === 1) return "etcd does not listen yet";
  const failed = [asks.status, asks.get, asks.members].find((a) => a !== undefined && a.code !== 0);
  if (failed === undefined) return undefined;
  if (failed.code === "timedOut") return "etcdctl did not answer in time";
  const said = failed.err.split("\n").filter((line) => line.trim() !== "");
  // etcdctl logs each try as a line of JSON; what it came to in the end is plain.
  const last = said.findLast((line) => !line.startsWith("{")) ?? said.at(-1) ?? "etcdctl failed";
  const why = last.replace(/^Error: /, "").slice(0, 300);
  return /user name is empty|authentication failed|invalid auth token|permission denied/.test(failed.err)
    ? `${why}: authentication is on, so ${
      ctlEnv === undefined ? "options.ctlEnv must name" : `${ctlEnv} must be`
    } a file with ETCDCTL_USER`
    : why;
}

// ---- the disk and the files of the node --------------------------------------------------------------------------

function readDisk(asked: Asked | undefined): Identity | "none" | "unknown" {
  if (asked?.code === 1) return "none";
  const [, clusterId, memberId] =
    /^([1-9a-f][0-9a-f]{0,15}) ([1-9a-f][0-9a-f]{0,15})( pristine| pristine unwritten| blank)?\n$/.exec(
      good(asked) ?? "",
    ) ?? [];
  return clusterId === undefined || memberId === undefined ? "unknown" : { clusterId, memberId };
}

function readSettings(asked: Asked | undefined): Sight["settings"] {
  const text = good(asked);
  if (text !== undefined) return readEnvFile(text);
  return asked !== undefined && /: No such file or directory\s*$/.test(asked.err) ? {} : undefined;
}

/**
 * What the process was started with counts, not what the file says by now: a run that was killed between writing the
 * file and the restart would otherwise leave a member that never takes the settings. `ETCD_INITIAL_*` only matters
 * before a first start, so there the file is right.
 */
function inEffect(file: Sight["settings"], told: string | undefined): Sight["settings"] {
  if (file === undefined || !told?.startsWith("process\n")) return file;
  const running = new Map(
    told.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  return Object.fromEntries(
    Object.entries(file).flatMap(([key, value]) => {
      if (!key.startsWith("ETCD_") || key.startsWith("ETCD_INITIAL_")) return [[key, value]];
      const now = running.get(key);
      return now === undefined ? [] : [[key, now]];
    }),
  );
}

// ---- notices -----------------------------------------------------------------------------------------------------

const alarmNotices = (status: JsonObject | undefined): readonly Notice[] =>
  alarmsOf(status).map((alarm) => ({ code: "alarm", text: `etcd raises ${alarm}` }));

const defaultQuota = 2n * 1024n ** 3n;
/** 3.6 tells its quota; before, it is the setting's or the default of 2 GiB. */
function quotaNotices(
  status: JsonObject | undefined,
  settings: Sight["settings"],
): readonly Notice[] {
  const size = wholeOf(status?.dbSize);
  const set = settings?.ETCD_QUOTA_BACKEND_BYTES;
  const quota = wholeOf(status?.dbSizeQuota) ??
    (set !== undefined && /^[1-9]\d*$/.test(set) ? BigInt(set) : defaultQuota);
  if (size === undefined || quota === 0n || size * 10n < quota * 8n) return [];
  return [{
    code: "disk",
    text: `the database of etcd has reached ${(size * 100n) / quota} % of its quota`,
  }];
}

/** openssl: 0 is good for 30 days more, 1 is not. */
function certificateNotices(asks: Asks, options: EtcdOptions): readonly Notice[] {
  const asked = certificates(options).map((file, i) => ({ file, answer: asks[`cert.${i}`] }));
  if (asked.some(({ answer }) => answer?.code === 127)) {
    return [{
      code: "tool",
      text: "openssl is not there: when certificates expire is not watched",
    }];
  }
  return asked.flatMap(({ file, answer }): readonly Notice[] => {
    if (answer === undefined || answer.code === 0) return [];
    const expires = answer.code === 1 && /will expire/.test(answer.out);
    const end = /^notAfter=(.+)$/m.exec(answer.out)?.[1];
    const text = expires ? `is valid until ${end ?? "30 days from now, at most"}` : "cannot be read";
    return [{ code: "certificate", text: `${file} ${text}` }];
  });
}

/** Settings in a file that the unit does not read would never take effect. */
function unitNotices(asks: Asks, { unit, envFile }: EtcdOptions): readonly Notice[] {
  const shown = good(asks.unit) ?? "";
  if (!/^LoadState=loaded$/m.test(shown)) return [];
  const files = [...shown.matchAll(/^EnvironmentFiles=(.*) \(ignore_errors=(?:yes|no)\)$/gm)].map((m) =>
    m[1]
  );
  return files.includes(envFile) ? [] : [{ code: "unit", text: `${unit} does not read ${envFile}` }];
}

// ---- what others say of a member ---------------------------------------------------------------------------------

/**
 * S4: "yes" only from the member itself, by its id; "no" when it does not answer a member that can be asked; unknown
 * when the question failed for a reason of its own (credentials, certificates, no etcdctl).
 */
export function readPeers(asks: Asks, members: readonly RecordedMember[]): Readonly<Record<string, Tri>> {
  return Object.fromEntries(members.map((m) => [m.id, peerOf(asks[`peer.${m.id}`], m)]));
}
function peerOf(asked: Asked | undefined, m: RecordedMember): Tri {
  if (asked === undefined) return m.name === "" && m.clientUrls.length === 0 ? "no" : "unknown";
  if (asked.code === "timedOut") return "no";
  if (asked.code !== 0) {
    if (asked.err.includes("etcdserver: permission denied")) return "yes";
    const silent =
      /deadline exceeded|connection refused|no route to host|no leader|request timed out|i\/o timeout|reset by peer/;
    const own = /x509|tls: |certificate|authentication handshake|user name is empty|auth token|cannot read/;
    return silent.test(asked.err) && !own.test(asked.err) ? "no" : "unknown";
  }
  if (m.role === "voter") {
    return identityOf(objectOf(parseJson(asked.out)).header)?.memberId === m.id ? "yes" : "unknown";
  }
  // One of its URLs is enough; the others may be for other networks.
  const statuses = listOf(parseJson(asked.out)).map((e) => objectOf(objectOf(e).Status));
  const own = statuses.find((s) => identityOf(s.header)?.memberId === m.id);
  return own === undefined ? "unknown" : localOf({}, own);
}
