/**
 * Lists of servers as text: in the file beside zoo.cfg, in a reconfiguration, in `/zookeeper/config`.
 *
 * @module
 */
import type { RecordedMember } from "../../model/node.ts";
import type { List } from "./zab.ts";

/** Where the list of servers stands among a host's settings: in a file of its own, beside zoo.cfg. */
export const SERVERS = "zoo.cfg.dynamic";

/** `server.3=10.0.0.3:2888:3888:participant;0.0.0.0:2181`; an observer votes for nothing: a learner to everybody here. */
export function readServer(text: string): RecordedMember | undefined {
  const [, id = "", address = "", role, port] =
    /^server\.(\d+)=(.+?):(participant|observer);(?:.*:)?(\d+)$/.exec(text) ?? [];
  if (role === undefined) return undefined;
  return {
    id,
    name: `server.${id}`,
    role: role === "participant" ? "voter" : "learner",
    peerUrls: [address],
    clientUrls: [`${address.replace(/:\d+:\d+$/, "")}:${port}`],
  };
}

export const readList = (text: string): List => text.split(/\s+/).flatMap((line) => readServer(line) ?? []);

export const writeServer = (m: RecordedMember): string =>
  `server.${m.id}=${m.peerUrls[0]}:${m.role === "voter" ? "participant" : "observer"};0.0.0.0:${
    /\d+$/.exec(m.clientUrls[0] ?? "")?.[0] ?? ""
  }`;

export const writeList = (list: List, version: number): string =>
  [...list.map(writeServer), ...(version === 0 ? [] : [`version=${version.toString(16)}`])].join("\n");

/** 0 where a file names none. */
export const versionIn = (text: string): number =>
  parseInt(/^version=([0-9a-f]+)$/m.exec(text)?.[1] ?? "0", 16);

/** What an ensemble has written into `/quorate`: its name, the highest id that was given, and, if it is static, its servers. */
export interface Note {
  readonly name: string;
  readonly highest: string;
  readonly list: List | undefined;
  /** How often it was written. */
  readonly version: number;
}

/** As an entry of the history has it, with its version before it. */
export function readNote(note: string | undefined): Note | undefined {
  const [, version = "0", name, highest = "", list = ""] =
    /^(?:(\d+)\|)?(\S+) (\d+)((?: server\.\S+)*)$/.exec(note ?? "") ?? [];
  if (name === undefined) return undefined;
  return { name, highest, list: list === "" ? undefined : readList(list), version: Number(version) };
}

/** The voters of a list as a check compares them. */
export const voterText = (list: List): string =>
  list.filter((m) => m.role === "voter").sort((a, b) => Number(a.id) - Number(b.id))
    .map((m) => `${m.id}=${m.peerUrls[0]}`).join(" ");
