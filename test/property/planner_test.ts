/**
 * Every combination of up to three recorded and three desired nodes, of each kind, under a held quorum: each plan is
 * followed to its end in a model of its own. What is refused for ever although something safe could be done, and what
 * costs the quorum, is told as a short story.
 */
import assert from "node:assert/strict";
import { classify } from "../../src/classify/classify.ts";
import type { Verdict } from "../../src/model/change.ts";
import { memberOn, type Observation, type Target, voters } from "../../src/model/observation.ts";
import { quorumOf } from "../../src/model/quorum.ts";
import { planChange } from "../../src/plan/steps.ts";
import { cluster, input, target } from "../unit/core_samples.ts";
import { etcd } from "../../plugins/etcd/mod.ts";
import { etcdOptions } from "../sim/subject.ts";
import { comingKinds, type Kind, memberKinds, Model } from "./planner.ts";

interface Case {
  readonly recorded: readonly Kind[];
  /** So many of the recorded ones, the first of them, are desired as well. */
  readonly kept: number;
  readonly coming: readonly Kind[];
}

/** Of nodes that are alike the order does not matter: only sorted choices are made. */
function choices<T>(list: readonly T[], count: number, from = 0): readonly (readonly T[])[] {
  if (count === 0) return [[]];
  return list.flatMap((one, at) =>
    at < from ? [] : choices(list, count - 1, at).map((rest) => [one, ...rest])
  );
}
/** The first kind is the one in order; at most `odd` nodes are of another. */
function* cases(sizes: readonly number[], most: number, odd: number): Generator<Case> {
  const few = (list: readonly Kind[], count: number, left: number) =>
    choices(list, count).map((kinds) => ({ kinds, left: left - kinds.filter((k) => k !== list[0]).length }))
      .filter((c) => c.left >= 0);
  for (const size of sizes) {
    for (let kept = 0; kept <= size; kept++) {
      for (let come = kept === 0 ? 1 : 0; kept + come <= most; come++) {
        for (const stay of few(memberKinds, kept, odd)) {
          for (const go of few(memberKinds, size - kept, stay.left)) {
            for (const coming of few(comingKinds, come, go.left)) {
              yield { recorded: [...stay.kinds, ...go.kinds], kept, coming: coming.kinds };
            }
          }
        }
      }
    }
  }
}

const zip = (names: readonly string[], kinds: readonly Kind[]) =>
  names.flatMap((n, i): readonly (readonly [string, Kind])[] =>
    kinds[i] === undefined ? [] : [[n, kinds[i]]]
  );

function situation(
  { recorded, kept, coming }: Case,
): { readonly t: Target; readonly seen: Observation } | undefined {
  const old = recorded.map((_, i) => `n${i + 1}`);
  const fresh = coming.map((_, i) => `n${i + 6}`);
  const { desired, ...rest } = target(
    [...old.slice(0, kept), ...fresh].join(" "),
    [...old, ...fresh].join(" "),
    {
      moveAll: true,
    },
  );
  const t = { ...rest, desired: rest.nodes.filter((n) => desired.some((d) => d.name === n.name)) };
  const named = [...zip(old, recorded), ...zip(fresh, coming)];
  const seen = cluster(t, old.join(" "), {
    members: Object.fromEntries(named.map(([n, kind]) => [n, kind.member ?? {}])),
    nodes: Object.fromEntries(named.map(([n, kind]) => [n, kind.node ?? {}])),
  });
  if (seen.quorum.margin < 0) return undefined;
  // Somebody has to be asked who tells that the quorum is held.
  const able = seen.members.find((m) =>
    m.role === "voter" && m.health === "healthy" && seen.nodes[m.node ?? ""]?.reached
  );
  if (seen.members.filter((m) => m.role === "learner").length > 1 || able === undefined) return undefined;
  return { t, seen: { ...seen, members: seen.members.map((m) => ({ ...m, leader: m === able })) } };
}

const verdictOf = (t: Target, seen: Observation, done: number, votersAtStart: number): Verdict =>
  classify(input(t, seen, {
    judge: {
      drift: () => ({ settings: {} }),
      forbids: () => undefined,
    },
    removals: { done, votersAtStart },
  }));

/** Follows the plan; what went wrong on the way, and where it ended. */
function follow(t: Target, first: Observation) {
  const story: string[] = [];
  const service = etcd.bind({ name: t.service, options: etcdOptions, nodes: t.nodes });
  let seen = first;
  let removed = 0;
  for (let turns = 0; turns < 24; turns++) {
    const verdict = verdictOf(t, seen, removed, voters(first).length);
    if (verdict.kind !== "change") return { story, seen, verdict, wrong: undefined };
    const { change } = verdict;
    story.push(change.case);
    const context = { seen, desired: t.desired, backup: false, joinTimeoutMs: 1_000 };
    const { planned, after } = planChange(service, t, seen, change, true);
    const model = new Model(seen);
    for (const [at, step] of service.steps(change, context).entries()) {
      if (planned.steps[at]?.skip) continue;
      story.push(`  ${step.id}`);
      const wrong = model.apply(step.effect, seen);
      if (wrong !== undefined) return { story, seen, verdict, wrong };
    }
    if (change.case === "remove" && change.member.role === "voter") removed++;
    seen = after;
  }
  return { story, seen, verdict: verdictOf(t, seen, removed, 3), wrong: "it never comes to an end" };
}

/** Something that could be done without any risk, by arithmetic alone. */
function safeAction(t: Target, seen: Observation): string | undefined {
  const all = voters(seen);
  const healthy = all.filter((m) => m.health === "healthy").length;
  const facts = (node: string | undefined) => seen.nodes[node ?? ""];
  const wanted = (node: string | undefined) => t.desired.some((n) => n.name === node);
  for (const m of seen.members) {
    const f = facts(m.node);
    const own = typeof f?.data.identity === "object" && f.data.identity.memberId === m.id;
    if (
      m.health === "unhealthy" && f?.reached && f.process === "no" && own && f.unit.enabled === "enabled" &&
      wanted(m.node)
    ) {
      return `start ${m.node}`;
    }
    const left = all.filter((x) => x !== m).length;
    const stay = healthy - (m.health === "healthy" ? 1 : 0);
    const needed = quorumOf(left, 0).needed;
    const othersWell = all.every((x) => x === m || x.health === "healthy");
    if (
      m.role === "voter" && !wanted(m.node) && m.health === "unhealthy" && left > 0 && stay >= needed &&
      othersWell
    ) {
      return `remove ${m.node}`;
    }
  }
  const calm = seen.members.every((m) => m.role === "voter" && m.health === "healthy");
  const fit = t.desired.find((n) =>
    memberOn(seen, n.name) === undefined && facts(n.name)?.data.state === "empty" &&
    facts(n.name)?.process === "no" &&
    facts(n.name)?.missing.length === 0 && !facts(n.name)?.unit.enabled.startsWith("masked")
  );
  return calm && fit !== undefined ? `add ${fit.name}` : undefined;
}

const told = (c: Case, story: readonly string[], end: string): string =>
  [
    ...c.recorded.map((k, i) => `n${i + 1} is recorded${i < c.kept ? " and desired" : ""}: it ${k.name}`),
    ...c.coming.map((k, i) => `n${i + 6} is desired: it ${k.name}`),
    ...story,
    end,
  ].join("\n");

Deno.test("up to 3 recorded and 3 desired nodes of every kind: plans keep the quorum and end, nothing safe is refused", () => {
  assert.ok(judgeAll(cases([1, 2, 3], 3, 6)) > 6_000);
});

Deno.test("up to 5 recorded and 5 desired nodes, two of them out of order: the same", () => {
  assert.ok(judgeAll(cases([4, 5], 5, 2)) > 9_000);
});

/** How many situations were judged. */
function judgeAll(all: Iterable<Case>): number {
  let judged = 0;
  const ends = new Map<string, number>();
  for (const c of all) {
    const s = situation(c);
    if (s === undefined) continue;
    judged++;
    const { story, seen, verdict, wrong } = follow(s.t, s.seen);
    assert.equal(wrong, undefined, told(c, story, `then: ${wrong}`));
    ends.set(verdict.kind, (ends.get(verdict.kind) ?? 0) + 1);
    if (verdict.kind === "steady") {
      const names = (list: readonly (string | undefined)[]) => [...list].sort().join(" ");
      assert.equal(
        names(seen.members.map((m) => m.node)),
        names(s.t.desired.map((n) => n.name)),
        told(c, story, "ends steady with other members than desired"),
      );
      continue;
    }
    const why = "refusals" in verdict
      ? verdict.refusals.map((r) => `${r.rule} ${r.evidence}`).join("; ")
      : "";
    // A cap on the removals of one run is no refusal for ever.
    if ("refusals" in verdict && verdict.refusals.some((r) => r.rule === "S9")) continue;
    const safe = safeAction(s.t, seen);
    assert.equal(safe, undefined, told(c, story, `ends ${verdict.kind}: ${why}\nalthough it could ${safe}`));
  }
  console.log(`${judged} situations: ${[...ends].map(([k, n]) => `${n} ${k}`).join(", ")}`);
  return judged;
}
