/**
 * What keeps the list of a static ensemble from being changed (S22), and what a change of it would cost: each server that
 * gets another list is restarted, so the others have to hold the quorum without it (S6), by every list that anybody works
 * with; and any two lists have to share a quorum (`servers.ts` has the argument).
 *
 * @module
 */
import {
  type Change,
  type HostNode,
  type Member,
  memberOn,
  type Objection,
  type Observation,
  type Refusal,
  voters,
} from "quorate";
import { withConf, WORDS } from "./by_hand.ts";
import { derive } from "./derive.ts";
import { costs, type Ids, missed, plus, voterIds, without } from "./list_costs.ts";
import { peerAddress, type ZooKeeperOptions } from "./options.ts";
import {
  addressIn,
  canVacate,
  hasTheList,
  isCounted,
  isLate,
  RUNNING,
  runningLists,
  SERVERS,
  serving,
  unseen,
  vacated,
  WRITTEN,
} from "./servers.ts";

/** Why this change must not be made, or undefined. Asked of changes that concern members. */
export function staticForbids(
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
  change: Change,
  seen: Observation,
): Objection | undefined {
  if (seen.state !== "held") return undefined;
  switch (change.case) {
    case "retire":
      return stillCounted(o, change.node, seen);
    case "repairConfig":
      if (change.latchOnly) return halfway(seen);
      // Of fewer than three the engine's own rule has the better word.
      if (change.settings[SERVERS] === undefined) {
        return seen.quorum.voters < 3 ? undefined : missed(seen, change.member.id);
      }
      return costs(
        seen,
        [{ list: voterIds(seen), whom: lateIds(seen, change.member) }],
        serving(seen),
        vacated(seen, nodes, o),
      );
    case "add":
    case "remove":
    case "replace":
      // Who does not vote yet is in nobody's list but its own, unless it takes an id over.
      if (change.case === "remove" && change.member.role !== "voter") {
        return atLarge(change.member, seen) ?? missed(seen, change.member.id);
      }
      return fixed(seen) ?? unread(change, seen) ?? unfinished(o, nodes, change, seen) ??
        rolls(o, nodes, change, seen);
    default:
      return undefined;
  }
}

type Membership = Extract<Change, { readonly case: "add" | "remove" | "replace" }>;
const leaver = (change: Membership): Member | undefined => change.case === "add" ? undefined : change.member;

/** Those that are given the list before anything else (`finish`). */
const lateIds = (seen: Observation, also?: Member): Ids =>
  new Set(voters(seen).filter((m) => m.id === also?.id || isLate(seen, m)).map((m) => m.id));

/**
 * What it changes begins with the fence of who leaves: it can be reached and does not serve. Of whom it is not known whether
 * it serves is not replaced as dead, so it stays until the other has come.
 */
function fencedFirst(change: Membership, seen: Observation): boolean {
  if (change.case === "add" || (change.case === "replace" && !change.dead)) return false;
  const { health, node } = change.member;
  return health !== "healthy" && node !== undefined && seen.nodes[node]?.reached === true;
}

/** The lists that a change makes, one after the other. */
function rolls(
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
  change: Membership,
  seen: Observation,
): Refusal | undefined {
  const now = voterIds(seen);
  const serve = serving(seen);
  const joining = change.case === "remove" ? undefined : memberOn(seen, change.node.name);
  const id = joining?.id ?? derive("nextId", seen, o, nodes) ?? "the next";
  // What was not finished is finished first, unless a server takes over the place that it has left.
  const ghost = vacated(seen, nodes, o);
  const through = (up: Ids, ...lists: readonly Ids[]) => {
    const first = ghost === undefined ? [{ list: now, whom: lateIds(seen) }] : [];
    return costs(seen, [...first, ...lists.map((list) => ({ list }))], up, ghost);
  };
  // One that does not serve is fenced first, and then no list with it can do harm.
  const leaves = ({ id }: Member): Refusal | undefined =>
    fencedFirst(change, seen)
      ? costs(seen, [{ list: without(now, id) }], serve, id)
      : through(serve, without(now, id));
  switch (change.case) {
    case "add":
      return through(plus(serve, id), plus(now, id));
    case "remove":
      return leaves(change.member);
    case "replace": {
      const { member, dead, oldNode } = change;
      if (!dead) return through(plus(serve, id), plus(now, id), without(plus(now, id), member.id));
      // Its id is taken over by the one that comes: nobody's list becomes shorter on the way, and none is finished before.
      if (canVacate(seen, member, oldNode, nodes)) {
        return costs(seen, [{ list: now }], plus(serve, member.id), undefined);
      }
      // Else it goes first, and whatever list can be made shorter can be made longer again.
      const stop = leaves(member);
      const hosts = [oldNode?.name ?? `the host of server ${member.id}`, ...unseen(seen, nodes)];
      return stop && {
        ...stop,
        unblock: `let ${hosts.join(", ")} be reached, with the data of server ` +
          `${member.id}: once that is seen to be put away, its id can be taken over; or let it be a member until it ` +
          "is repaired, with its data or as wiped",
      };
    }
  }
}

/** A latch with these voters says that all of them have had the list (`hasTheList`). */
function halfway(seen: Observation): Refusal | undefined {
  const changed = Object.values(seen.nodes).some((f) => f.settings?.[SERVERS] !== undefined);
  const late = voters(seen).find((m) => hasTheList(seen, m) !== "yes");
  return late === undefined || !changed ? undefined : {
    rule: "S7",
    evidence:
      `whether ${
        late.node ?? `server ${late.id}`
      } works with the list of servers that is recorded is not seen, ` +
      "and until then nobody is latched with it",
    unblock: "the next run goes on once it is",
  };
}

/** Settings with which its list is no plain list of votes, or not its own. */
function fixed(seen: Observation): Refusal | undefined {
  for (const m of voters(seen)) {
    const there = m.node === undefined ? undefined : seen.nodes[m.node]?.settings;
    if (there === undefined) continue;
    if (there.reconfigEnabled === "true") {
      return {
        rule: "S22",
        evidence: `${m.node} runs with reconfigEnabled=true, and the options say that its ensemble is static`,
        unblock:
          "set membership: dynamic; or take reconfigEnabled out of zoo.cfg of every server, and restart them",
      };
    }
    const weighs = Object.keys(there).find((key) => /^(group|weight)\./.test(key));
    if (weighs !== undefined) {
      return {
        rule: "S22",
        evidence:
          `${m.node} counts votes by ${weighs}, and which lists share a quorum then is not worked out here`,
        unblock: "change the members of this ensemble by hand",
      };
    }
  }
  return undefined;
}

/** Every server that stays gets the new list, and it has to be known which one it works with. */
function unread(change: Membership, seen: Observation): Objection | undefined {
  const leaves = leaver(change);
  for (const m of voters(seen)) {
    // A member of a plan that does not exist yet has told nothing.
    if (!/^\d+$/.test(m.id)) continue;
    const facts = m.node === undefined ? undefined : seen.nodes[m.node];
    if (facts?.reached !== true) {
      if (m.id === leaves?.id) continue;
      return {
        rule: "S24",
        evidence: `${m.node ?? `server ${m.id}`} cannot be reached, and has to get the new list of servers`,
        unblock: `bring ${m.node ?? `server ${m.id}`} back, or put its host under nodes:`,
      };
    }
    if (m.health !== "healthy" || facts.settings?.[RUNNING] !== undefined) continue;
    // Others were asked about it a moment later, when it had come to serve.
    const { process, view } = facts;
    if (process === "yes" && view !== undefined && view.linearizable !== "yes" && view.local !== "unknown") {
      return {
        rule: "S24",
        evidence: `${m.node} did not serve yet when it was asked with which list of servers it works`,
        unblock: "wait for the next run, which asks again; `quorate status` says how it is",
        passes: true,
      };
    }
    // In a plan that looks ahead one that is started has a process, and tells nothing.
    if (process === "unknown") {
      return {
        rule: "S24",
        evidence:
          `with which list of servers ${m.node} works is not known: whether it runs cannot be told there`,
        unblock: "see why its processes cannot be listed there: `quorate status`",
      };
    }
    if (view !== undefined) {
      return {
        rule: "S22",
        evidence: `${m.node} does not tell with which list of servers it works`,
        unblock: `let the four-letter word conf through, beside those that are in use: ${WORDS}=${
          withConf(voters(seen).map((v) => seen.nodes[v.node ?? ""]?.settings?.[WORDS]))
        } in zoo.cfg of every server, or under options.settings`,
      };
    }
  }
  return undefined;
}

/** One change at a time: every server works with the list that is recorded, but for one whose id is to be taken over. */
function unfinished(
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
  change: Membership,
  seen: Observation,
): Refusal | undefined {
  const leaves = leaver(change);
  // Those that can be given it are, as the first steps of this change.
  const late = vacated(seen, nodes, o) !== undefined
    ? undefined
    : voters(seen).find((m) =>
      m.id !== leaves?.id && m.health !== "healthy" && hasTheList(seen, m) !== "yes" && !isLate(seen, m)
    );
  if (late !== undefined) {
    return {
      rule: "S7",
      evidence:
        `whether ${
          late.node ?? `server ${late.id}`
        } has the list of servers that is recorded is not known, and ` +
        "one change of it is made at a time",
      unblock: `bring ${late.node ?? `server ${late.id}`} back`,
    };
  }
  if (leaves !== undefined && !fencedFirst(change, seen) && hasTheList(seen, leaves) === "unknown") {
    return {
      rule: "S24",
      evidence:
        `whether ${
          leaves.node ?? `server ${leaves.id}`
        } has got the list of the change before is not known: ` +
        "with another one it could lead beside those that go by the next",
      unblock: `let ${leaves.node ?? `the host of server ${leaves.id}`} be reached`,
    };
  }
  // Without a list in /quorate the servers' own lists are the record: a file that was changed meanwhile is another.
  const edited = voters(seen).filter((m) => m.id !== leaves?.id).find((m) => {
    const there = m.node === undefined ? undefined : seen.nodes[m.node]?.settings;
    return there?.[SERVERS] === undefined && there?.[WRITTEN] !== undefined && there[RUNNING] !== undefined &&
      there[WRITTEN] !== there[RUNNING];
  });
  return edited === undefined ? undefined : {
    rule: "S2",
    evidence: `zoo.cfg on ${edited.node} has another list of servers than the one that it works with`,
    unblock:
      `restart ZooKeeper on ${edited.node}, or put its zoo.cfg right: all servers should have one list`,
  };
}

/**
 * It has taken over an id that servers count. The record has to name it until it is seen to be fenced: another server
 * would be given the id once that is free (`vacated`), and both would vote.
 */
function atLarge(m: Member, seen: Observation): Refusal | undefined {
  const reached = m.node !== undefined && seen.nodes[m.node]?.reached === true;
  const who = m.node ?? `the host of server ${m.id}`;
  return reached || !isCounted(seen, m.id) ? undefined : {
    rule: "S24",
    evidence:
      `${who} cannot be reached, and took over the id ${m.id}, which servers count: whether it runs is not known`,
    unblock:
      `bring ${who} back, so that it can be fenced; or let it be a member, and it joins once it is back`,
  };
}

/** A former server that others count: its vote is worth having until nobody does. */
function stillCounted(o: ZooKeeperOptions, node: HostNode, seen: Observation): Refusal | undefined {
  const { view } = seen.nodes[node.name] ?? {};
  const id = view?.linearizable === "yes" ? view.identity?.memberId : undefined;
  const counts = id === undefined
    ? undefined
    : runningLists(seen).find((list) => addressIn(list, id)?.split("|").includes(peerAddress(node, o)));
  return counts === undefined ? undefined : {
    rule: "S7",
    evidence: `${node.name} is no member any more, and there are servers that still count it (${counts})`,
    unblock: "the next run gives these the new list first",
  };
}
