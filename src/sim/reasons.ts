/**
 * Refusals that stay when nothing goes wrong any more: each has to name a reason that is so, word for word, and that a
 * person has to answer; and nothing that would have helped may have been refused.
 *
 * @module
 */
import type { RecordedMember } from "../model/node.ts";
import type { Target } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Host } from "./host.ts";
import { type Disk, isVoter, votersOf } from "./peer.ts";
import type { World } from "./world.ts";

/** What a refusal is held against. */
export interface Truth {
  readonly world: World;
  readonly target: Target;
  /** How often this manager's runs failed at a change since all was last well: "add:n4" → 3. */
  readonly failed: ReadonlyMap<string, number>;
}

/** What is wrong with a refusal, or undefined where it is true. */
export function untrue(refusal: Refusal, truth: Truth): string | undefined {
  const { rule, evidence } = refusal;
  const claims = (byRule[rule] ?? []).filter(([pattern]) => pattern.test(evidence));
  const [claim] = claims;
  if (claim === undefined) return `${rule} is nothing that stays: ${evidence}`;
  const [pattern, holds] = claim;
  const { groups } = pattern.exec(evidence) ?? {};
  return holds(truth, groups ?? {}) ? undefined : `that is not so, by ${rule}: ${evidence}`;
}

type Words = Readonly<Record<string, string>>;
type Claim = readonly [RegExp, (truth: Truth, words: Words) => boolean];

const host = ({ world }: Truth, { node = "" }: Words): Host | undefined => world.hosts.get(node);
const hosts = ({ world }: Truth): readonly Host[] => [...world.hosts.values()];
const record = ({ world }: Truth): readonly RecordedMember[] => world.record() ?? [];
const disk = (
  h: Host | undefined,
): Disk | undefined => (h?.volume.disk?.pristine ? undefined : h?.volume.disk);
const settings = (t: Truth, words: Words): Readonly<Record<string, string>> => {
  const h = host(t, words);
  return h === undefined ? {} : t.world.cluster.settings(h);
};
const mark = (h: Host | undefined, name: string, key: string): string | undefined =>
  h?.marks.get(name)?.get(key);
const sorted = (names: Iterable<string>): string => [...names].sort().join(",");
const desired = ({ target }: Truth): string => sorted(target.desired.map((n) => n.name));
const nodeOf = ({ world }: Truth, m: RecordedMember): string | undefined =>
  world.nodes.find((n) => m.peerUrls.includes(world.model.peerUrl(n)))?.name;
/** What a person calls it in a refusal. */
const calls = (t: Truth, m: RecordedMember, word: string): boolean =>
  nodeOf(t, m) === word || word === `member ${m.id}` || word.endsWith(`(${m.id})`);

/** Nothing tells whose the data of a node is, or where it was, or it lies elsewhere than it was. */
const noProof = (t: Truth, h: Host | undefined): boolean =>
  disk(h)?.clusterId === "" || h !== undefined && gone(t, h) && h.own === h.volume &&
    [...(h.marks.get("latch") ?? h.marks.get("started") ?? [["fsId", "nowhere"]])]
      .some(([key, value]) => key === "fsId" && value !== h.volume.fsId);

/** Nothing of a member lies there, or no more than who it was. */
const gone = (t: Truth, h: Host): boolean => {
  const d = disk(h);
  return d === undefined || t.world.cluster.blank(d);
};

/**
 * A stopped cluster of this service that could be started: some latch names it, a desired node holds its data, and a
 * majority of its voters, by the newest list on any disk, is there.
 */
export function startable(t: Truth): string | undefined {
  if (t.world.record() !== undefined) return undefined;
  const latched = new Set(hosts(t).flatMap((h) => mark(h, "latch", "clusterId") ?? []));
  const disks = hosts(t).flatMap((h) => {
    const d = disk(h);
    return d === undefined || gone(t, h) || !latched.has(d.clusterId) || h.stoppedByPerson !== undefined
      ? []
      : [{ h, d }];
  });
  for (const { d } of disks) {
    const own = disks.filter((x) => x.d.realm === d.realm);
    const { config: newest } = own.map((x) => x.d.commit).reduce((a, b) =>
      b.term > a.term || (b.term === a.term && b.index > a.index) ? b : a
    );
    const wanted = own.some(({ h }) => t.target.desired.some((n) => n.name === h.name));
    // Where each goes by a list of its own, those who have the same one have to be enough.
    const listed = ({ h }: typeof own[number]) => t.world.cluster.goesBy?.(h) ?? newest;
    const text = (list: readonly RecordedMember[]) =>
      sorted(votersOf(list).map((m) => `${m.id} ${m.peerUrls[0]}`));
    for (const config of own.map(listed)) {
      const able = own.filter((x) => isVoter(config, x.d.memberId) && text(listed(x)) === text(config));
      if (wanted && able.length > votersOf(config).length / 2) {
        return `${able.map((x) => x.h.name).join(", ")} could be started`;
      }
    }
  }
  return undefined;
}
/**
 * No restart brings the cluster back, because whose data lies on a host that would be needed is not written there. Each
 * run tries it all the same with who can be started, and fails.
 */
export const beyondRestart = (t: Truth): boolean =>
  t.world.record() === undefined && hosts(t).some((h) => !h.process && disk(h)?.clusterId === "");
const lost = (t: Truth): boolean => startable(t) === undefined && t.world.record() === undefined;

const outOfOrder = (t: Truth, word: string): boolean =>
  word.split(", ").every((one) => {
    const m = record(t).find((x) => calls(t, x, one));
    const peer = [...t.world.cluster.peers].find((p) => p.id === m?.id);
    return m !== undefined && (peer === undefined || t.world.cluster.leaderOf(peer) === undefined);
  });
const serves = ({ world }: Truth, id: string): boolean =>
  [...world.cluster.peers].some((p) => p.id === id && world.cluster.leaderOf(p) !== undefined);
/** There is a server that counts other votes, or would once it is started, than those of the members. */
const listsDiffer = (t: Truth): boolean => {
  const voters = (list: readonly RecordedMember[]) =>
    sorted(list.filter((m) => m.role === "voter").map((m) => `${m.id} ${m.peerUrls[0]}`));
  const named = hosts(t).filter((h) => record(t).some((m) => nodeOf(t, m) === h.name));
  const files = named.map((h) => t.world.cluster.goesBy?.(h) ?? record(t));
  const running = [...t.world.cluster.peers].map((p) => p.electorate);
  return [...files, ...running].some((list) => voters(list) !== voters(record(t)));
};
/** "1 of 2 voters healthy", now. */
const counted = (t: Truth, { healthy = "", voters = "" }: Words): boolean => {
  const all = record(t).filter((m) => m.role === "voter");
  const well = all.filter((m) =>
    [...t.world.cluster.peers].some((p) => p.id === m.id && t.world.cluster.leaderOf(p) !== undefined)
  );
  return all.length === Number(voters) && well.length === Number(healthy);
};

/** What lies on a node keeps a bootstrap from beginning, unless it is a cluster that could be started. */
const held = (t: Truth, words: Words): boolean => {
  // A package's default that started where a latch lies is data like any other.
  const d = host(t, words)?.volume.disk;
  return d?.memberId === words.member && d?.clusterId === words.cluster && lost(t);
};

const staticOrder: readonly Claim[] = [[/^step .* of the playbook: /, () => true]];
const byRule: Readonly<Partial<Record<Refusal["rule"], readonly Claim[]>>> = {
  S1: [
    [/^(?<node>\S+) was member (?<member>\S+) of cluster (?<cluster>\S+) \(its latch says so\)$/, (t, w) => {
      const h = host(t, w);
      return mark(h, "latch", "memberId") === w.member && mark(h, "latch", "clusterId") === w.cluster &&
        lost(t);
    }],
    [/^(?<node>\S+) holds data \(member (?<member>\S+) of cluster (?<cluster>\S+)\)$/, held],
    [/^the service already answers on .*, was never seen as /, (t) => {
      const members = record(t).map((m) => nodeOf(t, m));
      const mine = t.target.desired.filter((n) => members.includes(n.name)).length;
      return hosts(t).every((h) => !h.marks.has("latch")) && 2 * mine <= t.target.desired.length;
    }],
    [/^the service already answers on (?<node>\S+?)(, though .+)?$/, (t, w) => host(t, w)?.process === true],
    [
      /^two unfinished bootstraps lie on the nodes/,
      (t) => new Set(hosts(t).flatMap((h) => mark(h, "intent", "token") ?? [])).size > 1,
    ],
    [
      /^a bootstrap of (?<begun>\S+) has begun, and the config now names (?<wanted>\S+)$/,
      (t, w) =>
        w.wanted === desired(t) &&
        hosts(t).some((h) => h.marks.has("started")) &&
        hosts(t).some((h) => sorted((mark(h, "intent", "members") ?? "").split(",")) === w.begun),
    ],
    [
      /^(?<lost>.+) had been started by the unfinished bootstrap and lost the disk since/,
      (t, w) => (w.lost ?? "").split(", ").every((node) => disk(host(t, { node })) === undefined),
    ],
    [/^what lies in the data directory of (?<node>\S+) is not known/, (t, w) => noProof(t, host(t, w))],
  ],
  S3: [
    [
      /^the data of member (?<member>\S+) is not found on (?<node>\S+): /,
      (t, w) => noProof(t, host(t, w)) && record(t).some((m) => m.id === w.member),
    ],
    [/^what lies in the data directory of (?<node>\S+) is not known/, (t, w) => noProof(t, host(t, w))],
    [
      /^(?<node>\S+) should hold the data of member (?<member>\S+), and holds that of member (?<holds>\S+)$/,
      (t, w) => host(t, w)?.volume.disk?.memberId === w.holds && record(t).some((m) => m.id === w.member),
    ],
    [
      /^(?<node>\S+) contradicts itself: .* is member (?<one>\S+) of .*, .* is member (?<other>\S+) of /,
      (t, w) => {
        const h = host(t, w);
        const says = [h?.peer?.id, h?.volume.disk?.memberId, mark(h, "latch", "memberId")];
        return w.one !== w.other && says.includes(w.one) && says.includes(w.other);
      },
    ],
    [
      /^(?<node>\S+) holds data or a latch of cluster (?<cluster>\S+), and this service is cluster (?<own>\S+)$/,
      (t, w) => {
        const h = host(t, w);
        return w.cluster !== w.own &&
          [h?.volume.disk?.clusterId, mark(h, "latch", "clusterId")].includes(w.cluster);
      },
    ],
    [
      /^member (?<member>\S+) .*matches more than one node: (?<nodes>.+)$/,
      (t, w) =>
        (w.nodes ?? "").split(", ").every((node) => {
          const h = host(t, { node });
          const named = record(t).find((m) => m.id === w.member);
          return h?.own.disk?.memberId === w.member || mark(h, "latch", "memberId") === w.member ||
            (named !== undefined && nodeOf(t, named) === node);
        }),
    ],
    [
      /^two clusters serve at once/,
      ({ world }) => new Set(world.leaders().map((l) => l.disk.realm)).size > 1,
    ],
  ],
  S6: [
    [
      /of (?<ids>[\d,]+), of whom (?<needed>\d+) are needed, (?<up>\d+) serve: while one restarts nothing/,
      (t, w) => {
        const ids = (w.ids ?? "").split(",");
        const up = ids.filter((id) => serves(t, id)).length;
        // One that is to join is expected to serve.
        return Number(w.up) - 1 < Number(w.needed) && up <= Number(w.up) && up >= Number(w.up) - 1;
      },
    ],
    [
      /^server (?<id>\d+) would have to be stopped, and .* the votes of (?<ids>[\d,]+) need (?<needed>\d+) of them: /,
      (t, w) => {
        const up = (w.ids ?? "").split(",").filter((id) => id !== w.id && serves(t, id)).length;
        return up < Number(w.needed);
      },
    ],
    [/\(now: (?<healthy>\d+) of (?<voters>\d+) voters healthy/, counted],
    [
      /^(?<node>\S+) should have (?<key>\w+)=(?<value>[^;]+); that takes a restart, and a cluster of (?<voters>[12]) /,
      (t, w) =>
        settings(t, w)[w.key ?? ""] !== w.value &&
        record(t).filter((m) => m.role === "voter").length === Number(w.voters),
    ],
  ],
  S7: [
    [/ while (?<who>.+) (is|are) out of order$/, (t, w) => outOfOrder(t, w.who ?? "")],
    // Some server cannot be spared yet: that is a reason of its own, which has to stand beside this one.
    [/^a change of the list of servers is not through: /, listsDiffer],
    [/^(?<node>\S+) is no member any more, and there are servers that still count it /, listsDiffer],
    [/^whether (?<node>\S+) has the list of servers that is recorded is not known/, listsDiffer],
    [/^whether (?<node>\S+) works with the list of servers that is recorded is not seen/, listsDiffer],
  ],
  S8: [
    [
      /^(?<key>\S+) was tried (?<count>\d+) times in vain$/,
      (t, w) =>
        (t.failed.get(w.key ?? "") ?? 0) >= Number(w.count) && Number(w.count) >= t.target.policy.repairTries,
    ],
    [
      /^(?<key>\S+) failed (once|(?<count>\d+) times); the next try is due/,
      (t, w) => (t.failed.get(w.key ?? "") ?? 0) >= Number(w.count ?? 1),
    ],
    [
      /^(?<who>.+) has joined and is not a voter yet: /,
      (t, w) =>
        record(t).some((m) =>
          (m.role === "learner" || !t.world.cluster.started(m)) && calls(t, m, w.who ?? "")
        ),
    ],
  ],
  // The next run goes on: nothing for a person to answer, and nothing that stays.
  S9: [[/were removed in this run/, () => true]],
  S10: [[
    /keeps none of the recorded members/,
    (t) =>
      record(t).filter((m) => m.role === "voter").every((m) =>
        t.target.desired.every((n) => n.name !== nodeOf(t, m))
      ),
  ]],
  S12: staticOrder,
  S15: [
    [/^what lies in the data directory of (?<node>\S+) could not be read/, (t, w) => noProof(t, host(t, w))],
    [/^(?<node>\S+) holds data that belongs to no former member of this cluster$/, (t, w) => {
      const d = disk(host(t, w));
      return d !== undefined && record(t).every((m) => m.id !== d.memberId);
    }],
  ],
  S16: staticOrder,
  S18: staticOrder,
  S19: [[/^no member serves a linearizable read; (?<needed>\d+) of (?<size>\d+) are needed/, lost]],
  // Versions are what the config's own hosts would bring.
  S22: [[/./, () => true]],
  S23: [[/paused: true$/, (t) => t.target.policy.paused]],
  masked: [[/^the unit on (?<node>\S+) is /, (t, w) => host(t, w)?.unit.enabled === false]],
  playbook: staticOrder,
};
