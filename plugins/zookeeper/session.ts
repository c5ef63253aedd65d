/**
 * The session of the node check, as the server answered it: ZooKeeper's own protocol (jute), each answer behind its
 * length. Ids and counters of 64 bits stay exact: they are hexadecimal text or bigints.
 *
 * @module
 */

/** What one znode held. */
export interface Znode {
  readonly text: string;
  /** The transaction that wrote it last, as hexadecimal digits. */
  readonly modified: string;
  /** How often its data was written: what `set -v` goes by. */
  readonly version: number;
}

export interface Session {
  /** The id of the server that opened it, in decimal, as `server.N` has it. */
  readonly server: string;
  /** The last transaction that this server had applied, as hexadecimal digits. */
  readonly zxid: string;
  /** `/quorate`: the ensemble's name and the highest id that was ever given. */
  readonly own: Znode | "none" | "unreadable";
  /** `/zookeeper/config`: the members. */
  readonly config: Znode | "none" | "unreadable";
}

const NO_NODE = 0xffffff9b; // -101

/** Reads hexadecimal digits; undefined unless a session was opened and both answers came. */
export function readSession(hex: string): Session | undefined {
  if (!/^([0-9a-f]{2})+$/.test(hex)) return undefined;
  const [hello, own, config] = packetsOf(hex);
  if (hello === undefined || own === undefined || config === undefined) return undefined;
  // Protocol, timeout in milliseconds, session id: a server that lets nobody in answers with zeros.
  const timeout = hello.slice(8, 16), id = hello.slice(16, 32);
  if (id.length < 16 || /^0*$/.test(timeout) || /^0*$/.test(id)) return undefined;
  return {
    server: String(parseInt(id.slice(0, 2), 16)),
    zxid: config.slice(8, 24),
    own: znodeOf(own, 1),
    config: znodeOf(config, 2),
  };
}

/** Payloads, as hexadecimal digits; what is not whole is not there. */
function packetsOf(hex: string): readonly string[] {
  const packets: string[] = [];
  for (let at = 0; at + 8 <= hex.length;) {
    const length = 2 * parseInt(hex.slice(at, at + 8), 16);
    if (at + 8 + length > hex.length) break;
    packets.push(hex.slice(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return packets;
}

/** Xid, zxid and error code; without an error the data behind its length, and the node's stat. */
function znodeOf(packet: string, xid: number): Znode | "none" | "unreadable" {
  if (packet.length < 32 || parseInt(packet.slice(0, 8), 16) !== xid) return "unreadable";
  const error = parseInt(packet.slice(24, 32), 16);
  if (error === NO_NODE) return "none";
  if (error !== 0) return "unreadable";
  const length = parseInt(packet.slice(32, 40), 16);
  // A node without data has the length -1.
  const end = 40 + (length === 0xffffffff ? 0 : 2 * length);
  const stat = packet.slice(end);
  // Two transactions and two times of 64 bits, then the version.
  if (stat.length < 72) return "unreadable";
  const bytes = Uint8Array.fromHex(packet.slice(40, end));
  return {
    text: new TextDecoder().decode(bytes),
    modified: stat.slice(16, 32),
    version: parseInt(stat.slice(64, 72), 16),
  };
}
