/**
 * S2 truth is linearizable. A member list is the truth only when the same endpoint served a linearizable read right
 * before: a majority then confirmed that it is not cut off. etcd before 3.5 answers member lists from local state, so
 * the read has to come first. Lists that differ mean that somebody changes the members right now.
 *
 * Source: etcd "Why learner" and PR 11639 (linearizable MemberList, 3.5); Ongaro's thesis, section 6.4.
 *
 * @module
 */
import type { ServiceView } from "../model/node.ts";
import type { Refusal } from "../model/refusal.ts";

/** A majority has just taken part in what this member was asked; a package's pristine default asks nobody. */
export const serves = (v: ServiceView | undefined): boolean =>
  v?.linearizable === "yes" && v.pristine !== "yes";

/** This view's member list may be taken for the truth. */
export const truthful = (v: ServiceView): boolean =>
  v.linearizable === "yes" && v.identity !== undefined && v.members !== undefined &&
  v.members.some((m) => m.id === v.identity?.memberId);

/** Views that all are linearizable and yet differ: look again before anything is done. */
export function listsDiffer(truths: readonly (readonly [string, ServiceView])[]): readonly Refusal[] {
  const key = (v: ServiceView) =>
    (v.members ?? []).map((m) => `${m.id} ${m.role} ${[...m.peerUrls].sort().join(",")}`).sort().join("\n");
  const [first, ...rest] = truths;
  const other = rest.find(([, v]) => first !== undefined && key(v) !== key(first[1]));
  if (first === undefined || other === undefined) return [];
  return [{
    rule: "S2",
    evidence: `${first[0]} and ${
      other[0]
    } give different member lists: the members are being changed right now`,
    unblock: "wait until whoever changes the members has finished; the next run looks again",
  }];
}
