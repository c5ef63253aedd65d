/**
 * Who a server is, and of which ensemble: by `/quorate`, by what was written beside its data, and for an ensemble that
 * others built by the name that it is to get.
 *
 * @module
 */
import type { Asked, Asks, Identity, Sight } from "quorate";
import type { ZooKeeperOptions } from "./options.ts";
import { type Name, readName } from "./record.ts";
import type { Session } from "./session.ts";

export const good = (
  asked: Asked | undefined,
): string | undefined => (asked?.code === 0 ? asked.out : undefined);

/** The name of an ensemble; `given`: by the options, for it has none yet. */
export interface Named extends Name {
  readonly given: boolean;
}

/**
 * `/quorate` names the ensemble. Where others built it there is none, and beside the data and in the latch neither: only
 * then it goes by the name that the options would give it. A server that has ever been told a name lacks its /quorate.
 */
export function nameOf(
  asks: Asks,
  session: Session | undefined,
  written: Sight["disk"],
  options: ZooKeeperOptions,
): Named | undefined {
  const read = (text: string, given: boolean): Named | undefined => {
    const name = readName(text);
    return name && { ...name, given };
  };
  if (typeof session?.own === "object") return read(session.own.text, false);
  const never = session?.own === "none" && isUnnamed(asks, written) && isAbsent(asks.latch) &&
    isAbsent(asks.intent) && good(asks.config) !== undefined;
  return never ? read(options.ensemble ?? "", true) : undefined;
}

const isAbsent = (asked: Asked | undefined): boolean =>
  asked?.code === 1 && asked.err.trimEnd().endsWith(": No such file or directory");

/** One that is being formed has no name yet, and goes by what was written beside its data. */
export function identityOf(
  session: Session,
  written: Sight["disk"],
  name: Named | undefined,
): Identity | undefined {
  const memberId = session.server;
  if (name !== undefined) return { clusterId: name.ensemble, memberId };
  return session.own === "none" && typeof written === "object"
    ? { clusterId: written.clusterId, memberId }
    : undefined;
}

/**
 * It serves, and lacks what its ensemble has had since it was formed: its leader sent it the latest changes only. Up to
 * 3.8.0 at least, a leader that has been an observer takes its window of changes to begin at 0, where an empty server is
 * (`Observer` makes requests that have no zxid). Whoever promoted such a server, or let it lead, would lose the rest.
 */
export const hollow = (asks: Asks, session: Session | undefined, written: Sight["disk"]): boolean =>
  session?.own === "none" && (typeof written === "object" || asks.latch?.code === 0) &&
  asks.intent?.code !== 0;

/** `zk_disk_id`. */
export function writtenDisk(asks: Asks): Sight["disk"] {
  if (asks.disk?.code === 1) return "none";
  const [, clusterId, memberId] = /^([0-9A-Za-z]+) (\d{1,3})\n$/.exec(good(asks.disk) ?? "") ?? [];
  return clusterId === undefined || memberId === undefined
    ? "unknown"
    : { clusterId, memberId: String(Number(memberId)) };
}

/** There is data, and Quorate has written no name beside it, as in an ensemble that others built. */
const isUnnamed = (asks: Asks, written: Sight["disk"]): boolean =>
  written === "unknown" && asks.disk?.err.includes("is not written beside it") === true;

/** Where no name is beside the data, the running server says of which ensemble it is, and myid who it is. */
export const readDisk = (
  asks: Asks,
  session: Session | undefined,
  written: Sight["disk"],
  name: Named | undefined,
): Sight["disk"] =>
  isUnnamed(asks, written) && name !== undefined && session !== undefined &&
    good(asks.myid)?.trim() === session.server
    ? { clusterId: name.ensemble, memberId: session.server }
    : written;
