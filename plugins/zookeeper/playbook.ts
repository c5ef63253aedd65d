/**
 * ZooKeeper's playbook: for each case a pure function from facts to steps.
 *
 * @module
 */
import {
  again,
  anyVoter,
  type Case,
  configures,
  dataEmpty,
  type Facts,
  fence,
  given,
  holdsItsData,
  type HostNode,
  markedStarted,
  must,
  node,
  nothing,
  playbook,
  prune,
  putAway,
  quorumHeld,
  refuse,
  restarts,
  run,
  running,
  setAside,
  sh,
  startExisting,
  startNew,
  startOwn,
  step,
  takeIntentAway,
  wait,
  waitSettled,
  writeIntent,
} from "quorate";
import { readyFromDisk, readyFromSnapshot } from "./again.ts";
import { isStatic, serverSpec, type ZooKeeperOptions } from "./options.ts";
import {
  configureRecorded,
  configuring,
  join,
  kept,
  latchAll,
  latchOn,
  nameIt,
  nameStatic,
  removeMember,
  type Scene,
  snapshot,
  stage,
  startCommand,
  through,
  unit,
} from "./pieces.ts";
import { finish, relist, reload, roll, startAgain } from "./rolling.ts";
import { SERVERS } from "./servers.ts";
import { keysOf, settingWords } from "./settings.ts";
import { removeStatic, replaceStatic } from "./static_cases.ts";

/** The options of one service, and the hosts that they are for. */
export interface Bound {
  readonly zookeeper: ZooKeeperOptions;
  readonly nodes: readonly HostNode[];
}

const scene = <K extends Case>(f: Facts<K, Bound>): Scene => ({
  service: f.service,
  seen: f.seen,
  nodes: f.options.nodes,
  options: f.options.zookeeper,
  backup: f.backup,
  joinTimeoutMs: f.joinTimeoutMs,
});

export const zookeeperPlaybook = playbook<Bound>()({
  bootstrap: (f) => {
    const s = scene(f);
    const o = s.options;
    // Ids follow from the names, so that they stay the same however often the bootstrap is resumed, in whatever order the
    // config then has the members. The one-time token becomes the ensemble's name.
    const members = [...f.desired].sort((a, b) => (a.name < b.name ? -1 : 1));
    const idOf = (n: HostNode) => members.indexOf(n) + 1;
    const servers = members.map((n) => `server.${idOf(n)}=${serverSpec(n, "participant", o)}`).join(" ");
    const name = isStatic(o) ? nameStatic(f.token, s) : sh`zk_name ${f.token} ${members.length}`;
    const fresh = f.nodes.filter((n) => f.seen.nodes[n.name]?.started === "none");
    return [
      ...stage(fresh, s),
      ...fresh.map((n) => writeIntent(n, f.desired, f.token, kept(s))),
      ...fresh.map((n) =>
        step(
          `configure-new:${n.name}`,
          // A unit that is enabled would start as `new` with the next boot, before it is marked as started.
          run(sh`quorate_disable ${o.unit} && ${configuring(s, idOf(n), f.token, servers)}`),
          {
            title: `configure ${n.name}`,
            on: node(n),
            effect: configures(n, "new"),
            unless: markedStarted(n),
          },
        )
      ),
      ...fresh.map((n) => startNew(n, kept(s), sh`zk_start_new ${s.service} ${o.unit} ${o.dataDir}`)),
      ...f.nodes.filter((n) => !fresh.includes(n)).map((n) => startOwn(n, f.seen, kept(s), startCommand(s))),
      step("wait-all", wait({ ask: "settled", well: f.nodes.map((n) => ({ node: n.name })), before: [] }), {
        title: "wait until all are healthy",
        timeoutMs: 120_000,
      }),
      step("name-ensemble", run(through(s, name)), {
        title: "write the ensemble's name into the ensemble",
        on: anyVoter(),
        effect: nothing,
        idempotent: true,
        retry: { forMs: 20_000, everyMs: 500 },
      }),
      // Only now may it start by itself: a disk that is lost before a reboot must not be started as `new` again.
      ...f.nodes.map((n) =>
        step(`existing:${n.name}`, run(sh`quorate_enable ${o.unit}`), {
          title: `let ZooKeeper start at boot on ${n.name}`,
          on: node(n),
          effect: configures(n, "formed"),
          idempotent: true,
        })
      ),
      ...f.nodes.map((n) => latchOn(n, s)),
      ...f.nodes.map((n) => takeIntentAway(n, kept(s))),
    ];
  },

  restart: (f) => [
    ...f.nodes.map((n) => startAgain(n, scene(f))),
    step("wait-quorum", wait(quorumHeld), { title: "wait until they elect a leader", timeoutMs: 60_000 }),
  ],

  add: (f) => {
    const s = scene(f);
    return [
      ...finish(s),
      ...snapshot(s),
      ...join(f.node, s),
      ...roll(s),
      waitSettled("wait-all", [f.node], f.seen),
      ...latchAll(s, [f.node]),
    ];
  },

  remove: (f) => {
    const s = scene(f);
    if (isStatic(s.options)) return removeStatic(f.member, f.node, s);
    return [
      ...snapshot(s, f.member),
      removeMember(f.member, s),
      ...putAway(f.node, f.member, f.seen, kept(s)),
      waitSettled("wait-all", [], f.seen),
      ...latchAll(s, [], f.member),
    ];
  },

  replace: (f) => {
    const s = scene(f);
    if (isStatic(s.options)) return replaceStatic(f, s);
    const leaves = [removeMember(f.member, s), ...putAway(f.oldNode, f.member, f.seen, kept(s))];
    const come = join(f.node, s);
    return [
      ...snapshot(s, f.member),
      // A dead member only costs margin, so it goes first; a healthy one is worth its vote until the new one has joined.
      ...(f.dead ? [...leaves, ...come] : [...come, waitSettled("wait-joined", [f.node], f.seen), ...leaves]),
      waitSettled("wait-all", [f.node], f.seen, f.member),
      ...latchAll(s, [f.node], f.member),
    ];
  },

  retire: (f) => {
    const s = scene(f);
    return [fence(f.node, kept(s)), setAside(f.node, f.staleId ?? "none", kept(s))];
  },

  repairCrashed: (f) => [
    startOwn(f.node, f.seen, kept(scene(f)), startCommand(scene(f))),
    waitSettled("wait-all", [f.node], f.seen),
  ],

  /**
   * A wiped server starts empty under its own id, and the others bring it up to date. That is safe once a majority of the
   * ensemble has served without it since: then everything that was ever acknowledged is on a majority that does not need
   * this server's copy, and it takes part in no later one before it is in sync. Started earlier, it could elect itself
   * together with one that is behind, and what only it and a third one had is lost. So the quorum is looked at after its
   * disk was seen empty and no process of it was left; and `db.autocreate=false` holds the server itself to the same.
   */
  repairWiped: (f) => {
    const s = scene(f);
    return [
      step(
        "must-be-empty",
        must(dataEmpty(f.node), `${f.node.name} holds data again`, "nothing to do: the next run looks again"),
      ),
      ...stage([f.node], s),
      step(`configure:${f.node.name}`, run(configureRecorded(f.node, s)), {
        title: `give ${f.node.name} its id back, and the live list of servers`,
        on: node(f.node),
        effect: configures(f.node, "unchanged"),
        unless: running(f.node),
      }),
      step(
        "must-be-served",
        must(
          quorumHeld,
          `the others hold no quorum without ${f.node.name}`,
          "bring the others back first; the next run goes on",
        ),
      ),
      startExisting(f.node, kept(s)),
      waitSettled("wait-all", [f.node], f.seen, f.member),
      ...latchAll(s, [f.node], f.member),
    ];
  },

  repairConfig: (f) => {
    const s = scene(f);
    const o = s.options;
    const latches = given(holdsItsData(f.seen, f.member) && f.node, (n) => [latchOn(n, s)]);
    if (f.latchOnly) return [...nameIt(f.node, s), ...latches];
    if (isStatic(o)) {
      // Others that lack the list get it too, whether they are to stay or not: who leads last has to be one for all.
      const change = f.settings[SERVERS] === undefined
        ? [
          relist(`configure:${f.node.name}`, f.node, s, f.settings),
          reload(`restart:${f.node.name}`, f.node, s),
        ]
        : finish(s, f.node);
      return [...change, waitSettled("wait-all", [f.node], f.seen), ...latches];
    }
    return [
      step(`configure:${f.node.name}`, run(sh`zk_set ${s.service} ${o.config} ${settingWords(f.settings)}`), {
        title: `set ${Object.keys(keysOf(f.settings)).join(", ") || "nothing"} on ${f.node.name}`,
        on: node(f.node),
        effect: configures(f.node, "unchanged"),
        idempotent: true,
      }),
      step(`restart:${f.node.name}`, run(sh`zk_restart ${s.service} ${o.unit}`), {
        title: `restart ZooKeeper on ${f.node.name}`,
        on: node(f.node),
        effect: restarts(f.node, { elects: true }),
        timeoutMs: 90_000,
        idempotent: true,
      }),
      waitSettled("wait-all", [f.node], f.seen),
      ...latches,
    ];
  },

  prune: (f) => [prune(f.node, f.paths, kept(scene(f)))],

  recover: (f) => {
    const s = scene(f);
    return again(f, f.seen, kept(s), {
      whose: f.memberId,
      unit: unit(f.node, s),
      steps: [readyFromDisk(f.node, f.token, s)],
      start: startCommand(s),
    });
  },
  restore: (f) => {
    const s = scene(f);
    return again(f, f.seen, kept(s), {
      whose: f.memberId ?? "none",
      unit: unit(f.node, s),
      steps: readyFromSnapshot(f.node, f.token, f.snapshot, s),
      start: startCommand(s),
    });
  },

  quorumLost: (f) => [step("refuse", refuse(f.refusal.rule, f.refusal.evidence, f.refusal.unblock))],
});
