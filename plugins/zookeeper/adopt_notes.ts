/**
 * What a person should know who takes over an ensemble: the limits of the config that keeps it.
 *
 * @module
 */
import type { Remark, Wishes } from "quorate";
import { withConf, WORDS } from "./by_hand.ts";
import { SAMPLE } from "./drift.ts";
import { type Found, keepsItsList } from "./found.ts";
import { FORCE_SNAPSHOTS } from "./settings.ts";

interface Host {
  readonly name: string;
  readonly zk: Found | undefined;
}

/** Limits of a config that keeps these servers, and what can be done about each. */
export function notesOf(hosts: readonly Host[], name: string | undefined, wishes: Wishes): readonly Remark[] {
  const notes: Remark[] = [];
  const note = (what: string, now: string) => notes.push({ kind: "note", what, now });
  const running = hosts.flatMap(({ name, zk }) => zk === undefined ? [] : [{ name, zk }]);
  const those = (is: (zk: Found) => boolean) => running.filter((h) => is(h.zk)).map((h) => h.name).join(", ");
  if (name !== undefined) {
    note(
      "the ensemble has no name yet, and ZooKeeper has none of its own: the first apply creates the znode /quorate with " +
        `what stands under ensemble, that name and ${
          name.split(" ")[1]
        }, the highest id that any of its servers is ` +
        "known to have had; no id up to that is given again",
      "if a server of a higher id was ever part of it, write that id there before the first apply",
    );
  }
  const static_ = those((zk) => !keepsItsList(zk));
  if (static_ !== "") {
    note(
      `the list of servers stands in the files of ${static_} (reconfigEnabled is not true): to change it, Quorate writes ` +
        "it there and restarts one server after the other",
      "nothing; where servers change without restarts, set reconfigEnabled=true on all before, and take it over then",
    );
    const silent = those((zk) => !/(^|,)\s*(\*|conf)\s*(,|$)/.test(zk.words ?? ""));
    if (silent !== "") {
      note(
        `the list that is in effect on ${silent} cannot be asked for, and members are not changed before it can`,
        `let the four-letter word conf through, beside those that are in use: settings: { ${WORDS}: "${
          withConf(running.map((h) => h.zk.words))
        }" } here, which an apply brings to one server after the other`,
      );
    }
    if (wishes.auth === undefined && name !== undefined) {
      note(
        "who may write /quorate is said when it is created, and without auth it is every client (world:anyone:rw); once " +
          "members were changed it holds the list of servers that goes into every zoo.cfg",
        "before the first apply, put `digest NAME:PASSWORD`, any that you like, into a file on each host, also on those that " +
          "join, which only root may read, and name it as auth (--option auth=/PATH); no server needs to know it",
      );
    }
  }
  if (wishes.auth === undefined && static_ === "") {
    const how = running.every((h) => h.zk.superUser === "anybody")
      ? "everybody may (skipACL)"
      : running.some((h) => h.zk.superUser === "digest")
      ? "a super user may, whose password no host tells"
      : "nobody may, for no server has a super user (superDigest)";
    const first = how.startsWith("nobody")
      ? "give each server one in its unit, and restart them one by one; then "
      : "";
    note(
      `members can be added and removed only once Quorate knows who may change them: ${how}`,
      first +
        "put `digest super:PASSWORD` into a file on each host, also on those that join, which only root may read, and name " +
        "it as auth (--option auth=/PATH); to latch, none is needed",
    );
  }
  const voting = those((zk) => zk.settings["db.autocreate"] !== "false");
  if (voting !== "") {
    note(
      `without db.autocreate=false on ${voting}, a server that lost its disk could vote before it is brought up to date, if ` +
        "somebody else than Quorate starts it",
      "nothing; to be safe from that, too, set it in zoo.cfg before the next restart",
    );
  }
  const whole = those((zk) => keepsItsList(zk) && !zk.flags.includes(FORCE_SNAPSHOTS));
  if (whole !== "") {
    note(
      `${FORCE_SNAPSHOTS} is not among the flags of Java on ${whole}: a leader that once was an observer, as every server ` +
        "is that Quorate joins, may send a joining or wiped server the latest changes only, without the data before them (3.8.0)",
      "give Java that flag in the unit of each server (JVMFLAGS of zkServer.sh, or JDK_JAVA_OPTIONS), and restart them one by " +
        "one before members are changed",
    );
  }
  if (those((zk) => zk.settings.tickTime === undefined) !== "") {
    note(
      `tickTime is not set, so ZooKeeper takes 3000 for it; nodes that join would get ${SAMPLE.tickTime}`,
      "set it in zoo.cfg of all servers, and under settings",
    );
  }
  const observers = new Set(
    running.flatMap((h) =>
      h.zk.list.flatMap((line) => /^(server\.\d+)=.*:observer(;|$)/.exec(line)?.[1] ?? [])
    ),
  );
  if (observers.size > 0) {
    note(
      `observers are not kept, and stay as they are: ${[...observers].join(", ")}`,
      "nothing; only do not put their hosts under nodes: an observer there is one that is to vote",
    );
  }
  return notes;
}
