/** What follows from lists of servers alone: who can lead, which lists share a quorum, who can be spared for a restart. */

/** Whose votes are counted: by id, the node where that is. */
export type List = ReadonlyMap<string, string>;

/** What a server goes by, and what its file says. */
export interface Lists {
  readonly running: List;
  readonly written: List;
}

/** How a static ensemble is found. */
export interface Found {
  /** By node; of the others both are the record. */
  readonly lists: ReadonlyMap<string, Lists>;
  /** The voters that the latches name; of those that are not here, the record's. */
  readonly latched: ReadonlyMap<string, readonly string[]>;
  readonly aside: ReadonlyMap<string, readonly string[]>;
  /** The node that leads, if it can. */
  readonly leads?: string;
  /** `/quorate` has a list. */
  readonly noted: boolean;
}

/** One that runs. */
export interface Server {
  readonly id: string;
  readonly node: string;
  readonly list: List;
}

export interface Reign {
  readonly leader: Server;
  readonly group: readonly Server[];
}

export const majority = (list: List, ids: ReadonlySet<string>): boolean =>
  2 * [...list.keys()].filter((id) => ids.has(id)).length > list.size;
export const idsOf = (servers: Iterable<Server>): ReadonlySet<string> =>
  new Set([...servers].map((s) => s.id));
export const same = (a: List, b: List): boolean =>
  a.size === b.size && [...a].every(([id, node]) => b.get(id) === node);

/** Who follows this leader: its list has the leader at that address, and it finds a majority by its list among them. */
export function groupOf(leader: Server, servers: readonly Server[]): readonly Server[] {
  let group = servers.filter((s) => s.list.get(leader.id) === leader.node);
  for (let before = -1; before !== group.length;) {
    before = group.length;
    const ids = idsOf(group);
    group = group.filter((s) => majority(s.list, ids));
  }
  return group.some((s) => s.node === leader.node) ? group : [];
}

/** The servers once they go by this list, who leads last; undefined where the others miss one while it restarts. */
export function rolled(
  servers: readonly Server[],
  next: List,
  leads: string | undefined,
): readonly Server[] | undefined {
  const late = servers.filter((s) => next.get(s.id) === s.node && !same(s.list, next));
  let now = servers;
  for (const s of [...late].sort((a, b) => Number(a.node === leads) - Number(b.node === leads))) {
    const others = now.filter((o) => o !== s);
    const ids = idsOf(others);
    const lists = [next, ...others.filter((o) => next.has(o.id)).map((o) => o.list)];
    if (!lists.every((list) => majority(list, ids))) return undefined;
    now = [...others, { ...s, list: next }];
  }
  return now;
}

/** What is wrong with the lists that are in use, or undefined. */
export function unsafe(
  processes: readonly Server[],
  recorded: List,
  mayVote: (node: string | undefined) => boolean,
): string | undefined {
  for (const [at, a] of processes.entries()) {
    const twin = processes.slice(at + 1).find((b) => b.id === a.id);
    if (twin !== undefined) return `${a.node} and ${twin.node} both run as server ${a.id}`;
  }
  // Who is in nobody's list but its own is followed by nobody.
  const inUse = processes.filter((a) =>
    a.list.get(a.id) === a.node &&
    (recorded.get(a.id) === a.node || processes.some((b) => b !== a && b.list.get(a.id) === a.node))
  );
  for (const [at, a] of inUse.entries()) {
    for (const b of inUse.slice(at + 1)) {
      const able = [...new Set([...a.list.keys(), ...b.list.keys()])].filter((id) =>
        [a, b].some(({ list }) => mayVote(list.get(id)))
      );
      const both = Math.floor(a.list.size / 2) + 1 + Math.floor(b.list.size / 2) + 1;
      if (both <= able.length) {
        return `${a.node} counts ${[...a.list.keys()]}, ${b.node} counts ${[
          ...b.list.keys(),
        ]}: no quorum is shared`;
      }
    }
  }
  return undefined;
}
