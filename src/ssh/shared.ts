/**
 * One fleet for several configs. Each calls its nodes as it likes, and what is the same host with the same login is
 * reached over one connection, whatever the files call it.
 *
 * @module
 */
import type { Fleet, Session } from "../model/fleet.ts";
import { sshFleet, type SshFleetOptions } from "./fleet.ts";
import type { SshTarget } from "./settings.ts";

/** Makes a fleet for each of several lists of nodes; `close` of any of them closes all. */
export function sharedFleets(
  lists: readonly (readonly SshTarget[])[],
  options: SshFleetOptions = {},
): readonly Fleet[] {
  const { targets, names } = sharing(lists);
  const fleet = sshFleet(targets, options);
  return names.map((own) => [...own].every(([node, name]) => node === name) ? fleet : renamed(fleet, own));
}

/** One target a host and login, and for each list what its nodes are called among these. */
export function sharing(lists: readonly (readonly SshTarget[])[]): {
  readonly targets: readonly SshTarget[];
  readonly names: readonly ReadonlyMap<string, string>[];
} {
  const nameOf = new Map<string, string>();
  const targets = new Map<string, SshTarget>();
  for (const target of lists.flat()) {
    const key = keyOf(target);
    if (nameOf.has(key)) continue;
    let name = target.name;
    // Another host that another file calls the same.
    for (let n = 2; targets.has(name); n++) name = `${target.name}#${n}`;
    nameOf.set(key, name);
    targets.set(name, { ...target, name });
  }
  const nameIn = (target: SshTarget): string => nameOf.get(keyOf(target)) ?? target.name;
  return {
    targets: [...targets.values()],
    names: lists.map((list) => new Map(list.map((target) => [target.name, nameIn(target)]))),
  };
}

const keyOf = ({ host, ssh }: SshTarget): string => JSON.stringify([host, ssh]);

function renamed(fleet: Fleet, names: ReadonlyMap<string, string>): Fleet {
  const of = (node: string): string => names.get(node) ?? node;
  return {
    run: (node, ...rest) => fleet.run(of(node), ...rest),
    async lock(node, path) {
      const reply = await fleet.lock(of(node), path);
      return reply.kind === "held" ? { kind: "held", session: sessionOf(reply.session, node) } : reply;
    },
    fetch: (node, ...rest) => fleet.fetch(of(node), ...rest),
    close: () => fleet.close(),
  };
}

/** A session that calls its node as the config does. */
const sessionOf = (session: Session, node: string): Session => ({
  node,
  found: session.found,
  get held() {
    return session.held;
  },
  run: (...asked) => session.run(...asked),
  alive: (withinMs) => session.alive(withinMs),
  close: () => session.close(),
});
