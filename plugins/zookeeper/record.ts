/**
 * What is written in an ensemble's znodes and files: the members, the ensemble's name, zoo.cfg.
 *
 * @module
 */
import type { RecordedMember } from "quorate";

/** The members, and the version of what names them, as digits: of the configuration, or of `/quorate`. */
export interface Ensemble {
  readonly members: readonly RecordedMember[];
  readonly version: string;
}

/**
 * Reads `/zookeeper/config`. A list counts whole or not at all: one member that cannot be read must not look like one
 * that is not there. `clientPort` is where servers of a list without client addresses serve clients.
 *
 * Servers do not vote as observers. One on a host of the config is what a join has begun with (S8), so it is a learner;
 * any other is somebody's observer, and none of our business: `isHost` tells, by a peer address.
 */
export function readEnsemble(
  text: string,
  clientPort: number,
  isHost: (peerAddress: string) => boolean,
): Ensemble | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const version = lines.map((line) => /^version=([0-9a-f]{1,16})$/.exec(line)?.[1]).find((v) =>
    v !== undefined
  );
  const members = readServers(lines, clientPort, isHost);
  return version !== undefined && members !== undefined ? { members, version } : undefined;
}

/** The servers among these lines, all of them or none. */
export function readServers(
  lines: readonly string[],
  clientPort: number,
  isHost: (peerAddress: string) => boolean,
): readonly RecordedMember[] | undefined {
  const members = lines.filter((line) => line.startsWith("server.")).map((line) =>
    readServer(line, clientPort, isHost)
  );
  return members.length > 0 && members.every((m) => m !== undefined) ? members : undefined;
}

/** `server.3=10.0.0.13:2888:3888:participant;0.0.0.0:2181`; several addresses stand with `|` between. */
function readServer(
  line: string,
  clientPort: number,
  isHost: (peerAddress: string) => boolean,
): RecordedMember | undefined {
  const [, id, addresses, role = "participant", client] =
    /^server\.(\d{1,3})=([^;]+?)(?::(participant|observer))?(?:;(.+))?$/.exec(line) ?? [];
  if (id === undefined || addresses === undefined) return undefined;
  const peerUrls = addresses.split("|");
  const [first = ""] = peerUrls;
  const host = /^(\[[^\]]+\]|[^:]+):\d+:\d+$/.exec(first)?.[1];
  if (host === undefined) return undefined;
  const [, listens, port] = /^(?:(\[[^\]]+\]|[^:]+):)?(\d+)$/.exec(client ?? `${clientPort}`) ?? [];
  if (port === undefined) return undefined;
  const anywhere = listens === undefined || listens === "0.0.0.0" || /^\[[0:]*\]$/.test(listens);
  return {
    id: String(Number(id)),
    name: `server.${Number(id)}`,
    role: role === "participant" ? "voter" : peerUrls.some(isHost) ? "learner" : "observer",
    peerUrls,
    clientUrls: [`${anywhere ? host : listens}:${port}`],
  };
}

/** What `/quorate` says: `NAME HIGHEST`, and in a static ensemble the servers, `server.1=…`, once they were changed. */
export interface Name {
  readonly ensemble: string;
  /** The highest id that a server of this ensemble was ever given. */
  readonly highest: number;
  /** A line each; none where the servers' own lists are all that there is. */
  readonly servers: readonly string[];
}

export function readName(text: string): Name | undefined {
  const [, ensemble, highest, list = ""] =
    /^([0-9A-Za-z]{1,64}) (\d{1,3})((?: server\.\S+)*)\s*$/.exec(text) ?? [];
  return ensemble === undefined
    ? undefined
    : { ensemble, highest: Number(highest), servers: list.split(" ").filter((line) => line !== "") };
}

/** A file of Java properties, as far as zoo.cfg needs: of two values of one key the last counts. */
export function readProperties(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const [, key, value] = /^[ \t]*([^#!\s=:][^\s=:]*)[ \t]*[=:]?[ \t]*(.*?)[ \t\r]*$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}

/** An address as `/proc/net/tcp` and `tcp6` write it, where that is IPv4; else undefined. */
export function readKernelAddress(hex: string): string | undefined {
  const four = /^(?:0{16}FFFF0000|0{16}0000FFFF)?([0-9A-F]{8})$/.exec(hex)?.[1];
  return four?.match(/../g)?.reverse().map((byte) => parseInt(byte, 16)).join(".");
}
