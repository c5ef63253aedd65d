/**
 * How a lost etcd cluster is looked at (S19): how far each disk's log goes, read without etcd, because a member that was
 * started without a quorum answers nobody; and whether etcd still answers on hosts that the management node cannot reach.
 *
 * @module
 */
import { type Asked, type Asks, quote, type Survey, type Surveyed } from "quorate";
import { askingShell } from "./check.ts";
import { clientUrl, type EtcdOptions } from "./options.ts";

export const etcdSurvey = (o: EtcdOptions): Survey => ({
  ask: (_, silent) =>
    [
      askingShell(o),
      'ask log 0 etcd_log_end "$dir" &',
      ...silent.map((n) =>
        `ask ${quote(`host.${n.name}`)} 0 etcd_ctl ${quote(clientUrl(n, o))} 3 endpoint status -w json &`
      ),
      "wait",
    ].join("\n"),
  read: (asks, silent) => ({
    ...logOf(asks.log),
    answering: silent.filter((n) => answers(asks[`host.${n.name}`])).map((n) => n.name),
  }),
});

function logOf(asked: Asked | undefined): Pick<Surveyed, "log" | "why"> {
  if (asked?.code === 1) return { log: "none" };
  const [, term, index] = /^(\d+) (\d+) \S+ \d+ \d+\n$/.exec(asked?.code === 0 ? asked.out : "") ?? [];
  return term === undefined || index === undefined
    ? { log: "unknown", why: asked?.err.trim().split("\n").at(-1) || "the end of its log cannot be read" }
    : { log: { term: BigInt(term), index: BigInt(index) } };
}

/** Silence has to be proven: a certificate or a password that is refused is an answer. */
function answers(asked: Asks[string] | undefined): boolean {
  const silent = /deadline exceeded|connection refused|no route to host|i\/o timeout|reset by peer/;
  return asked === undefined || !(asked.code === "timedOut" || (asked.code !== 0 && silent.test(asked.err)));
}
