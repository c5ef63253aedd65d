/** Follows what the shipped core decides in a small world to its end, as the engine would. */
import { classify } from "../../src/classify/classify.ts";
import { type Change, subjectOf, type Verdict } from "../../src/model/change.ts";
import { memberById, type Memory, type Observation, type Target } from "../../src/model/observation.ts";
import type { Refusal } from "../../src/model/refusal.ts";
import { failedOnce, remember } from "../../src/engine/memory.ts";
import { evaluate } from "../../src/playbook/evaluate.ts";
import { resolveWhere } from "../../src/playbook/place.ts";
import type { Step } from "../../src/playbook/step.ts";
import { forbidsEffect, forbidsUnseen } from "../../src/rules/effects.ts";
import { badOrder } from "../../src/rules/order.ts";
import { input } from "../unit/core_samples.ts";
import type { Outcome, SmallWorld } from "./small_world.ts";
import type { Recorded } from "./spot.ts";

/** A run ends after so many changes, and the story after so many runs. */
const MOST_CHANGES = 24;
const MOST_RUNS = 24;
const SAME_CHANGE_LIMIT = 3;
/** Longer than any backoff, and than a join is waited for. */
const BETWEEN_MS = 10_000_000;

export interface End {
  readonly story: readonly string[];
  readonly verdict: Verdict;
  readonly seen: Observation;
  /** What must not happen, and did. */
  readonly wrong: string | undefined;
  /** What the runs remember: tries in vain are no refusal of something safe. */
  readonly memory: Memory;
}

type Ended = Outcome | { readonly kind: "refused"; readonly refusal: Refusal };

/** Runs until nothing is left to do, or the same refusal comes twice. */
export function follow(world: SmallWorld): End {
  const { target } = world;
  const story: string[] = [];
  let memory: Memory = { attempts: {} };
  let before = "";
  let end: End | undefined;
  for (let run = 0; run < MOST_RUNS; run++) {
    const wallMs = 1_000_000 + run * BETWEEN_MS;
    let removed = 0;
    const completed = new Map<string, number>();
    let seen = world.look();
    const votersAtStart = seen.members.filter((m) => m.role === "voter").length;
    let verdict: Verdict = { kind: "steady" };
    for (let changes = 0;; changes++) {
      if (seen.conflicts.length === 0) memory = remember(memory, seen, wallMs);
      verdict = classify(input(target, seen, {
        memory,
        wallMs,
        judge: world.judge,
        removals: { done: removed, votersAtStart },
      }));
      if (verdict.kind !== "change") break;
      const { change } = verdict;
      story.push(change.case);
      const ended = carryOut(world, target, seen, change, story);
      if (ended.kind === "wrong") return { story, seen, verdict, memory, wrong: ended.what };
      if (ended.kind === "done" && change.case === "remove" && change.member.role === "voter") removed++;
      if (changes === MOST_CHANGES) {
        return { story, seen, verdict, memory, wrong: "it never comes to an end" };
      }
      const key = `${change.case} ${subjectOf(change)}`;
      completed.set(key, (completed.get(key) ?? 0) + 1);
      // What is completed again and again and yet is due has failed.
      const again = ended.kind === "done" && (completed.get(key) ?? 0) >= SAME_CHANGE_LIMIT;
      if (ended.kind === "failed" || again) memory = failedOnce(memory, change, wallMs);
      if (ended.kind === "refused") verdict = { kind: "refused", refusals: [ended.refusal] };
      if (ended.kind !== "done" || again) break;
      seen = world.look();
    }
    end = { story, seen, verdict, memory, wrong: undefined };
    if (verdict.kind === "steady") return end;
    const said = `${verdict.kind} ${reasonsOf(verdict).join()}`;
    if (said === before && verdict.kind !== "change") return end;
    before = said;
    story.push(`-- the run ends: ${said}`);
  }
  if (end === undefined) throw new TypeError("Cannot follow nothing");
  return { ...end, wrong: "it never comes to rest" };
}

export const reasonsOf = (v: Verdict): readonly string[] =>
  (v.kind === "refused" || v.kind === "wait" ? v.refusals : v.kind === "quorumLost" ? [v.refusal] : [])
    .map((r) => `${r.rule} ${r.evidence}`);

function carryOut(
  world: SmallWorld,
  target: Target,
  first: Observation,
  change: Change,
  story: string[],
): Ended {
  const steps = world.service.steps(change, {
    seen: first,
    desired: target.desired,
    backup: false,
    joinTimeoutMs: 1_000,
  });
  const bad = badOrder(steps, false);
  if (bad !== undefined) return { kind: "refused", refusal: bad };
  const tried: Step[] = [];
  for (const step of steps) {
    tried.push(step);
    const gone = change.case === "replace" && change.dead && step.effect.does === "removes";
    if (gone && world.record.some((m) => m.id === change.member.id && world.up(m))) {
      return { kind: "wrong", what: `${change.member.node} is well, and is replaced as dead` };
    }
    const ended = one(world, step, story);
    if (ended.kind === "failed") undo(world, tried, story);
    if (ended.kind !== "done") return ended;
  }
  return { kind: "done" };
}

function one(world: SmallWorld, step: Step, story: string[]): Ended {
  const seen = world.look();
  const { action } = step;
  switch (action.do) {
    case "refuse":
      return {
        kind: "refused",
        refusal: { rule: action.rule, evidence: action.why, unblock: action.unblock },
      };
    case "must":
      return evaluate(action.hold, seen) === "yes" ? { kind: "done" } : unknown(step.id);
    case "wait":
      return evaluate(action.until, seen) === "yes" ? { kind: "done" } : { kind: "failed", why: step.id };
  }
  const probe = step.unless ?? step.onlyIf;
  if (probe !== undefined) {
    const said = evaluate(probe, seen);
    if (said === "unknown") return unknown(step.id);
    if ((step.unless === undefined) !== (said === "yes")) return { kind: "done" };
  }
  const stop = seen.conflicts[0] ?? forbidsUnseen(seen, step.effect) ?? forbidsEffect(seen, step.effect);
  if (stop !== undefined) return { kind: "refused", refusal: stop };
  const on = resolveWhere(step.on, seen);
  if (on === undefined) return unknown(step.id);
  if (on !== "management" && !world.spot(on).reached) {
    return { kind: "failed", why: `${on} cannot be reached` };
  }
  const texts = action.do === "run" ? world.texts(action.command, seen) : new Map<string, string>();
  if (texts === undefined) return unknown(step.id);
  story.push(`  ${step.id}`);
  const outcome = world.apply(step.effect, texts);
  if (outcome.kind !== "done") return outcome;
  if (step.verify !== undefined && evaluate(step.verify, world.look()) !== "yes") {
    return { kind: "failed", why: step.id };
  }
  return { kind: "done" };
}

function undo(world: SmallWorld, tried: readonly Step[], story: string[]): void {
  for (const step of [...tried].reverse()) {
    if (step.undo === undefined || evaluate(step.undo.if, world.look()) !== "yes") continue;
    story.push(`  undo ${step.id}`);
    const node = "node" in step.effect ? step.effect.node : "";
    world.record = world.record.filter((m) => m.node !== node || m.voter);
  }
}

const unknown = (id: string): Ended => ({
  kind: "refused",
  refusal: { rule: "S24", evidence: `step ${id} depends on what is not known`, unblock: "see to it" },
});

/** Something that could be done without any risk, by arithmetic on what is known alone. */
export function safeAction(world: SmallWorld, { seen, memory }: End): string | undefined {
  const { target } = world;
  // Nobody wrote down whose the service is, and it is on few of the desired nodes: it may be anybody's (S1).
  const latched = world.record.some((m) => {
    const s = world.spot(m.node);
    return s.reached && s.marks && s.latch === m.id;
  });
  const kept = target.desired.filter((n) => world.record.some((m) => m.node === n.name)).length;
  if (world.record.length > 0 && !latched && 2 * kept <= target.desired.length) return undefined;
  const tried = (key: string) => (memory.attempts[key]?.count ?? 0) > 0;
  const spot = (node: string) => world.spot(node);
  const known = (node: string) => {
    const s = spot(node);
    return s.reached && s.readable && s.mounted && s.scanned && s.marks && !s.held && !s.lacks;
  };
  const wanted = (node: string) => target.desired.some((n) => n.name === node);
  const down = world.record.filter((m) =>
    known(m.node) && !spot(m.node).process && spot(m.node).data === m.id && !spot(m.node).blank
  );
  if (seen.state !== "held") {
    if (world.record.length === 0) {
      const empty = target.nodes.every((n) => {
        const s = spot(n.name);
        return known(n.name) && s.latch === undefined && !s.started && (s.data === undefined || s.pristine);
      });
      return empty && !target.nodes.some((n) => tried(`bootstrap:${n.name}`)) ? "bootstrap" : undefined;
    }
    const able = world.voters.filter((m) => world.up(m) && spot(m.node).reached || down.includes(m));
    return able.length > world.voters.length / 2 && down.length > 0 && latched &&
        able.some((m) => wanted(m.node)) && !world.held
      ? `start ${down.map((m) => m.node).join(", ")}`
      : undefined;
  }
  for (const m of down) {
    if (m.voter && m.named && wanted(m.node) && !tried(`repairCrashed:${m.node}`)) return `start ${m.node}`;
  }
  const well = (m: Recorded) => memberById(seen, m.id)?.health === "healthy";
  const without = (gone: Recorded) => world.record.filter((m) => m !== gone);
  const ill = world.voters.filter((m) => !well(m));
  const margin = (gone: string) => {
    const left = world.voters.filter((m) => m.id !== gone);
    return left.filter(well).length - (Math.floor(left.length / 2) + 1);
  };
  for (const m of world.record) {
    const dead = memberById(seen, m.id)?.health === "unhealthy";
    if (
      !wanted(m.node) && m.voter && m.named && dead && ill.every((x) => x === m) && margin(m.id) >= 0 &&
      world.canLeave(m)
    ) {
      return `remove ${m.node}`;
    }
    const wiped = known(m.node) && (spot(m.node).data === undefined || spot(m.node).blank) &&
      spot(m.node).latch === m.id;
    if (
      wanted(m.node) && m.voter && m.named && wiped && ill.every((x) => x === m) && margin(m.id) >= 0 &&
      world.voters.length === world.record.length && !tried(`repairWiped:${m.node}`)
    ) {
      return `repair ${m.node}`;
    }
    // Where only learners can be asked it is known that a quorum is held, and not by whom.
    if (!m.voter && !wanted(m.node) && world.voters.some(well) && world.canLeave(m)) return `evict ${m.node}`;
    const promoted = without(m).concat({ ...m, voter: true });
    if (
      !m.voter && wanted(m.node) && known(m.node) && well(m) && m.inSync && ill.length === 0 &&
      world.canRoll(promoted)
    ) {
      return `promote ${m.node}`;
    }
  }
  const calm = world.record.every((m) => m.voter && well(m) && spot(m.node).reached);
  const fit = target.desired.find(({ name }) =>
    !world.record.some((m) => m.node === name) && known(name) && spot(name).data === undefined &&
    !spot(name).process && spot(name).latch === undefined && !tried(`add:${name}`)
  );
  if (calm && world.late.length > 0 && world.canRoll(world.record)) {
    return `bring the list to ${world.late.map((m) => m.node).join(", ")}`;
  }
  if (!calm || fit === undefined) return undefined;
  // One that comes in another's place is not begun with if that one could not go then.
  const joined = [...world.record, world.joining(fit.name)];
  const leaving = world.record.filter((m) => !wanted(m.node));
  const ends = leaving.length === 0 ? [joined] : leaving.map((m) => joined.filter((x) => x !== m));
  return world.canRoll(joined) && ends.some((end) => world.canRoll(end)) ? `add ${fit.name}` : undefined;
}
