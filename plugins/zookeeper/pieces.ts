/**
 * The pieces that several cases of the ZooKeeper playbook share: functions that return steps.
 *
 * @module
 */
import {
  all,
  any,
  anyVoter,
  type Arg,
  backupSource,
  caughtUp,
  type Command,
  configures,
  derived,
  effect,
  fetch,
  formerClusters,
  given,
  healthy,
  type HostNode,
  type Kept,
  latch,
  type Late,
  learner,
  type Member,
  member,
  memberId,
  memberOn,
  node,
  not,
  nothing,
  type Observation,
  recorded,
  removes,
  run,
  running,
  sh,
  stageNode,
  startExisting,
  step,
  toLatch,
  voter,
  wait,
} from "quorate";
import { isUnnamed } from "./forbids.ts";
import { isStatic, serverSpec, type ZooKeeperOptions } from "./options.ts";
import { takesOver } from "./servers.ts";
import { defaultWords, ownWords, unitFile } from "./settings.ts";

/** What every piece looks at. */
export interface Scene {
  readonly service: string;
  readonly seen: Observation;
  readonly nodes: readonly HostNode[];
  readonly options: ZooKeeperOptions;
  readonly backup: boolean;
  readonly joinTimeoutMs: number;
}

/** What the common pieces have to know of ZooKeeper. */
export const kept = (s: Scene): Kept => ({
  service: s.service,
  unit: s.options.unit,
  dataDir: s.options.dataDir,
  process: "java",
  called: "ZooKeeper",
  diskId: "zk_disk_id",
});

const words = ({ service, options: o }: Scene): Command =>
  sh`${service} ${o.clientPort} ${o.java} ${o.classPath}${authWord(o)}`;
export const authWord = (o: ZooKeeperOptions): Command => o.auth === undefined ? sh`` : sh` ${o.auth}`;

/** The ensemble as the node that a step runs on reaches it: by its own server, with its own credentials. */
export const through = (s: Scene, command: Command): Command =>
  sh`${isStatic(s.options) ? sh`zk_near` : sh`zk_with`} ${words(s)} && ${command}`;

/** Another reconfiguration came first: the version that was seen is not the newest any more. Then it is seen anew. */
const overtaken = { forMs: 30_000, everyMs: 300, when: "is not valid" };
/** A server that has just begun to follow, or an election under way. */
const notYet = { forMs: 30_000, everyMs: 500 };

/** S18: the data as of now, after a read in a new session at the same server, fetched from there. */
export function snapshot(s: Scene, leaving?: Member) {
  const from = backupSource(s.seen, leaving);
  const host = s.nodes.find((n) => n.name === from?.node);
  return given(s.backup && host, (at) => {
    const file = `/var/lib/quorate/${s.service}/snapshot.tgz`;
    const options = { on: node(at), effect: nothing, idempotent: true, timeoutMs: 600_000 } as const;
    return [
      step("snapshot", run(through(s, sh`zk_backup ${s.options.dataDir} ${file}`)), {
        title: "copy the newest snapshot and the logs since, after a read",
        ...options,
      }),
      step("fetch-snapshot", fetch(file, "snapshot"), { title: "fetch it and verify its hash", ...options }),
    ];
  });
}

export const unit = (n: HostNode, { seen, service, options: o }: Scene) =>
  given(seen.nodes[n.name]?.unit.load === "not-found" && n, (at) => [
    step(`unit:${n.name}`, run(sh`zk_unit ${o.unit} ${o.user} ${unitFile(o, service)}`), {
      title: `write ${o.unit} on ${n.name}`,
      on: node(at),
      effect: configures(n, "unchanged"),
      idempotent: true,
    }),
  ]);

/** A member whose fence is lifted, and that does not start at boot, would pass for stopped by a person. */
function stageCommand(n: HostNode, { service, seen, options: o }: Scene): Command {
  const member = memberOn(seen, n.name) !== undefined && seen.nodes[n.name]?.fenced === "yes";
  const enabled = member ? sh`quorate_enable ${o.unit} && ` : sh``;
  return sh`${enabled}zk_stage ${service} ${o.unit} ${o.dataDir} ${o.config} ${o.java} ${o.classPath} ${o.membership}${
    authWord(o)
  }`;
}

/** On its own data; an ensemble that has just begun again brings its list of servers with that. */
export const startCommand = ({ options: o }: Scene): Command =>
  sh`zk_start ${o.unit} ${o.dataDir} ${o.config}`;

/** S12: all that can fail on nodes fails here, before the ensemble hears of them. */
export function stage(nodes: readonly HostNode[], s: Scene) {
  return [
    ...nodes.flatMap((n) => unit(n, s)),
    ...nodes.map((n) => stageNode(n, kept(s), stageCommand(n, s))),
  ];
}

/** What a node needs for a first start: who it is, of which ensemble, and who else there is. */
export const configuring = (s: Scene, id: Arg, ensemble: Arg, servers: Arg): Command => {
  const o = s.options;
  return sh`zk_defaults ${o.config} ${defaultWords(o)} && ${
    isStatic(o) ? sh`zk_configure_static` : sh`zk_configure`
  } ${s.service} ${o.unit} ${o.dataDir} ${o.config} ${id} ${ensemble} ${servers} ${ownWords(o)}`;
};

/** The same from the live record, for a server that it names already. */
export const configureRecorded = (n: HostNode, s: Scene): Command =>
  configuring(
    s,
    memberId({ node: n.name }),
    derived("clusterId"),
    isStatic(s.options) ? listFor(n) : derived("ensemble"),
  );

/** The servers that a node's own one should work with, as words. */
export const listFor = (n: HostNode): Late => derived(`servers:${n.name}`);

/**
 * How the record comes to name an observer, a voter in its place, and nobody: by a reconfiguration, or by what is written
 * into `/quorate`. Both against the version that was seen. `id`: of whom the one that comes takes the id over.
 */
function recording(s: Scene) {
  const [version, o] = [derived("version"), s.options];
  const note = (what: string): Command => through(s, sh`zk_note ${version} ${derived(what)}`);
  return isStatic(o)
    ? {
      register: (n: HostNode, id?: string) =>
        note(`registering:${n.name}${id === undefined ? "" : `:${id}`}`),
      promote: (n: HostNode) => note(`promoting:${n.name}`),
      takeBack: (n: HostNode) => note(`leaving:${n.name}`),
      remove: (m: Member) => note(`removing:${m.id}`),
    }
    : {
      register: (n: HostNode) =>
        through(
          s,
          sh`zk_register ${derived("clusterId")} ${derived("nextId")} ${
            serverSpec(n, "observer", o)
          } ${version}`,
        ),
      promote: (n: HostNode) =>
        through(
          s,
          sh`zk_promote ${memberId({ node: n.name })} ${serverSpec(n, "participant", o)} ${version}`,
        ),
      takeBack: (n: HostNode) => through(s, sh`zk_remove ${memberId({ node: n.name })} ${version}`),
      remove: (m: Member) => through(s, sh`zk_remove ${m.id} ${version}`),
    };
}

/**
 * Joins a node: staged, an observer, started, promoted when it is in sync (S8, S12, S13). Whoever calls this waits until
 * all are healthy. `id`: the one that it takes over. Others count that from its first start on, so its registration is
 * not taken back: the record names it until it is a voter, or is fenced (`removeStatic`).
 */
export function join(n: HostNode, s: Scene, id = inherited(n, s)) {
  const o = s.options;
  return [
    ...stage([n], s),
    step(
      `register-learner:${n.name}`,
      run(recording(s).register(n, id)),
      {
        title: `register ${n.name} as an observer`,
        on: anyVoter(),
        effect: effect("registersLearner", n),
        unless: recorded(n),
        retry: overtaken,
        ...(id === undefined
          ? {
            undo: {
              command: recording(s).takeBack(n),
              if: all(recorded(n), learner(n)),
              effect: { does: "nothing" },
            },
          }
          : {}),
      },
    ),
    step(
      `configure:${n.name}`,
      // Who joins an ensemble that exists has nothing to do with a bootstrap any more.
      run(
        sh`quorate_unmark ${s.service} intent started && ${
          configureRecorded(n, s)
        } && quorate_enable ${o.unit}`,
      ),
      {
        title: `configure ${n.name} with the live list of servers`,
        on: node(n),
        effect: configures(n, "existing"),
        unless: running(n),
      },
    ),
    startExisting(n, kept(s)),
    step(`wait-in-sync:${n.name}`, wait(any(caughtUp(n), all(voter(n), healthy(n)))), {
      title: `wait until ${n.name} is in sync`,
      timeoutMs: s.joinTimeoutMs,
    }),
    step(
      `promote:${n.name}`,
      run(recording(s).promote(n)),
      {
        title: `promote ${n.name} to a voter`,
        on: anyVoter(),
        effect: effect("promotes", n),
        unless: voter(n),
        retry: notYet,
      },
    ),
  ];
}

const inherited = (n: HostNode, { seen, nodes, options: o }: Scene): string | undefined =>
  isStatic(o) ? takesOver(n, seen, nodes, o) : undefined;

/**
 * A leader is removed like any other: the reconfiguration itself names its heir (S11). Through another server, whose
 * session outlives the election.
 */
export const removeMember = (m: Member, s: Scene) =>
  step(`remove:${m.node ?? m.id}`, run(recording(s).remove(m)), {
    title: `remove server ${m.id}${m.node === undefined ? "" : ` (${m.node})`}`,
    on: anyVoter({ not: m.id }),
    effect: removes(m, { elects: true }),
    onlyIf: recorded(member(m.id)),
    verify: not(recorded(member(m.id))),
    retry: overtaken,
  });

/** All voters and the newly joined are latched anew. */
export const latchAll = (s: Scene, also: readonly HostNode[], not?: Member) =>
  toLatch(s.nodes, s.seen, also, not).map((n) => latchOn(n, s));

/** S3: an ensemble that others built gets its name with the first latch; a create does nothing where it has one. */
export const nameIt = (n: HostNode, s: Scene) =>
  given(
    isUnnamed(s.seen) && !isLatched(s.seen) && s.options.ensemble?.split(" "),
    ([name = "", highest = ""]) => [
      step(
        `name-ensemble:${n.name}`,
        run(sh`zk_near ${words(s)} && zk_adopt ${name} ${highest} ${writers(s.options)}`),
        {
          title: "write a name for the ensemble into /quorate, unless there is one",
          on: node(n),
          effect: nothing,
          idempotent: true,
        },
      ),
    ],
  );

/** Who may write `/quorate` from then on: whoever may reconfigure, and where nobody is asked to be that, anybody. */
const writers = (o: ZooKeeperOptions): string =>
  !isStatic(o) ? "world:anyone:r" : o.auth === undefined ? "world:anyone:rw" : "world:anyone:r,auth::rwa";

/** The same for a static ensemble that was just formed. Its unit tells whether it lets a super user in, unless a file does. */
export const nameStatic = (token: string, { service, options: o }: Scene): Command =>
  o.auth === undefined
    ? sh`zk_name_static ${token} ${service} ${o.unit}`
    : sh`zk_name_static ${token} ${service} ${o.unit} ${writers(o)}`;

const isLatched = (seen: Observation): boolean =>
  Object.values(seen.nodes).some((f) => typeof f.latch !== "string");

/** Beside the data of an ensemble that others built, its name is written first. */
export const latchOn = (n: HostNode, s: Scene) => {
  const k = kept(s);
  const named = sh`zk_named ${k.dataDir} ${derived("clusterId")} ${memberId({ node: n.name })} && `;
  const written = latch(n, k, [...formerClusters(s.seen.nodes)]);
  return written.action.do === "run"
    ? { ...written, action: run(sh`${named}${written.action.command}`) }
    : written;
};
