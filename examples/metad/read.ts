/**
 * What metad's answers say. Nothing here has a default that could be taken for proof: what cannot be read is unknown.
 *
 * @module
 */
import type { Asked, Asks, Identity, RecordedMember, ServiceView, Sight, Tri } from "quorate";

type Json = Readonly<Record<string, unknown>>;

function jsonOf(asked: Asked | undefined): Json | undefined {
  if (asked?.code !== 0) return undefined;
  try {
    const value: unknown = JSON.parse(asked.out);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const whole = (value: unknown): bigint | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;

export function readMetad(asks: Asks): Sight {
  const status = jsonOf(asks.status);
  return {
    view: asks.status === undefined ? undefined : viewOf(status, asks),
    disk: diskOf(asks.disk),
    dataPath: /^METAD_DATA=(.+)$/m.exec(asks.env?.out ?? "")?.[1],
    settings: undefined,
    installed: text(status?.version),
    notices: [],
  };
}

function viewOf(status: Json | undefined, asks: Asks): ServiceView {
  const [clusterId, memberId] = [text(status?.cluster), text(status?.id)];
  const identity = clusterId && memberId ? { clusterId, memberId } : undefined;
  const leaderId = text(status?.leader);
  const read = jsonOf(asks.members);
  // Through this very member, and by a majority: that it answers is the first signal of its health.
  const linearizable: Tri = read !== undefined && read.by === memberId && read.cluster === clusterId
    ? "yes"
    : status !== undefined && leaderId === undefined
    ? "no"
    : "unknown";
  const role = status?.role;
  return {
    identity,
    linearizable: role === "learner" ? "no" : linearizable,
    local: status === undefined ? "unknown" : leaderId === undefined ? "no" : "yes",
    members: membersOf(linearizable === "yes" ? read?.members : status?.members),
    leaderId,
    role: role === "voter" || role === "learner" ? role : undefined,
    term: whole(status?.term),
    index: whole(status?.index),
    version: text(status?.version),
    alarms: [],
    pristine: "no",
    trouble: status === undefined ? saidBy(asks.status) : undefined,
  };
}

const saidBy = (asked: Asked | undefined): string =>
  asked?.code === "timedOut" ? "metad did not answer in time" : asked?.err.trim().split("\n").at(-1) ?? "";

/** A list counts whole or not at all: one member that cannot be read must not look like one that is not there. */
function membersOf(list: unknown): readonly RecordedMember[] | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const members = list.map((one: Json): RecordedMember | undefined => {
    const [id, url] = [text(one.id), text(one.url)];
    const role = one.role === "learner" || one.role === "voter" ? one.role : undefined;
    if (id === undefined || url === undefined || role === undefined) return undefined;
    // Without a name it was registered and never started.
    const name = text(one.name) ?? "";
    return { id, name, role, peerUrls: [url], clientUrls: name === "" ? [] : [url] };
  });
  return members.every((m) => m !== undefined) ? members : undefined;
}

/** `metad_disk_id`: 0 with both ids, 1 where there is no data, anything else where it cannot be told. */
function diskOf(asked: Asked | undefined): Identity | "none" | "unknown" {
  if (asked?.code === 1) return "none";
  const [, clusterId, memberId] = asked?.code === 0
    ? /^([0-9a-f]+) ([0-9a-f]+)\n$/.exec(asked.out) ?? []
    : [];
  return clusterId === undefined || memberId === undefined ? "unknown" : { clusterId, memberId };
}

/** "yes" only from the member itself; "no" only when it did not answer a member that can be asked. */
export const readPeers = (asks: Asks, members: readonly RecordedMember[]): Readonly<Record<string, Tri>> =>
  Object.fromEntries(members.map((m): [string, Tri] => {
    const asked = asks[`peer.${m.id}`];
    if (asked === undefined) return [m.id, m.name === "" ? "no" : "unknown"];
    if (asked.code === 0) return [m.id, jsonOf(asked)?.by === m.id ? "yes" : "unknown"];
    return [
      m.id,
      asked.code === "timedOut" || /does not answer|no leader|no majority/.test(asked.err) ? "no" : "unknown",
    ];
  }));
