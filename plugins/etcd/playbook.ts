/**
 * etcd's playbook: for each case a pure function from facts to steps.
 *
 * @module
 */
import {
  again,
  type Case,
  configures,
  dataBlank,
  dataEmpty,
  effect,
  type Facts,
  fence,
  given,
  holdsItsData,
  type HostNode,
  markedStarted,
  must,
  node,
  playbook,
  prune,
  putAway,
  quorumHeld,
  refuse,
  run,
  setAside,
  sh,
  startNew,
  startOwn,
  step,
  takeIntentAway,
  text,
  wait,
  waitSettled,
  writeIntent,
} from "quorate";
import { type EtcdOptions, peerUrl } from "./options.ts";
import {
  handOver,
  join,
  kept,
  latchAll,
  latchOn,
  removeMember,
  type Scene,
  settingWords,
  snapshot,
  stage,
  startTogether,
  unit,
} from "./pieces.ts";
import { sealed } from "./drift.ts";
import { initialSettings } from "./settings.ts";
import { readyFromDisk, readyFromSnapshot } from "./again.ts";
import { endpoints, etcdctl } from "./ctl.ts";

/** The options of one service, and the hosts that they are for. */
export interface Bound {
  readonly etcd: EtcdOptions;
  readonly nodes: readonly HostNode[];
}

const scene = <K extends Case>(f: Facts<K, Bound>): Scene => ({
  service: f.service,
  seen: f.seen,
  nodes: f.options.nodes,
  options: f.options.etcd,
  backup: f.backup,
  joinTimeoutMs: f.joinTimeoutMs,
});

export const etcdPlaybook = playbook<Bound>()({
  bootstrap: (f) => {
    const s = scene(f);
    const o = s.options;
    // The list that was written into the intent stays the same however often the bootstrap is resumed.
    const all = f.desired;
    const cluster = all.map((n) => `${n.name}=${peerUrl(n, o)}`).join(",");
    const fresh = f.nodes.filter((n) => f.seen.nodes[n.name]?.started === "none");
    return [
      ...fresh.flatMap((n) => stage(n, s)),
      ...fresh.map((n) => writeIntent(n, all, f.token, kept(s))),
      ...fresh.map((n) =>
        step(
          `configure-new:${n.name}`,
          run(
            // A unit that a package enabled would start as `new` with the next boot, before it is marked as started.
            sh`quorate_disable ${o.unit} && quorate_set_keys ${o.envFile} ${
              initialSettings(n, o, "new", cluster)
            } ${text`ETCD_INITIAL_CLUSTER_TOKEN=${f.token}`}`,
          ),
          {
            title: `configure ${n.name}`,
            on: node(n),
            effect: configures(n, "new"),
            unless: markedStarted(n),
          },
        )
      ),
      ...fresh.map((n) => startNew(n, kept(s), sh`etcd_start_new ${s.service} ${o.unit} ${o.dataDir}`)),
      ...f.nodes.filter((n) => !fresh.includes(n)).map((n) => startTogether(n, s)),
      step("wait-all", wait({ ask: "settled", well: f.nodes.map((n) => ({ node: n.name })), before: [] }), {
        title: "wait until all are healthy",
        timeoutMs: 120_000,
      }),
      // Only now may it start by itself: a disk that is lost before a reboot must not be started as `new` again.
      ...f.nodes.map((n) =>
        step(
          `existing:${n.name}`,
          run(
            sh`quorate_set_keys ${o.envFile} ${settingWords(sealed(o, n))} && quorate_enable ${o.unit}`,
          ),
          {
            title: `let etcd start at boot on ${n.name}, and never on an empty disk`,
            on: node(n),
            effect: configures(n, "formed"),
            idempotent: true,
          },
        )
      ),
      ...f.nodes.map((n) => latchOn(n, s)),
      ...f.nodes.map((n) => takeIntentAway(n, kept(s))),
    ];
  },

  restart: (f) => [
    ...f.nodes.map((n) => startTogether(n, scene(f))),
    step("wait-quorum", wait(quorumHeld), { title: "wait until they elect a leader", timeoutMs: 60_000 }),
  ],

  add: (f) => {
    const s = scene(f);
    return [
      ...snapshot(s),
      ...join(f.node, s),
      waitSettled("wait-all", [f.node], f.seen),
      ...latchAll(s, [f.node]),
    ];
  },

  remove: (f) => {
    const s = scene(f);
    return [
      ...snapshot(s, f.member),
      ...handOver(f.member, s),
      removeMember(f.member, s),
      ...putAway(f.node, f.member, f.seen, kept(s)),
      waitSettled("wait-all", [], f.seen),
      ...latchAll(s, [], f.member),
    ];
  },

  replace: (f) => {
    const s = scene(f);
    const leave = [
      ...handOver(f.member, s),
      removeMember(f.member, s),
      ...putAway(f.oldNode, f.member, f.seen, kept(s)),
    ];
    const come = join(f.node, s);
    return [
      ...snapshot(s, f.member),
      // A dead member only costs margin, so it goes first; a healthy one is worth its vote until the new one has joined.
      ...(f.dead ? [...leave, ...come] : [...come, waitSettled("wait-joined", [f.node], f.seen), ...leave]),
      waitSettled("wait-all", [f.node], f.seen, f.member),
      ...latchAll(s, [f.node], f.member),
    ];
  },

  retire: (f) => {
    const s = scene(f);
    return [fence(f.node, kept(s)), setAside(f.node, f.staleId ?? "none", kept(s))];
  },

  repairCrashed: (f) => {
    const s = scene(f);
    return [startOwn(f.node, f.seen, kept(s)), waitSettled("wait-all", [f.node], f.seen)];
  },

  repairWiped: (f) => {
    const s = scene(f);
    // It was started on the disk that was wiped.
    const blank = f.seen.nodes[f.node.name]?.data.state === "blank";
    return [
      ...snapshot(s, f.member),
      step(
        "must-be-empty",
        must(
          blank ? dataBlank(f.node) : dataEmpty(f.node),
          `${f.node.name} holds data again`,
          "nothing to do: the next run looks again",
        ),
      ),
      fence(f.node, kept(s)),
      removeMember(f.member, s),
      ...given(blank && f.node, (n) => [setAside(n, f.member.id, kept(s))]),
      ...join(f.node, s),
      waitSettled("wait-all", [f.node], f.seen, f.member),
      ...latchAll(s, [f.node], f.member),
    ];
  },

  repairConfig: (f) => {
    const s = scene(f);
    const o = s.options;
    const latches = given(holdsItsData(f.seen, f.member) && f.node, (n) => [latchOn(n, s)]);
    const write = (title: string) =>
      step(`configure:${f.node.name}`, run(sh`quorate_set_keys ${o.envFile} ${settingWords(f.settings)}`), {
        title,
        on: node(f.node),
        effect: configures(f.node, "unchanged"),
        idempotent: true,
      });
    const keys = Object.keys(f.settings).join(", ");
    if (f.latchOnly) {
      return [
        ...given(
          keys !== "",
          () => [write(`set ${keys} on ${f.node.name}, for a first start on an empty disk`)],
        ),
        ...latches,
      ];
    }
    const ctl = etcdctl(o, endpoints(s));
    return [
      ...given(f.peerUrl !== undefined && snapshot(s), (steps) => steps),
      ...handOver(f.member, s),
      ...given(f.peerUrl, (url) => [
        step(`update:${f.node.name}`, run(sh`${ctl} member update ${f.member.id} --peer-urls=${url}`), {
          title: `record ${url} as the peer URL of ${f.node.name}`,
          on: node(f.node),
          effect: { does: "updatesPeerUrl", member: f.member.id, peerUrl: url },
          idempotent: true,
        }),
      ]),
      write(`set ${keys || "nothing"} on ${f.node.name}`),
      step(`restart:${f.node.name}`, run(sh`timeout 60 systemctl restart ${o.unit}`), {
        title: `restart etcd on ${f.node.name}`,
        on: node(f.node),
        effect: effect("restarts", f.node),
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
    });
  },

  restore: (f) => {
    const s = scene(f);
    return again(f, f.seen, kept(s), {
      whose: f.memberId ?? "none",
      unit: unit(f.node, s),
      steps: readyFromSnapshot(f.node, f.token, f.snapshot, s),
    });
  },

  quorumLost: (f) => [step("refuse", refuse(f.refusal.rule, f.refusal.evidence, f.refusal.unblock))],
});
