/**
 * What is not kept yet, by the files of a server that runs: told by name, before anything is written.
 *
 * @module
 */
import { isPath, type Remark, stopOn } from "quorate";
import type { Found } from "./found.ts";
import { LOCAL, sessionsAreLocal } from "./read.ts";

/** Why this server cannot be taken over as it is. */
export function limitsOf(host: string, zk: Found): readonly Remark[] {
  const { settings: s, list, flags, myid, logDir } = zk;
  const stop = stopOn(host);
  const own = list.find((line) => line.startsWith(`server.${Number(myid)}=`));
  const client = own?.split(";")[1];
  const port = /(?:^|:)(\d+)$/.exec(client ?? s.clientPort ?? "")?.[1];
  const listens = client === undefined ? s.clientPortAddress : /^(.*):\d+$/.exec(client)?.[1];
  const on = (key: string): boolean =>
    /^(true|yes|on)$/.test(s[key] ?? "") || flags.includes(`-Dzookeeper.${key}=true`);
  const dataDir = s.dataDir ?? "";
  const logs = s.dataLogDir ?? logDir ?? dataDir;
  const found: Remark[] = [];
  if (zk.script !== undefined) {
    found.push(stop(
      `its unit ${zk.unit} is what systemd makes of the init script ${zk.script}, and does not tell whether ZooKeeper runs`,
      `write a unit of that name in /etc/systemd/system which starts Java itself, as the script's user; then, one server at a ` +
        `time and the leader last: systemctl stop ${zk.unit}, systemctl daemon-reload, systemctl enable --now ${zk.unit}`,
    ));
  }
  if (/^(gz|snappy)$/i.test(zk.compression ?? "")) {
    found.push(stop(
      `its snapshots are compressed (snapshot.compression.method=${zk.compression}), and cannot be read or restored yet`,
      "take that away and restart it, one server at a time; what is compressed already has to be followed by another " +
        "snapshot before a backup is made",
    ));
  }
  if (sessionsAreLocal(s)) found.push(stop(`localSessionsEnabled is set: ${LOCAL.evidence}`, LOCAL.unblock));
  if (!isPath(dataDir)) {
    found.push(
      stop(
        `dataDir of zoo.cfg, ${dataDir || "which is not there"}, is no absolute path below the root`,
        "write it as one",
      ),
    );
  } else if (trimmed(logs) !== trimmed(dataDir)) {
    found.push(stop(
      `its transaction logs lie apart from its data, in ${logs}; what is set aside would be half of it`,
      `stop this server, move ${logs}/version-2/log.* to ${dataDir}/version-2, take dataLogDir away, start it`,
    ));
  }
  if (s.reconfigEnabled !== "true" && s.dynamicConfigFile !== undefined) {
    found.push(stop(
      `its list of servers stands in ${s.dynamicConfigFile}, and reconfigEnabled=true is not set, so nobody keeps it there`,
      "write the servers and clientPort into zoo.cfg itself and take dynamicConfigFile away, or set reconfigEnabled=true, " +
        "one server at a time",
    ));
  }
  if (own === undefined) {
    found.push(stop(
      list.length === 0
        ? "it stands alone: zoo.cfg names no servers"
        : `its own id, ${myid ?? "of which there is no myid"}, is not among the servers of its files`,
      "there is an ensemble to take over once its files name all servers, this one too",
    ));
  } else if (/:observer(;|$)/.test(own) || s.peerType === "observer") {
    found.push(stop("it is an observer, which has no vote", "name the host of a server that votes"));
  }
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) {
    found.push(stop(
      "it has no port for clients without TLS, and Quorate looks through one",
      "give it a clientPort as well; a firewall can keep others away from it",
    ));
  } else if (listens !== undefined && !/^(0\.0\.0\.0|\*|\[?[0:]*\]?)$/.test(listens)) {
    found.push(stop(
      `it serves clients at ${listens} alone; Quorate asks from localhost, too`,
      "let it listen at all addresses: take clientPortAddress away, or write ;0.0.0.0:PORT in the list of servers",
    ));
  }
  if (on("sslQuorum")) {
    found.push(
      stop("servers speak TLS among each other (sslQuorum)", "not kept yet: keep this ensemble by hand"),
    );
  }
  if (on("quorum.auth.enableSasl") || on("sessionRequireClientSASLAuth") || on("enforce.auth.enabled")) {
    found.push(stop("it asks servers or clients for SASL", "not kept yet: keep this ensemble by hand"));
  }
  if (list.some((line) => /^(group|weight)\./.test(line))) {
    found.push(stop(
      "its quorums are of groups and weights, and Quorate counts majorities",
      "not kept yet: keep this ensemble by hand",
    ));
  }
  return found;
}

const trimmed = (path: string): string => (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path);
