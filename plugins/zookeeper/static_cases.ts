/**
 * How a member of a static ensemble leaves, and gives way to another.
 *
 * @module
 */
import { type Changes, fence, given, type HostNode, type Member, setAside, waitSettled } from "quorate";
import { join, kept, latchAll, removeMember, type Scene, snapshot } from "./pieces.ts";
import { finish, roll, yieldFirst, yieldStray } from "./rolling.ts";
import { canVacate } from "./servers.ts";

/**
 * A list changes by one server at a time, and each change ends with all having it: so only half of a replacement is done
 * here, and the next turn finds what is left to do, an addition or a removal.
 *
 * Nobody can be spared for a shorter list while one of three is dead. But all of them count its id: once it is seen to be
 * fenced, the one that comes takes that over (`vacated`), and is counted from its first day.
 */
export function replaceStatic(f: Changes["replace"], s: Scene) {
  if (!f.dead) {
    return [
      ...finish(s),
      ...snapshot(s),
      ...join(f.node, s),
      ...roll(s),
      waitSettled("wait-all", [f.node], s.seen),
      ...latchAll(s, [f.node]),
    ];
  }
  const old = f.oldNode;
  if (old === undefined || !canVacate(s.seen, f.member, old, s.nodes)) return removeStatic(f.member, old, s);
  return [
    ...snapshot(s, f.member),
    fence(old, kept(s)),
    removeMember(f.member, s),
    setAside(old, f.member.id, kept(s)),
    ...join(f.node, s, f.member.id),
    ...roll(s, f.member),
    waitSettled("wait-all", [f.node], s.seen, f.member),
    ...latchAll(s, [f.node], f.member),
  ];
}

/**
 * A member goes out of the record and out of each list, and is only then stopped, because until then its vote counts. One
 * that does not serve is fenced before: whatever list it has, it can do nothing by it. So is one that does not vote yet:
 * it may have taken an id over that others count, and once nobody is recorded for that, another one gets it.
 */
export function removeStatic(m: Member, n: HostNode | undefined, s: Scene) {
  const at = n !== undefined && s.seen.nodes[n.name]?.reached ? n : undefined;
  const well = m.health === "healthy" && m.role === "voter";
  return [
    ...snapshot(s, m),
    ...given(!well && at, (host) => [fence(host, kept(s))]),
    // A change before that is not through need not be: the list of one that is fenced is nobody's any more (`shareQuorum`).
    ...(m.role !== "voter" ? [] : well || at === undefined ? finish(s) : yieldStray(s)),
    ...given(well && at, (host) => yieldFirst(host, m, s)),
    removeMember(m, s),
    ...(m.role === "voter" ? roll(s, m) : []),
    ...given(well && at, (host) => [fence(host, kept(s))]),
    ...given(at, (host) => [setAside(host, m.id, kept(s))]),
    waitSettled("wait-all", [], s.seen, m),
    ...latchAll(s, [], m),
  ];
}
