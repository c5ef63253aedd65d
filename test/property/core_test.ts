/** Whatever is seen: classify never throws, says the same twice, and proposes nothing that a rule forbids. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { classify } from "../../src/classify/classify.ts";
import type { Input } from "../../src/classify/input.ts";
import type { Change } from "../../src/model/change.ts";
import type {
  Aside,
  HostNode,
  Identity,
  NodeFacts,
  RecordedMember,
  ServiceView,
} from "../../src/model/node.ts";
import { type Observation, type Target, voters } from "../../src/model/observation.ts";
import type { Tri } from "../../src/model/tri.ts";
import { observe, type Reader } from "../../src/observe/observe.ts";
import { planService } from "../../src/plan/plan.ts";
import { sampleNode } from "../../src/plan/sample.ts";
import { forbidsChange } from "../../src/rules/changes.ts";
import { during, project, recount } from "../../src/rules/project.ts";
import { host, place, policy, unreachable } from "../unit/core_samples.ts";
import { fakeService } from "../unit/fake_service.ts";

const all = ["n1", "n2", "n3", "n4", "n5", "n6"].map(host);
const tri = fc.constantFrom<Tri>("yes", "no", "unknown");
const cluster = fc.constantFrom("c1", "c1", "c1", "c1", "c2");
const memberIds = ["a1", "a2", "a3", "a4", "a5", "a6", "old"];
const identity: fc.Arbitrary<Identity> = fc.record({
  clusterId: cluster,
  memberId: fc.constantFrom(...memberIds),
});
/** Most of the time a node is what it should be: purely random ones would only ever be conflicts. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const recordedOn = (n: HostNode, i: number): fc.Arbitrary<RecordedMember> =>
  fc.record({
    id: fc.constant(`a${i + 1}`),
    name: mostly(n.name, fc.constant("")),
    role: mostly<RecordedMember["role"]>("voter", fc.constant("learner")),
    peerUrls: mostly<readonly string[]>([`http://${n.address}:2380`], fc.constant(["http://elsewhere:2380"])),
    clientUrls: fc.constant([]),
  });

const factsOn = (n: HostNode, i: number, list: readonly RecordedMember[]): fc.Arbitrary<NodeFacts> => {
  const own: Identity = { clusterId: "c1", memberId: `a${i + 1}` };
  const base = sampleNode(n.name);
  const names = list.filter((m) => m.role === "voter").map((m) => m.id.replace("a", "n"));
  const isMember = list.some((m) => m.id === own.memberId);
  const some = mostly<Identity>(own, identity);
  const view: fc.Arbitrary<ServiceView> = fc.record({
    identity: some,
    linearizable: mostly<Tri>("yes", tri),
    local: mostly<Tri>("yes", tri),
    members: mostly<readonly RecordedMember[] | undefined>(list, fc.constantFrom(undefined, list.slice(1))),
    leaderId: fc.constantFrom("a1", "a2", undefined),
    role: fc.constant("voter" as const),
    term: fc.constant(3n),
    index: fc.constantFrom(99n, 100n),
    version: fc.constant("3.5.30"),
    alarms: fc.constant([]),
    pristine: mostly<Tri>("no", tri),
    trouble: fc.constant(undefined),
  });
  const running = fc.record({
    view,
    latch: mostly<NodeFacts["latch"]>(
      { ...own, ...place, voters: names },
      fc.constantFrom("none", "unknown"),
    ),
  })
    .map((f): Partial<NodeFacts> => ({
      ...f,
      process: "yes",
      data: { state: "present", identity: f.view.identity ?? "unknown", place },
    }));
  const stopped: fc.Arbitrary<Partial<NodeFacts>> = fc.record({
    process: mostly<Tri>("no", tri),
    data: fc.oneof(
      some.map((id) => ({ state: "present" as const, identity: id, place })),
      fc.constant({ state: "empty" as const, identity: "none" as const, place }),
      fc.constant({ state: "unknown" as const, identity: "unknown" as const, place: undefined }),
    ),
    latch: fc.oneof(
      fc.constantFrom("none" as const, "unknown" as const),
      some.map((id) => ({ ...id, ...place, voters: ["n1", "n2", "n3"] })),
    ),
    started: fc.constantFrom("none" as const, "unknown" as const, place),
    intent: mostly<NodeFacts["intent"]>(
      "none",
      fc.constantFrom<NodeFacts["intent"]>("unknown", { token: "t", members: ["n1", "n2", "n3"] }),
    ),
    fenced: mostly<Tri>("no", tri),
  });
  const kinds: readonly { weight: number; arbitrary: fc.Arbitrary<Partial<NodeFacts>> }[] = isMember
    ? [{ weight: 6, arbitrary: running }, { weight: 1, arbitrary: stopped }, {
      weight: 1,
      arbitrary: fc.constant(unreachable),
    }]
    : [{ weight: 6, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: stopped }, {
      weight: 1,
      arbitrary: fc.constant(unreachable),
    }];
  return fc.tuple(
    fc.oneof(...kinds),
    mostly<readonly Aside[]>([], fc.uniqueArray(asideOn, uniquely)),
  )
    .map(([over, aside]) => ({ ...base, ...over, aside: over.reached === false ? [] : aside }));
};

const asideOn: fc.Arbitrary<Aside> = fc.record({
  clusterId: cluster,
  memberId: fc.constantFrom(...memberIds),
  at: fc.integer({ min: 1, max: 9 }).map((month) => `20260${month}01T120000Z`),
}).map((a) => ({ ...a, path: `/data.quorate-${a.at}-${a.clusterId}-${a.memberId}` }));
const uniquely = { selector: (a: Aside) => a.at, maxLength: 5 };

const reader: Reader = { name: "kv", claims: fakeService.claims, caughtUp: fakeService.caughtUp };
const situation: fc.Arbitrary<Input> = fc.record({
  members: fc.subarray(all),
  asked: fc.option(fc.subarray(all, { minLength: 1 })),
})
  .chain(({ members, asked }) =>
    fc.tuple(...members.map((n) => recordedOn(n, all.indexOf(n)))).chain((list) =>
      fc.record({
        facts: fc.tuple(...all.map((n, i) => factsOn(n, i, list))),
        peers: fc.dictionary(fc.constantFrom(...memberIds), tri),
        moveAll: fc.boolean(),
        removeUnfenced: fc.boolean(),
        paused: mostly(false, fc.boolean()),
        keep: fc.constantFrom(0, 1, 2),
        patient: fc.boolean(),
        done: fc.nat(2),
        drifts: mostly<readonly string[]>([], fc.subarray(all.map((n) => n.name))),
        tried: fc.dictionary(
          fc.constantFrom("add:n4", "repairCrashed:n2", "repairWiped:n3", "retire:n5", "repairConfig:n1"),
          fc.record({ count: fc.nat(4), lastMs: fc.nat(2_000_000) }),
        ),
        formed: fc.boolean(),
      }).map((x): Input => {
        const target: Target = {
          service: "kv",
          desired: asked ?? (members.length > 0 ? members : all.slice(0, 3)),
          nodes: all,
          policy: {
            ...policy,
            moveAll: x.moveAll,
            removeUnfenced: x.removeUnfenced,
            paused: x.paused,
            backup: x.keep > 0 && { keep: x.keep },
          },
        };
        const facts = Object.fromEntries(x.facts.map((f) => [f.node, f]));
        const seen = observe(reader, all, { facts, peers: x.peers, at: 0 });
        return {
          target,
          seen,
          memory: { attempts: x.tried, ...(x.formed ? { clusterId: "c1" } : {}) },
          judge: {
            drift: (_, n) => ({ settings: x.drifts.includes(n.name) ? { A: "b" } : {} }),
            forbids: () => undefined,
          },
          wallMs: 1_000_000,
          token: "fresh",
          removals: { done: x.done, votersAtStart: voters(seen).length },
          patient: x.patient,
        };
      })
    )
  );

const runs = { numRuns: 4_000 };
const holds = (what: string, check: (i: Input) => void) =>
  Deno.test(what, () => fc.assert(fc.property(situation, check), runs));
const changeOf = (i: Input): Change | undefined => {
  const v = classify(i);
  return v.kind === "change" ? v.change : undefined;
};

Deno.test("the situations are of all kinds: every case and every kind of verdict comes up", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(situation, (i) => {
      const v = classify(i);
      seen.add(v.kind === "change" ? v.change.case : v.kind);
    }),
    { numRuns: 20_000, seed: 1 },
  );
  const kinds = [
    "steady",
    "wait",
    "refused",
    "quorumLost",
    "bootstrap",
    "restart",
    "add",
    "remove",
    "replace",
    "retire",
    "repairCrashed",
    "repairWiped",
    "repairConfig",
    "prune",
  ];
  assert.deepEqual(kinds.filter((k) => !seen.has(k)), []);
});

holds("the same situation gives the same verdict, and a refusal says why and what to do", (i) => {
  const v = classify(i);
  assert.deepEqual(classify(i), v);
  const refusals = v.kind === "refused" || v.kind === "wait"
    ? v.refusals
    : v.kind === "quorumLost"
    ? [v.refusal]
    : undefined;
  if (refusals === undefined) return;
  assert.ok(refusals.length > 0);
  for (const r of refusals) {
    assert.ok(r.evidence.length > 0 && r.unblock.length > 0 && !r.evidence.includes("undefined"));
  }
});

holds(
  "nothing is proposed that a rule forbids, nor while something contradicts itself or the service is paused",
  (i) => {
    const change = changeOf(i);
    if (change === undefined) return;
    assert.deepEqual(i.seen.conflicts, []);
    assert.equal(i.target.policy.paused, false);
    assert.equal(forbidsChange(i.seen, change), undefined);
  },
);

/** The observations that the membership effects of a change lead through, what waits for being in sync fulfilled. */
function path(seen: Observation, change: Change): readonly Observation[] {
  const removed = (o: Observation, id: string) => project(o, { does: "removes", member: id });
  switch (change.case) {
    case "remove":
    case "repairWiped":
      return [removed(seen, change.member.id)];
    case "replace": {
      if (change.dead) return [removed(seen, change.member.id)];
      const more = seen.members.concat({
        ...(seen.members[0] ?? change.member),
        id: "new",
        node: change.node.name,
        role: "voter",
        health: "healthy",
        leader: false,
      });
      const joined = recount({ ...seen, members: more });
      return [joined, removed(joined, change.member.id)];
    }
    case "repairConfig":
      return change.latchOnly ? [] : [during(seen, { does: "restarts", node: change.node.name })];
    default:
      return [];
  }
}

holds(
  "S6, S7: no proposed change goes through a moment without a quorum, nor spends safety beside another loss",
  (i) => {
    const change = changeOf(i);
    if (change === undefined) return;
    const touched = "member" in change ? change.member.id : undefined;
    const hurt = voters(i.seen).some((m) => m.health !== "healthy" && m.id !== touched);
    let before = i.seen.quorum;
    for (const after of path(i.seen, change)) {
      // Who has no vote takes none away.
      if (change.case === "remove" && change.member.role === "learner") continue;
      assert.ok(after.quorum.margin >= 0, `${change.case}: margin ${after.quorum.margin}`);
      if (hurt) {
        assert.ok(
          after.quorum.margin >= before.margin,
          `${change.case}: ${before.margin} → ${after.quorum.margin}`,
        );
      }
      before = after.quorum;
    }
  },
);

holds(
  "S1: a bootstrap starts nobody as new who was started before, and only where every host was seen",
  (i) => {
    const change = changeOf(i);
    if (change?.case !== "bootstrap") return;
    if (i.seen.state !== "held") assert.ok(Object.values(i.seen.nodes).every((f) => f.reached));
    for (const n of change.nodes) {
      const f = i.seen.nodes[n.name];
      assert.ok(f !== undefined && f.reached);
      assert.ok(
        f.started === "none" || f.data.state === "present",
        `${n.name} was started and is ${f.data.state}`,
      );
    }
  },
);

holds("S3: a member is repaired as wiped only where its data is proven to be gone", (i) => {
  const change = changeOf(i);
  if (change?.case !== "repairWiped") return;
  const f = i.seen.nodes[change.node.name];
  assert.equal(f?.data.state, "empty");
  assert.equal(f?.process, "no");
  assert.ok(typeof f?.latch !== "string" || typeof f?.started !== "string");
});

holds("only who is recorded and not desired is removed, and never a node that is desired", (i) => {
  const change = changeOf(i);
  const desired = (name: string | undefined) => i.target.desired.some((n) => n.name === name);
  if (change?.case === "remove") {
    assert.ok(!desired(change.member.node) || change.member.role === "learner" || change.member.name === "");
  }
  if (change?.case === "replace") assert.ok(!desired(change.member.node) && desired(change.node.name));
  if (change?.case === "add") assert.ok(desired(change.node.name));
  if (change?.case === "retire") assert.ok(!i.seen.members.some((m) => m.node === change.node.name));
});

holds(
  "only older data of a cluster is pruned, only when nothing else differs, and as much as the policy says",
  (i) => {
    const change = changeOf(i);
    if (change?.case !== "prune") return;
    const { backup } = i.target.policy;
    const aside = i.seen.nodes[change.node.name]?.aside ?? [];
    const left = aside.filter((a) => !change.paths.includes(a.path));
    for (const one of aside) {
      const newer = left.filter((a) => a.clusterId === one.clusterId && a.at > one.at);
      const current = i.seen.members.some((m) => m.id === one.memberId);
      const surplus = backup !== false && newer.length >= backup.keep;
      assert.equal(change.paths.includes(one.path), surplus && !current);
    }
    const without = Object.entries(i.seen.nodes).map(([n, f]) => [n, { ...f, aside: [] }]);
    assert.deepEqual(classify({ ...i, seen: { ...i.seen, nodes: Object.fromEntries(without) } }), {
      kind: "steady",
    });
  },
);

holds("a plan ends, never throws, and its first change is the one that runs now", (i) => {
  const service = { ...fakeService, drift: i.judge.drift };
  const verdict = classify(i);
  const plan = planService(service, i.target, { seen: i.seen, verdict, memory: i.memory, wallMs: i.wallMs });
  assert.ok(plan.changes.length <= 32);
  if (verdict.kind === "change" && plan.changes.length > 0) {
    assert.deepEqual(plan.changes[0]?.change, verdict.change);
  }
  assert.deepEqual(plan.changes.map((c) => c.exact), plan.changes.map((_, at) => at === 0));
});
