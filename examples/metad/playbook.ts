/**
 * metad's playbook: for each case a pure function from facts to steps.
 *
 * @module
 */
import {
  all,
  any,
  anyVoter,
  type Case,
  caughtUp,
  type Command,
  configures,
  dataEmpty,
  derived,
  effect,
  type Facts,
  fence,
  fetch,
  given,
  healthy,
  holdsItsData,
  type HostNode,
  latch,
  leader,
  learner,
  markedStarted,
  type Member,
  member,
  memberId,
  movesLeaderFrom,
  must,
  node,
  not,
  nothing,
  playbook,
  prune,
  putAway,
  quorumHeld,
  recorded,
  refuse,
  removes,
  run,
  setAside,
  sh,
  stageNode,
  started,
  startExisting,
  startNew,
  startOwn,
  step,
  takeIntentAway,
  text,
  toLatch,
  voter,
  wait,
  waitSettled,
  well,
  writeIntent,
} from "quorate";
import { kept, type Metad, urlOf } from "./options.ts";

type Look = Facts<Case, Metad>;
const keptBy = (f: Look) => kept(f.service, f.options);

/** `metad ctl` over all members that serve, without the one that is about to go. */
function ctl(f: Look, leaving?: Member): Command {
  const urls = well(f.seen).filter((m) => m.id !== leaving?.id).flatMap((m) => {
    const host = f.options.nodes.find((n) => n.name === m.node);
    return host === undefined ? m.clientUrls : [urlOf(host, f.options)];
  });
  return sh`metad ctl ${urls.join(",")}`;
}

/** The settings of a first start. */
const settings = (n: HostNode, f: Look, join: "new" | "existing") => [
  text`METAD_NAME=${n.name}`,
  text`METAD_URL=${urlOf(n, f.options)}`,
  text`METAD_DATA=${f.options.options.dataDir}`,
  text`METAD_JOIN=${join}`,
];

/** One copy of the data before members change, after a read through a majority, from the same node (S18). */
function snapshot(f: Look, leaving?: Member) {
  const from = well(f.seen).find((m) => m.role === "voter" && m.id !== leaving?.id && m.node !== undefined) ??
    leaving;
  const host = f.options.nodes.find((n) => n.name === from?.node);
  return given(f.backup && host, (at) => {
    const file = `/var/lib/quorate/${f.service}/snapshot.json`;
    const options = { on: node(at), effect: nothing, idempotent: true } as const;
    return [
      step(
        "snapshot",
        run(
          sh`mkdir -p ${`/var/lib/quorate/${f.service}`} && metad ctl ${
            urlOf(at, f.options)
          } members >/dev/null && cp ${`${f.options.options.dataDir}/state.json`} ${file}`,
        ),
        { title: "copy the data after a read through a majority", ...options },
      ),
      step("fetch-snapshot", fetch(file, "snapshot"), { title: "fetch it and verify its hash", ...options }),
    ];
  });
}

/** Joins a node: staged, a learner, started, promoted when it is in sync (S8, S12, S13). */
function join(n: HostNode, f: Look, leaving?: Member) {
  const { envFile } = f.options.options;
  return [
    ...given(seenPristine(n, f), (id) => [fence(n, keptBy(f), id), setAside(n, "pristine", keptBy(f))]),
    stageNode(n, keptBy(f)),
    step(`register-learner:${n.name}`, run(sh`${ctl(f, leaving)} add ${urlOf(n, f.options)}`), {
      title: `register ${n.name} as a learner`,
      on: anyVoter(),
      effect: effect("registersLearner", n),
      unless: recorded(n),
      retry: { forMs: 30_000, everyMs: 300, when: "is not through yet" },
      undo: {
        command: sh`${ctl(f, leaving)} remove ${memberId({ node: n.name })}`,
        if: all(recorded(n), learner(n)),
        effect: nothing,
      },
    }),
    step(
      `configure:${n.name}`,
      // Who joins a cluster that exists has nothing to do with a bootstrap any more, nor with who it was before.
      run(
        sh`quorate_unmark ${f.service} intent started latch && quorate_set_keys ${envFile} ${
          settings(n, f, "existing")
        }`,
      ),
      {
        title: `configure ${n.name} to be called by its cluster`,
        on: node(n),
        effect: configures(n, "existing"),
        unless: started(n),
      },
    ),
    startExisting(n, keptBy(f)),
    step(`wait-in-sync:${n.name}`, wait(any(caughtUp(n), all(voter(n), healthy(n)))), {
      title: `wait until ${n.name} is in sync`,
      timeoutMs: f.joinTimeoutMs,
    }),
    step(`promote:${n.name}`, run(sh`${ctl(f, leaving)} promote ${memberId({ node: n.name })}`), {
      title: `promote ${n.name} to a voter`,
      on: anyVoter(),
      effect: effect("promotes", n),
      unless: voter(n),
      retry: { forMs: 30_000, everyMs: 300 },
    }),
  ];
}
/** metad's package starts nothing by itself, so no data is ever a default; another service's may be. */
function seenPristine(n: HostNode, f: Look): string | undefined {
  const data = f.seen.nodes[n.name]?.data;
  return data?.state === "pristine" && typeof data.identity !== "string" ? data.identity.memberId : undefined;
}

/** A member leaves: the leader hands over first (S11), the node is fenced and its data set aside (S14, S17). */
const leave = (m: Member, n: HostNode | undefined, f: Look) => [
  ...given(f.seen.quorum.healthy > 1 && m, () => [
    step(`hand-over:${m.node ?? m.id}`, run(sh`${ctl(f)} lead ${derived("heir")}`), {
      title: `hand leadership over from ${m.node ?? m.id}`,
      on: anyVoter({ not: m.id }),
      effect: movesLeaderFrom(m),
      onlyIf: leader(member(m.id)),
      verify: not(leader(member(m.id))),
    }),
  ]),
  removeMember(m, f),
  ...putAway(n, m, f.seen, keptBy(f)),
];

const removeMember = (m: Member, f: Look) =>
  step(`remove:${m.node ?? m.id}`, run(sh`${ctl(f, m)} remove ${m.id}`), {
    title: `remove member ${m.id}${m.node === undefined ? "" : ` (${m.node})`}`,
    on: anyVoter({ not: m.id }),
    effect: removes(m),
    onlyIf: recorded(member(m.id)),
    verify: not(recorded(member(m.id))),
    retry: { forMs: 30_000, everyMs: 300, when: "is not through yet" },
  });

const latchAll = (f: Look, also: readonly HostNode[], not?: Member) =>
  toLatch(f.options.nodes, f.seen, also, not).map((n) => latch(n, keptBy(f)));

export const metadPlaybook = playbook<Metad>()({
  bootstrap: (f) => {
    const { unit, envFile } = f.options.options;
    const k = keptBy(f);
    const members = f.desired.map((n) => `${n.name}=${urlOf(n, f.options)}`).join(",");
    const fresh = f.nodes.filter((n) => f.seen.nodes[n.name]?.started === "none");
    return [
      ...fresh.map((n) => stageNode(n, k)),
      ...fresh.map((n) => writeIntent(n, f.desired, f.token, k)),
      ...fresh.map((n) =>
        step(
          `configure-new:${n.name}`,
          // Not at boot before it is formed: a disk that is lost before a reboot must not be started as `new` again.
          run(
            sh`quorate_disable ${unit} && quorate_set_keys ${envFile} ${
              settings(n, f, "new")
            } ${text`METAD_MEMBERS=${members}`} ${text`METAD_TOKEN=${f.token}`}`,
          ),
          {
            title: `configure ${n.name}`,
            on: node(n),
            effect: configures(n, "new"),
            unless: markedStarted(n),
          },
        )
      ),
      ...fresh.map((n) => startNew(n, k)),
      ...f.nodes.filter((n) => !fresh.includes(n)).map((n) => startOwn(n, f.seen, k)),
      step("wait-all", wait({ ask: "settled", well: f.nodes.map((n) => ({ node: n.name })), before: [] }), {
        title: "wait until all are healthy",
        timeoutMs: 120_000,
      }),
      ...f.nodes.map((n) =>
        step(
          `existing:${n.name}`,
          run(sh`quorate_set_keys ${envFile} METAD_JOIN=existing && quorate_enable ${unit}`),
          {
            title: `switch the config of ${n.name} to existing, and let metad start at boot`,
            on: node(n),
            effect: configures(n, "unchanged"),
            idempotent: true,
          },
        )
      ),
      ...f.nodes.map((n) => latch(n, k)),
      ...f.nodes.map((n) => takeIntentAway(n, k)),
    ];
  },

  restart: (f) => [
    ...f.nodes.map((n) => startOwn(n, f.seen, keptBy(f))),
    step("wait-quorum", wait(quorumHeld), { title: "wait until they elect a leader" }),
  ],

  add: (f) => [
    ...snapshot(f),
    ...join(f.node, f),
    waitSettled("wait-all", [f.node], f.seen),
    ...latchAll(f, [f.node]),
  ],

  remove: (f) => [
    ...snapshot(f, f.member),
    ...leave(f.member, f.node, f),
    waitSettled("wait-all", [], f.seen),
    ...latchAll(f, [], f.member),
  ],

  replace: (f) => {
    const go = leave(f.member, f.oldNode, f);
    const come = join(f.node, f, f.member);
    return [
      ...snapshot(f, f.member),
      // A dead member only costs margin, so it goes first; a healthy one is worth its vote until the new one has joined.
      ...(f.dead ? [...go, ...come] : [...come, waitSettled("wait-joined", [f.node], f.seen), ...go]),
      waitSettled("wait-all", [f.node], f.seen, f.member),
      ...latchAll(f, [f.node], f.member),
    ];
  },

  retire: (f) => [fence(f.node, keptBy(f)), setAside(f.node, f.staleId ?? "none", keptBy(f))],

  repairCrashed: (f) => [startOwn(f.node, f.seen, keptBy(f)), waitSettled("wait-all", [f.node], f.seen)],

  repairWiped: (f) => [
    ...snapshot(f, f.member),
    step(
      "must-be-empty",
      must(dataEmpty(f.node), `${f.node.name} holds data again`, "nothing to do: the next run looks again"),
    ),
    fence(f.node, keptBy(f)),
    removeMember(f.member, f),
    ...join(f.node, f, f.member),
    waitSettled("wait-all", [f.node], f.seen, f.member),
    ...latchAll(f, [f.node], f.member),
  ],

  // metad keeps no setting that could drift: only a latch may be missing.
  repairConfig: (f) => given(holdsItsData(f.seen, f.member) && f.node, (n) => [latch(n, keptBy(f))]),

  prune: (f) => [prune(f.node, f.paths, keptBy(f))],

  quorumLost: (f) => [step("refuse", refuse(f.refusal.rule, f.refusal.evidence, f.refusal.unblock))],
});
