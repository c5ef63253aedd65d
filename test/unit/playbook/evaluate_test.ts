/** Probes: three-valued, and never answered from what is only evidence. */
import assert from "node:assert/strict";
import type { Member } from "../../../src/model/observation.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import { sh } from "../../../src/playbook/command.ts";
import { type CommandProbe, commandsOf, evaluate } from "../../../src/playbook/evaluate.ts";
import * as ask from "../../../src/playbook/probe.ts";
import { node } from "../../../src/playbook/where.ts";
import {
  cluster,
  clusterId,
  down,
  empty,
  host,
  idOf,
  latch,
  masked,
  type Over,
  place,
  sick,
  target,
  unreachable,
} from "../core_samples.ts";

const t = target("n1 n2 n3", "n1 n2 n3 n4");
const seen = (over: Over = {}) => cluster(t, "n1 n2 n3", over);
const as = (m: Partial<Member>) => seen({ members: { n3: m } });
const on = (f: Partial<NodeFacts>) => seen({ nodes: { n3: f } });
const n3 = host("n3");
const learner: Partial<Member> = { role: "learner", caughtUp: "unknown" };

const facts: readonly (readonly [string, ask.Probe, ReturnType<typeof seen>, "yes" | "no" | "unknown"])[] = [
  ["recorded", ask.recorded(n3), seen(), "yes"],
  ["recorded, by id", ask.recorded(ask.member(idOf(seen(), "n3"))), seen(), "yes"],
  ["recorded, nobody", ask.recorded(host("n4")), seen(), "no"],
  ["recorded, without a quorum", ask.recorded(n3), seen({ state: "lost" }), "unknown"],
  [
    "not recorded, without a quorum",
    ask.not(ask.recorded(host("n4"))),
    seen({ state: "unknown" }),
    "unknown",
  ],
  ["started", ask.started(n3), seen(), "yes"],
  ["started, no name (S25)", ask.started(n3), as({ name: "" }), "no"],
  ["voter", ask.voter(n3), as(learner), "no"],
  ["learner", ask.learner(n3), as(learner), "yes"],
  ["leader", ask.leader(host("n1")), seen(), "yes"],
  ["leader, another", ask.leader(n3), seen(), "no"],
  ["healthy", ask.healthy(n3), as(sick), "no"],
  ["healthy, not known", ask.healthy(n3), as({ health: "unknown" }), "unknown"],
  ["caught up, not known", ask.caughtUp(n3), as(learner), "unknown"],
  ["caught up, a voter", ask.caughtUp(n3), seen(), "no"],
  ["running", ask.running(n3), on(down), "no"],
  ["running, not known", ask.running(n3), on({ process: "unknown" }), "unknown"],
  ["running, unreachable", ask.running(n3), on(unreachable), "unknown"],
  ["running, no such node", ask.running({ name: "n9" }), seen(), "unknown"],
  ["empty", ask.dataEmpty(n3), on(empty), "yes"],
  ["empty, full", ask.dataEmpty(n3), seen(), "no"],
  [
    "empty, not known",
    ask.dataEmpty(n3),
    on({ data: { state: "unknown", identity: "unknown", place } }),
    "unknown",
  ],
  ["pristine", ask.dataPristine(n3), on(empty), "no"],
  ["latched", ask.latched(n3), seen(), "yes"],
  ["latched, a former id", ask.latched(n3), on(latch({ clusterId, memberId: "old" })), "no"],
  ["latched, unreadable", ask.latched(n3), on({ latch: "unknown" }), "unknown"],
  ["intended", ask.intended(n3), on({ intent: { token: "t", members: [] } }), "yes"],
  ["intended, unreadable", ask.intended(n3), on({ intent: "unknown" }), "unknown"],
  ["marked as started", ask.markedStarted(n3), on({ started: place }), "yes"],
  ["marked as started, unreadable", ask.markedStarted(n3), on({ started: "unknown" }), "unknown"],
  ["enabled", ask.enabled(n3), on(masked), "no"],
  ["fenced", ask.fenced(n3), on({ ...down, fenced: "yes" }), "yes"],
  ["fenced, a process is left", ask.fenced(n3), on({ process: "yes", fenced: "yes" }), "no"],
  ["fenced, perhaps a process is left", ask.fenced(n3), on({ process: "unknown", fenced: "yes" }), "unknown"],
  ["a setting", ask.setting(n3, "A", "b"), on({ settings: { A: "b" } }), "yes"],
  ["a setting that is not there", ask.setting(n3, "A", "b"), on({ settings: {} }), "no"],
  ["a setting that could not be read", ask.setting(n3, "A", "b"), on({ settings: undefined }), "unknown"],
  ["the quorum", ask.quorumHeld, seen(), "yes"],
  ["the quorum, lost", ask.quorumHeld, seen({ state: "lost" }), "no"],
  ["the quorum, not known", ask.quorumHeld, seen({ state: "unknown" }), "unknown"],
  ["settled", ask.settled([n3], seen().members), seen(), "yes"],
  ["settled, one got worse", ask.settled([], seen().members), as(sick), "no"],
  ["settled, one is not known", ask.settled([], seen().members), as({ health: "unknown" }), "unknown"],
  ["settled, one was removed", ask.settled([], seen().members), cluster(t, "n1 n2"), "yes"],
  ["settled, not a voter yet", ask.settled([n3]), as({ ...learner }), "no"],
  ["settled, no leader", ask.settled([n3]), seen({ members: { n1: { leader: false } } }), "no"],
  ["settled, without a quorum", ask.settled([]), seen({ state: "lost" }), "no"],
  ["all, one unknown", ask.all(ask.healthy(n3), ask.recorded(n3)), as({ health: "unknown" }), "unknown"],
  ["all, one no", ask.all(ask.healthy(n3), ask.leader(n3)), as({ health: "unknown" }), "no"],
  ["any, one yes", ask.any(ask.healthy(n3), ask.recorded(n3)), as({ health: "unknown" }), "yes"],
  ["any, none yes", ask.any(ask.healthy(n3), ask.leader(n3)), as({ health: "unknown" }), "unknown"],
];
for (const [what, probe, o, answer] of facts) {
  Deno.test(`a probe for ${what} is answered ${answer}`, () => {
    assert.equal(evaluate(probe, o), answer);
    assert.ok(ask.probeText(probe).length > 5);
  });
}

Deno.test("a command's answer comes from outside; without it, it is unknown", () => {
  const probe = ask.answers(sh`test -e /x`, node(n3));
  const nested = ask.all(ask.not(probe), ask.any(ask.recorded(n3)));
  const [command] = commandsOf(nested);
  assert.equal(command, probe);
  assert.ok(command);
  assert.equal(evaluate(nested, seen()), "unknown");
  const said = (word: "yes" | "no") => new Map<CommandProbe, "yes" | "no">([[command, word]]);
  assert.equal(evaluate(nested, seen(), said("no")), "yes");
  assert.equal(evaluate(nested, seen(), said("yes")), "no");
});
