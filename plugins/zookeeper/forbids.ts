/**
 * What ZooKeeper's own settings do not allow (S22).
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
import { inShell } from "./by_hand.ts";
import { derive } from "./derive.ts";
import { staticForbids } from "./list_forbids.ts";
import { isStatic, type ZooKeeperOptions } from "./options.ts";
import { HIGHEST, LOCAL, sessionsAreLocal, SUPER, UNNAMED } from "./read.ts";

/** What zoo.cfg takes as it is. */
export const PLAIN = /^[A-Za-z0-9_./:=,@%+*-]*$/;

/** Why this change must not be made with the settings that are there, or undefined. */
export function zookeeperForbids(
  o: ZooKeeperOptions,
  nodes: readonly HostNode[],
  change: Change,
  seen: Observation,
): Objection | undefined {
  if (isStatic(o) && (change.case === "recover" || change.case === "restore")) {
    return {
      rule: "S22",
      evidence:
        "the list of a static ensemble stands in the files of its servers, and such a one is not begun again yet",
      unblock:
        "bring back enough servers with their data, and apply; or, by hand: keep copies, move the data of all but the " +
        "server that has most away, so that none of them can come back with it, and start that one with a list of its own",
    };
  }
  const odd = Object.entries(o.settings).find(([, value]) => !PLAIN.test(value));
  if (odd !== undefined && (change.case === "bootstrap" || change.case === "repairConfig" || joins(change))) {
    return {
      rule: "S22",
      evidence:
        `options.settings.${
          odd[0]
        } has a value with blanks, quotes or other characters that zoo.cfg would need ` +
        "written in a way of its own",
      unblock: "keep that key by hand, and take it out of the options",
    };
  }
  const local = Object.values(seen.nodes).find((f) => sessionsAreLocal(f.settings));
  if (local !== undefined && change.case !== "restart" && change.case !== "repairCrashed") {
    return {
      rule: "S22",
      evidence: `${local.node} has localSessionsEnabled: ${LOCAL.evidence}`,
      unblock: LOCAL.unblock,
    };
  }
  const early = beforeItsName(change, seen);
  if (early !== undefined) return early;
  if (change.case === "repairConfig" && change.peerUrl !== undefined) {
    const { id, peerUrls } = change.member;
    return {
      rule: "S22",
      evidence: `server ${id} runs on ${change.node.name}, and the list of servers has it at ${
        peerUrls.join(", ")
      }`,
      unblock:
        `if the others hold the quorum without it, ${
          inShell(`reconfig -remove ${id}`)
        }; then apply retires what ` +
        `${change.node.name} holds, and it joins under another id`,
    };
  }
  if (!joins(change) && change.case !== "remove") {
    return isStatic(o) ? staticForbids(o, nodes, change, seen) : undefined;
  }
  // Who is recorded already has an id.
  const comes = joins(change) && memberOn(seen, change.node.name) === undefined;
  if (comes && seen.state === "held" && derive("nextId", seen, o, nodes) === undefined) return noId(o, seen);
  if (isStatic(o)) return staticForbids(o, nodes, change, seen);
  const fixed = seen.members.find((m) => {
    const there = m.node === undefined ? undefined : seen.nodes[m.node]?.settings;
    // A server that a plan only expects has no id yet, and no zoo.cfg.
    return m.health === "healthy" && /^\d+$/.test(m.id) && there !== undefined &&
      there.reconfigEnabled !== "true";
  });
  return fixed === undefined ? nobodyMay(o, change, seen) : {
    rule: "S22",
    evidence:
      `${fixed.node} runs without reconfigEnabled=true, so the members of this ensemble cannot be changed while it runs`,
    unblock:
      "set membership: static, and its lists are changed in the files; or set reconfigEnabled=true and " +
      "standaloneEnabled=false in zoo.cfg of every server, and restart them one by one",
  };
}

/** A server that the change may be made through has not at hand who may reconfigure: it would be refused half-way. */
function nobodyMay(o: ZooKeeperOptions, change: Change, seen: Observation): Refusal | undefined {
  const leaves = change.case === "remove" ? change.member.id : undefined;
  const through = voters(seen).filter((m) => m.health === "healthy" && m.id !== leaves)
    .flatMap((m) => m.node ?? [])
    .filter((name) => seen.nodes[name]?.settings?.[SUPER] === "none");
  if (through.length === 0) return undefined;
  return {
    rule: "S22",
    evidence: `who may change the members is not said on ${through.join(", ")}: ${
      o.auth === undefined
        ? "options.auth is left out, and these servers have no super user that Quorate made"
        : `${o.auth}, which options.auth names, is not there or cannot be read`
    }`,
    unblock:
      "put `digest super:PASSWORD`, of the super user that the servers were started with (superDigest), into a " +
      `file of mode 600 on each host${o.auth === undefined ? ", and name it: options.auth" : `, ${o.auth}`}`,
  };
}

/**
 * An ensemble that others built gets its name once, for good. Who reads another list of members, or is down, may be of
 * another ensemble, and its own data lie somewhere: so a name is given only where each voter was heard on its own host to
 * serve the same list (S2 has compared them), and nothing else is done before.
 */
function beforeItsName(change: Change, seen: Observation): Refusal | undefined {
  if (!isUnnamed(seen)) return undefined;
  const serves = (m: Member): boolean =>
    m.health === "healthy" && m.node !== undefined && seen.nodes[m.node]?.view?.identity?.memberId === m.id;
  const away = seen.members.filter((m) => m.role !== "observer" && !serves(m));
  const latches = change.case === "repairConfig" && change.latchOnly;
  if (latches && away.length === 0) return undefined;
  return {
    rule: "S22",
    evidence: "the ensemble has no name yet, and gets one only while each of its servers is heard to serve" +
      (away.length === 0 ? "" : `, which ${away.map((m) => m.node ?? m.name).join(", ")} is not`),
    unblock: away.length === 0
      ? "let the members be those that it has, and apply; then change them"
      : "bring that one back, or take it out of the ensemble by hand; then apply",
  };
}

/** `/quorate` is not there, and never was; or a plan has not yet made it. */
export const isUnnamed = (seen: Observation): boolean =>
  Object.values(seen.nodes).some((f) => f.settings?.[UNNAMED] !== undefined);

const joins = (c: Change): c is Extract<Change, { readonly case: "add" | "replace" }> =>
  c.case === "add" || c.case === "replace";

/** One that joins needs an id that nobody ever had. */
function noId(o: ZooKeeperOptions, seen: Observation): Refusal {
  const written = Object.values(seen.nodes).some((f) => f.settings?.[HIGHEST] !== undefined);
  // In a static ensemble the list of servers follows.
  const more = isStatic(o) ? ", all that stands behind them as it is, HIGHEST being" : ", HIGHEST being";
  const set = (verb: string, rest = more) => inShell(`${verb} /quorate "${seen.clusterId} HIGHEST"${rest}`);
  return {
    rule: "S22",
    evidence: written
      ? "all 255 ids of servers were given, and one that joins needs an id that nobody ever had"
      : "which ids were given to servers is not written in /quorate, and one that joins needs an id that nobody ever had",
    unblock: written
      ? `see that no disk of a former server can come back anywhere, then ${set("set")} the highest id in use`
      : `${set("create", ", HIGHEST being")} the highest id that a server of this ensemble ever had`,
  };
}
