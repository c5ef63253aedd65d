/**
 * ZooKeeper's part of the node check, and the questions to healthy members about others (S4).
 *
 * No Java is started for it. The four-letter word `srvr`, which every server lets through unless told otherwise, says
 * how the server takes itself; all else is read in one short session of ZooKeeper's own protocol: opening a session is a
 * write, so that it is answered at all proves that a majority took part just now (S2, S5), and what is read in it is at
 * least as new. The first byte of the session's id is the id of the server that opened it. Both go through bash's
 * `/dev/tcp`: of the programs that can open a connection, bash is the one that every host with systemd has.
 *
 * @module
 */
import { type HostNode, quote, type RecordedMember } from "quorate";
import text from "./check.sh" with { type: "text" };
import { hostAndPort, type ZooKeeperOptions } from "./options.ts";

/** Functions of the check that steps call, too. */
export const checkShell: string = text;

/** Shell text of ZooKeeper's part of the check on a node. */
export function zookeeperCheck(o: ZooKeeperOptions, node: HostNode): string {
  const look = [
    node.address,
    o.clientPort,
    o.config,
    o.quorumPort,
    o.electionPort,
    o.classPath,
    o.membership,
    ...(o.auth === undefined ? [] : [o.auth]),
  ];
  return `zk_look ${look.map((word) => quote(String(word))).join(" ")}\n`;
}

/** Shell text that opens a session at each of these members from another one's node. */
export function zookeeperAskPeers(members: readonly RecordedMember[]): string {
  const asks = members.flatMap((m) =>
    m.clientUrls.slice(0, 1).flatMap((url) => {
      const at = hostAndPort(url);
      if (at === undefined) return [];
      return [`ask ${quote(`peer.${m.id}`)} 0 zk_read ${quote(at.host)} ${quote(at.port)} &`];
    })
  );
  return asks.length === 0 ? "" : `${asks.join("\n")}\nwait\n`;
}
