/**
 * How a lost ensemble is looked at (S19): how far each server's data goes, read without Java, because a server that finds no
 * majority tells nothing; and whether something still listens on hosts that the management node cannot reach.
 *
 * @module
 */
import { type Asked, quote, type Survey, type Surveyed } from "quorate";
import type { ZooKeeperOptions } from "./options.ts";

export const zookeeperSurvey = (o: ZooKeeperOptions): Survey => {
  const ports = [o.clientPort, o.electionPort];
  return {
    ask: (_, silent) =>
      [
        'ask log 0 zk_log_end "$dir" &',
        ...silent.flatMap((n) =>
          ports.map((port) =>
            `ask ${quote(`host.${n.name}.${port}`)} 0 zk_answers ${quote(n.address)} ${port} &`
          )
        ),
        "wait",
      ].join("\n"),
    read: (asks, silent) => ({
      ...logOf(asks.log),
      // That nothing listens has to be proven.
      answering: silent.filter((n) => ports.some((port) => asks[`host.${n.name}.${port}`]?.code !== 1))
        .map((n) => n.name),
    }),
  };
};

/** A history is newer by its epoch, then by its last transaction: so does an election judge (FastLeaderElection). */
function logOf(asked: Asked | undefined): Pick<Surveyed, "log" | "why"> {
  if (asked?.code === 1) return { log: "none" };
  const [, epoch, zxid] = /^(\d+) (\d+)\n$/.exec(asked?.code === 0 ? asked.out : "") ?? [];
  if (epoch === undefined || zxid === undefined) {
    return {
      log: "unknown",
      why: asked?.err.trim().split("\n").at(-1) || "the end of its log cannot be read",
    };
  }
  const index = BigInt(zxid);
  return { log: { term: BigInt(epoch), index, called: `epoch ${epoch}, zxid 0x${index.toString(16)}` } };
}
