/**
 * What a change of a static ensemble's list costs (S6): each server that gets another list is restarted, and while it is, each
 * of the others has to find a majority by the list that it works with itself.
 *
 * @module
 */
import { type Observation, quorumOf, type Refusal, voters } from "quorate";
import { inShell } from "./by_hand.ts";
import {
  freeIds,
  idsIn,
  listText,
  RESTART,
  serving,
  shareQuorum,
  strayLeader,
  toldLists,
  WRITTEN,
} from "./servers.ts";

export type Ids = ReadonlySet<string>;
export const voterIds = (seen: Observation): Ids => new Set(voters(seen).map((m) => m.id));
export const plus = (ids: Ids, one: string): Ids => new Set([...ids, one]);
export const without = (ids: Ids, id: string): Ids => new Set([...ids].filter((one) => one !== id));
const told = (ids: Iterable<string>): string => [...ids].sort((a, b) => Number(a) - Number(b)).join(",");

/** A list that servers are restarted with: these, or all that it names. */
export interface Roll {
  readonly list: Ids;
  readonly whom?: Ids;
}

/** S6, for each of the restarts by which servers come to work with these lists, one after the other. */
export function costs(
  seen: Observation,
  rolls: readonly Roll[],
  serve: Ids,
  ghost: string | undefined,
): Refusal | undefined {
  // One that takes the place over votes like any other, where it is counted.
  const gone = seen.members.some((m) => m.id === ghost && m.role !== "voter") ? undefined : ghost;
  const order = (id: string): number =>
    seen.members.some((m) => m.id === id && m.leader) ? 2 : serve.has(id) ? 1 : 0;
  const worked = new Map([...toldLists(seen)].map(([id, list]): [string, Ids] => [id, new Set(idsIn(list))]));
  for (const m of voters(seen)) if (!worked.has(m.id)) worked.set(m.id, voterIds(seen));
  // One that leads and is no member gives way before anything else (`yieldStray`).
  const stray = seen.nodes[strayLeader(seen) ?? ""]?.view?.identity?.memberId;
  const stop = stray === undefined ? leadsUnseen(seen) : missed(seen, stray);
  if (stop !== undefined) return stop;
  let serves = serve;
  for (const { list: next, whom = next } of rolls) {
    for (const list of [...worked.values(), next]) {
      if (!shareQuorum(list, next, gone)) return apart(list, next);
    }
    // Who serves nothing comes first, and is waited for; who leads comes last (`roll`, `finish`).
    for (const id of [...whom].filter((one) => worked.has(one)).sort((a, b) => order(a) - order(b))) {
      // While it restarts each of the others has to find a majority by the list that it works with itself.
      const up = without(serves, id);
      const others = [...next].filter((one) => up.has(one)).map((one) => worked.get(one) ?? next);
      const short = serves.has(id) ? [next, ...others].find((list) => !isMajority(list, up)) : undefined;
      if (short !== undefined) return nobodySpared(short, serves, freeIds(seen));
      worked.set(id, next);
      serves = plus(serves, id);
    }
  }
  return undefined;
}

const inBoth = (list: Ids, up: Ids): number => [...list].filter((id) => up.has(id)).length;
const isMajority = (list: Ids, up: Ids): boolean => quorumOf(list.size, inBoth(list, up)).margin >= 0;

/** `NAME HIGHEST server.1=…` becomes `NAME HIGHEST`; an id that was given stays given. */
const forgetList = inShell(
  'set /quorate "NAME HIGHEST", as `get /quorate` begins, or HIGHEST being the highest id in the new list if that is higher',
);

const apart = (list: Ids, next: Ids): Refusal => ({
  rule: "S6",
  evidence: `servers that count the votes of ${told(list)} and servers that count those of ${
    told(next)
  } need not share a majority`,
  unblock:
    "write the same servers into zoo.cfg of all of them, restart them one by one, and take the list out of /quorate, so " +
    `that theirs counts: ${forgetList}`,
});

const nobodySpared = (list: Ids, serve: Ids, free: readonly string[]): Refusal => {
  const former = free.filter((id) => list.has(id));
  const { needed, healthy } = quorumOf(list.size, inBoth(list, serve));
  return {
    rule: "S6",
    evidence: `each server would have to be restarted with another list, and of ${
      told(list)
    }, of whom ${needed} are needed, ${healthy} serve: while one restarts nothing is served (no data is at risk by that)`,
    unblock: list.size < 3
      ? "lists of fewer than three servers are changed by hand, when clients can wait: write the new list into " +
        "zoo.cfg of all of them, restart them, and take the list out of /quorate if it has one, " +
        `${forgetList}; or let the ensemble keep its list itself (membership: dynamic)`
      : former.length > 0
      ? `server ${
        told(former)
      } is no member any more, and is still counted: let another node come, which can take an id ` +
        "over; or, when clients can wait, write the recorded servers into zoo.cfg of those that count it, and restart them"
      : "bring more servers back to health first; `quorate status` names who is out of order",
  };
};

/**
 * Who leads may be no member any more, on a host that cannot be seen: who has the list of the record would not follow it. It
 * could only be one whom somebody still counts.
 */
function leadsUnseen(seen: Observation): Refusal | undefined {
  if (freeIds(seen).length === 0 || seen.members.some((m) => m.leader)) return undefined;
  return {
    rule: "S24",
    evidence:
      "which server leads is not seen: one that is no member any more may, and no server could be restarted " +
      "with a list without it",
    unblock: "let the hosts of former members be reached, or stop ZooKeeper there; the next run goes on",
  };
}

/** S6: without this server, which others count, each of those that serve finds a majority by its own list. */
export function missed(seen: Observation, id: string): Refusal | undefined {
  const up = without(serving(seen), id);
  const lists = [...toldLists(seen)].filter(([one]) => up.has(one)).map(([, list]): Ids =>
    new Set(idsIn(list))
  );
  const short = lists.find((list) => list.has(id) && !isMajority(list, up));
  return short && {
    rule: "S6",
    evidence: `server ${id} would have to be stopped, and the servers that count the votes of ${
      told(short)
    } need ${quorumOf(short.size, 0).needed} of them: without it ${inBoth(short, up)} serve`,
    unblock: byHand(seen, id, short, up) ??
      "bring more servers back to health first; `quorate status` names who is out of order",
  };
}

/**
 * Those with the recorded list cannot follow a leader that is no member any more. They would another one, but that it is
 * this that ails them is nothing that could be proven from outside.
 */
function byHand(seen: Observation, stray: string, counted: Ids, up: Ids): string | undefined {
  const others = voters(seen).filter((m) => {
    const f = m.node === undefined ? undefined : seen.nodes[m.node];
    return m.health === "unhealthy" && f?.process === "yes" && counted.has(m.id) &&
      f.settings?.[WRITTEN] === listText(seen.members) && f.settings[RESTART] === undefined;
  });
  const former = seen.members.every((m) => m.id !== stray);
  if (!former || !isMajority(counted, new Set([...up, ...others.map((m) => m.id)]))) return undefined;
  const names = others.map((m) => m.node).join(", ");
  return `see in the log of ${names} that only a leader of the recorded list is missing there; then stop ZooKeeper on ` +
    `${
      strayLeader(seen)
    }, whose server ${stray} is no member any more, until another one leads; start it again if none does`;
}
