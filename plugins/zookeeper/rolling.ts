/**
 * How a list of servers comes into effect in a static ensemble: it is written into zoo.cfg of all of them, which changes
 * nothing yet, and then they are restarted, one at a time, the leader last. Whoever is started meanwhile for another
 * reason works with the new list, too, and that any of them may do so is why only one voter differs (`servers.ts`).
 * Each restart asks again, on the node and in the same shell, whether the others hold the quorum by both lists.
 *
 * @module
 */
import {
  configures,
  given,
  type HostNode,
  leader,
  type Member,
  member,
  memberId,
  node,
  not,
  restarts,
  run,
  sh,
  startOwn,
  starts,
  step,
  voters,
  waitSettled,
} from "quorate";
import { isStatic } from "./options.ts";
import { kept, listFor, type Scene, startCommand, through } from "./pieces.ts";
import { keysOf, settingWords } from "./settings.ts";
import { isLate, strayLeader, vacated } from "./servers.ts";

/**
 * The servers that stay are given the list that is recorded by then; who has just joined has it. Once a change, because
 * who leads is known only at its beginning.
 */
export function roll(s: Scene, leaving?: Member) {
  if (!isStatic(s.options)) return [];
  const stays = voters(s.seen).filter((m) => m.id !== leaving?.id)
    .sort(inOrder);
  const nodes = stays.flatMap((m) => s.nodes.find((n) => n.name === m.node) ?? []);
  return [
    ...nodes.map((n) => relist(`list:${n.name}`, n, s)),
    ...nodes.flatMap((n) => [
      reload(`reload:${n.name}`, n, s),
      waitSettled(`wait-reloaded:${n.name}`, [n], s.seen, leaving),
    ]),
  ];
}

/**
 * A change of the list that did not come to all of them is finished before another begins; also with those that are to go,
 * because a leader with an older list yet could lead beside those that go by the next one (`hasTheList`). There is nothing
 * to finish where the list has a place for one that takes it over. `also`: whose zoo.cfg differs in this, at least.
 */
export function finish(s: Scene, also?: HostNode) {
  if (!isStatic(s.options) || also === undefined && vacated(s.seen, s.nodes, s.options) !== undefined) {
    return [];
  }
  const late = voters(s.seen).filter((m) =>
    m.node !== undefined && (m.node === also?.name || isLate(s.seen, m))
  ).sort(inOrder);
  const nodes = late.flatMap((m) => s.nodes.find((n) => n.name === m.node) ?? []);
  return [
    ...(late.length === 0 ? [] : yieldStray(s)),
    ...nodes.flatMap((n) => [
      relist(`finish:${n.name}`, n, s),
      reload(`finish-reload:${n.name}`, n, s),
      waitSettled(`wait-finished:${n.name}`, [n], s.seen),
    ]),
  ];
}

/**
 * Who serves nothing first, who leads last. Where the leader has given way another leads by then, of those that have all
 * writes the one with the highest id; if it was another one after all, its restart is refused on its node.
 */
const inOrder = (a: Member, b: Member): number => order(a) - order(b) || Number(a.id) - Number(b.id);
const order = (m: Member): number => m.leader ? 2 : m.health === "healthy" ? 1 : 0;

/** Another restart, or an election, is not over yet. */
const notSpared = { forMs: 30_000, everyMs: 500, when: "not yet spared" };

/** Writes the list, and what else differs; a restart is due from then on, also after a crash in between. */
export const relist = <const Id extends string>(
  id: Id,
  n: HostNode,
  s: Scene,
  settings: Readonly<Record<string, string>> = {},
) =>
  step(
    id,
    run(
      sh`zk_set ${s.service} ${s.options.config} ${
        settingWords(settings)
      } && zk_servers ${s.options.config} ${listFor(n)}`,
    ),
    {
      title: `write the list of servers${
        Object.keys(keysOf(settings)).map((key) => `, ${key}`).join("")
      } into zoo.cfg on ${n.name}`,
      on: node(n),
      effect: configures(n, "unchanged"),
      idempotent: true,
    },
  );

/** Restarts a server with what its zoo.cfg says, if the others can spare it. */
export const reload = <const Id extends string>(id: Id, n: HostNode, s: Scene) =>
  step(
    id,
    run(through(s, sh`zk_reload ${s.service} ${s.options.unit} ${memberId({ node: n.name })} ${listFor(n)}`)),
    {
      title: `restart ZooKeeper on ${n.name}, once the others can spare it`,
      on: node(n),
      effect: restarts(n, { elects: true }),
      retry: notSpared,
      timeoutMs: 120_000,
      idempotent: true,
    },
  );

/**
 * Nobody with a list that lacks the leader can follow it, and the roll would take the quorum away server by server. So a
 * leader that is to go is stopped first, while all still have it in their lists, until the others have elected another.
 */
export const yieldFirst = (n: HostNode | undefined, m: Member, s: Scene) =>
  given(n, (at) => [
    step(`yield:${at.name}`, run(through(s, sh`zk_yield ${s.options.unit}`)), {
      title: `stop ZooKeeper on ${at.name}, which leads and is to go, until another leads`,
      on: node(at),
      effect: restarts(at, { elects: true }),
      onlyIf: leader(member(m.id)),
      verify: not(leader(member(m.id))),
      retry: notSpared,
      timeoutMs: 150_000,
    }),
    waitSettled(`wait-yield:${at.name}`, [], s.seen),
  ]);

/** The same where the record does not name the leader any more: a run was broken off, or an election came in between. */
export const yieldStray = (s: Scene) => {
  const stray = strayLeader(s.seen);
  return given(s.nodes.find((n) => n.name === stray), (at) => [
    step(`yield:${at.name}`, run(through(s, sh`zk_yield ${s.options.unit}`)), {
      title: `stop ZooKeeper on ${at.name}, which leads and is no member any more, until another leads`,
      on: node(at),
      effect: restarts(at, { elects: true }),
      retry: notSpared,
      timeoutMs: 150_000,
      idempotent: true,
    }),
    waitSettled(`wait-yield:${at.name}`, [], s.seen),
  ]);
};

/** One that runs finds no leader by the list that it was started with, and may find one by that in its zoo.cfg. */
export const startAgain = (n: HostNode, s: Scene) =>
  s.seen.nodes[n.name]?.process === "yes" ? startAnew(n, s) : startOwn(n, s.seen, kept(s), startCommand(s));

const startAnew = (n: HostNode, s: Scene) =>
  step(`start:${n.name}`, run(through(s, sh`zk_anew ${s.service} ${s.options.unit}`)), {
    title: `start ZooKeeper on ${n.name} anew, with the list of servers that its zoo.cfg has now`,
    on: node(n),
    effect: starts(n, "itself"),
    timeoutMs: 90_000,
    idempotent: true,
  });
