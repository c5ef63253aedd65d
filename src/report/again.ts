/**
 * What a person reads before a service begins again: with what, who is fenced, and what it costs.
 *
 * @module
 */
import type { Begins } from "../engine/again.ts";
import type { Survivor } from "../rules/s19_recover.ts";
import type { SnapshotSight } from "../playbook/snapshot.ts";
import { hang, type Line } from "./lines.ts";

const logText = ({ log }: Survivor): string => log.called ?? `term ${log.term}, index ${log.index}`;
const revisionText = (snapshot: SnapshotSight | undefined): string | undefined =>
  snapshot?.called ?? (snapshot?.revision === undefined ? undefined : `revision ${snapshot.revision}`);
const names = (list: readonly { readonly name: string }[]): string => list.map((n) => n.name).join(", ");

/** The statement, a line each. */
export function statement(begins: Begins, snapshot?: SnapshotSight): readonly Line[] {
  return [
    ...hang("  begins with  ", beginning(begins, snapshot), "bold"),
    ...hang("  may be lost  ", lost(begins, snapshot), "yellow"),
    ...(begins.former.length === 0 ? [] : hang(
      "  given up     ",
      `cluster ${begins.former.join(", ")}: its ids never serve again; its data is set aside, not deleted`,
    )),
    ...(begins.others.length === 0
      ? []
      : hang("  fenced       ", `${names(begins.others)}; they come back with fresh disks`)),
    ...(begins.gone.length === 0 ? [] : hang(
      "  gone         ",
      `${
        begins.gone.join(", ")
      }, as you say. Nobody can fence what cannot be reached: if enough of them come back ` +
        "with their disks, they serve the old cluster until the next run of apply fences them. Keep them off",
      "yellow",
    )),
  ];
}

function beginning(begins: Begins, snapshot: SnapshotSight | undefined): string {
  const { node } = begins;
  if (begins.kind === "decided") {
    return `what is ready on ${node.name}: this was decided on before, and goes on`;
  }
  if (begins.kind === "snapshot") {
    const at = revisionText(snapshot);
    return `the snapshot${at === undefined ? "" : `, ${at}`}, on ${node.name}`;
  }
  const [own, ...others] = [
    ...begins.survivors.filter((s) => s.node === node),
    ...begins.survivors.filter((s) => s.node !== node),
  ];
  const rest = others.map((s) => `${s.node.name} to ${logText(s)}`).join("; ");
  return `the disk of ${node.name}, whose log goes to ${own === undefined ? "" : logText(own)}` +
    (rest === "" ? "; no other disk could be read" : `; of the others ${rest}`);
}

function lost(begins: Begins, snapshot: SnapshotSight | undefined): string {
  if (begins.kind === "decided") return "as you were told then; nothing more";
  if (begins.kind === "snapshot") {
    return `every write since ${revisionText(snapshot) ?? "it was taken"}` +
      (begins.survivors.length === 0
        ? ""
        : `; ${
          begins.survivors.map((s) => s.node.name).join(", ")
        } may hold some of them: quorate recover keeps those`);
  }
  const own = begins.survivors.find((s) => s.node === begins.node);
  const unread = begins.voters.filter((v) => !begins.survivors.some((s) => s.node.name === v));
  const ahead = begins.survivors.filter((s) =>
    own !== undefined &&
    (s.log.term > own.log.term || (s.log.term === own.log.term && s.log.index > own.log.index))
  );
  return `writes that were acknowledged and that ${begins.node.name} never received` +
    (own === undefined ? "" : `, all after ${own.log.called ?? `index ${own.log.index}`}`) +
    (unread.length === 0 ? "" : `: what only ${unread.join(", ")} held`) +
    (ahead.length === 0
      ? ""
      : `. ${ahead.map((s) => s.node.name).join(", ")} HOLDS MORE, and you chose against it`) +
    ". Every write in its log is kept, also those that it was not told to be committed; of these some may never have been " +
    "acknowledged";
}
