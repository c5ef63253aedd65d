/**
 * One acting step: its guard, the rules, the locks, the command, and what became of it.
 *
 * @module
 */
import type { Reply, Session } from "../model/fleet.ts";
import type { StepName } from "../model/event.ts";
import type { Refusal } from "../model/refusal.ts";
import { changesMembership, irreversible } from "../playbook/effect.ts";
import { type Probe, probeText } from "../playbook/probe.ts";
import { type Acting, type Step, transferText } from "../playbook/step.ts";
import { forbidsEffect, forbidsUnseen } from "../rules/effects.ts";
import { fetchFile } from "./fetch.ts";
import { putFile } from "./put.ts";
import { resolveWhere } from "../playbook/place.ts";
import { JUST_NOW_MS } from "./view.ts";
import { whomItConcerns } from "./whom.ts";
import {
  brokenOff,
  filledIn,
  lastLines,
  leaseForbids,
  type Scene,
  script,
  sessionOn,
  type StepEnd,
} from "./scene.ts";

/** A command that cannot be taken back starts within this time on the node, or never (S16). */
const NOT_AFTER_MS = 10_000;
/** After a lost connection: as often is a step tried again that says why twice is safe (S13). */
const LOST_TRIES = 3;
const LOST_PAUSE_MS = 1_000;
const VERIFY_MS = 10_000;

/** Runs a step that changes something, as often as its own retry and a lost connection allow. */
export async function act(
  scene: Scene,
  step: Step,
  action: Acting,
  name: StepName,
): Promise<StepEnd> {
  const { clock } = scene.run.outside;
  const began = clock.now();
  let told = false;
  for (let lost = 0;;) {
    // Before every try, not only the first: what a retry is told "not yet" about may have changed its meaning.
    const guard = await guarded(scene, step);
    if (guard.kind !== "go") {
      // An earlier try of ours whose answer was lost has done it.
      if (guard.kind === "already" && told) return done(scene, step, name, began, undefined);
      if (guard.kind === "already") {
        scene.emit({ event: "stepSkipped", step: name, why: guard.why });
        return { kind: "skipped" };
      }
      return guard;
    }
    const prepared = await prepare(scene, step, action);
    if (prepared.kind !== "ready") return prepared;
    const { on, text } = prepared;
    const judgedAt = clock.now();
    const session = on === "management" ? undefined : await sessionOn(scene, on);
    if (session !== undefined && "kind" in session) return session;
    const forbidden = step.effect.does === "nothing" ? undefined : await leaseForbids(scene);
    if (forbidden !== undefined) return forbidden;
    // A lock of our own that was lost, or the lease, may have been waited for: what was judged before that is old.
    if (clock.now() - judgedAt > JUST_NOW_MS) {
      const why = brokenOff(scene);
      if (why !== undefined) return { kind: "interrupted", why };
      continue;
    }
    if (!told) scene.emit({ event: "stepStarted", step: name, on, command: text });
    told = true;
    const reply = await send(scene, step, action, session, text);
    scene.view.did(step.effect, on, reply.kind === "exited" && reply.code === 0);
    if (reply.kind === "exited" && reply.code === 0) {
      const output = lastLines(reply.stdout);
      return await verified(scene, step, on, text) ?? done(scene, step, name, began, output);
    }
    const said = reply.kind === "exited" || reply.kind === "timedOut"
      ? lastLines(reply.stdout, reply.stderr)
      : reply.kind === "lost"
      ? reply.detail
      : reply.trouble.detail;
    const failed: StepEnd = { kind: "failed", failure: failure(on, text, reply, said) };
    // A step that would be tried again is left to the next run: what it is part of must not be undone for that.
    const broken = brokenOff(scene);
    if (reply.kind === "lost" || reply.kind === "timedOut") {
      // What hung for its whole deadline is tried once more at most.
      lost += reply.kind === "lost" ? 1 : LOST_TRIES - 1;
      if (lost >= LOST_TRIES) return failed;
      if (broken !== undefined) return { kind: "interrupted", why: broken };
      scene.view.touch();
      await clock.sleep(LOST_PAUSE_MS);
      continue;
    }
    const retry = step.retry;
    if (
      retry === undefined || clock.now() - began > retry.forMs ||
      (retry.when !== undefined && !said.includes(retry.when))
    ) return failed;
    if (broken !== undefined) return { kind: "interrupted", why: broken };
    scene.emit({ event: "stepWaiting", step: name, why: said.split("\n").at(-1) ?? "" });
    await clock.sleep(retry.everyMs);
    scene.view.touch();
  }
}

function done(scene: Scene, step: Step, name: StepName, began: number, output: string | undefined): StepEnd {
  const ms = scene.run.outside.clock.now() - began;
  const tell = step.effect.does === "nothing" && output !== undefined && output !== "";
  scene.emit({ event: "stepDone", step: name, ms, ...(tell ? { output } : {}) });
  return { kind: "done" };
}

type Guarded =
  | { readonly kind: "go" }
  | { readonly kind: "already"; readonly why: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Unknown is not false: it neither skips nor runs a step (S24). */
async function guarded(scene: Scene, step: Step): Promise<Guarded> {
  const probe = step.unless ?? step.onlyIf;
  if (probe === undefined) return { kind: "go" };
  const said = await scene.view.ask(probe);
  if (said === "unknown") return { kind: "refused", refusal: notKnown(step.id, probe) };
  const go = step.unless === undefined ? said === "yes" : said === "no";
  return go ? { kind: "go" } : { kind: "already", why: `${step.unless ? "" : "not: "}${probeText(probe)}` };
}

export const notKnown = (id: string, probe: Probe): Refusal => ({
  rule: "S24",
  evidence: `step ${id} depends on whether ${probeText(probe)}, and that is not known`,
  unblock:
    "see `quorate status`: a node that cannot be asked, or a service that does not answer, has to be mended",
});

type Prepared = { readonly kind: "ready"; readonly on: string; readonly text: string } | StepEnd;

/** The rules, the place and the late values, all from one fresh observation. */
async function prepare(scene: Scene, step: Step, action: Acting): Promise<Prepared> {
  const { run, view, locks } = scene;
  const { clock } = run.outside;
  // A restart takes a vote away for a while, and two managers that each take one would cost the quorum.
  const cannot = irreversible(step.effect) || changesMembership(step.effect) ||
    step.effect.does === "restarts";
  const since = clock.now();
  for (let waited = false;;) {
    const begun = clock.now();
    // The locks first: one that was heard of stays held for a while, and what was seen does not stay as it is.
    const alive = cannot ? await locks.alive() : undefined;
    const whom = whomItConcerns(step.effect, step.on, view.newest);
    const seen = await view.see(whom, cannot ? JUST_NOW_MS : undefined);
    // A node kept us waiting. It is known for silent now, so once more all of it comes from one moment.
    if (cannot && !waited && clock.now() - begun > JUST_NOW_MS) {
      waited = true;
      continue;
    }
    const lost = alive === undefined ? undefined : locks.lost(run.target, seen, alive);
    if (lost !== undefined) return { kind: "refused", refusal: lost };
    // What contradicts itself proves nothing (S2, S3), and without a quorum in sight nothing can be counted (S24).
    const unclear = seen.conflicts[0] ?? forbidsUnseen(seen, step.effect);
    const forbidden = unclear ?? forbidsEffect(seen, step.effect);
    if (forbidden !== undefined && unclear === undefined) return { kind: "refused", refusal: forbidden };
    const on = resolveWhere(step.on, seen);
    const text = action.do === "run" ? filledIn(action.command, seen, run) : transferText(action);
    if (unclear === undefined && on !== undefined && text !== undefined) return { kind: "ready", on, text };
    // An election, or a list that was just changed: worth a few looks.
    if (clock.now() - since > VERIFY_MS) {
      const what = on === undefined
        ? "no healthy voter can be reached to run it on"
        : "a value that it needs does not exist";
      return {
        kind: "refused",
        refusal: unclear ??
          { rule: "S24", evidence: `step ${step.id}: ${what}`, unblock: "see `quorate status`" },
      };
    }
    await clock.sleep(200);
    view.touch();
  }
}

/** Without a session: on the management node. */
async function send(
  scene: Scene,
  step: Step,
  action: Acting,
  session: Session | undefined,
  text: string,
): Promise<Reply> {
  if (session === undefined) return await scene.run.outside.here(text, { timeoutMs: step.timeoutMs });
  if (action.do === "fetch") return await fetchFile(scene.run, session, action, step.timeoutMs);
  if (action.do === "put") return await putFile(scene.run, session, action, step.timeoutMs);
  return await session.run(script(text, scene.run), {
    timeoutMs: step.timeoutMs,
    about: { step: step.id, effect: step.effect },
    ...(irreversible(step.effect) ? { notAfterMs: NOT_AFTER_MS } : {}),
  });
}

/** A step that says how to see its effect has failed unless it is seen. */
async function verified(scene: Scene, step: Step, on: string, text: string): Promise<StepEnd | undefined> {
  if (step.verify === undefined) return undefined;
  const { clock } = scene.run.outside;
  const until = clock.now() + VERIFY_MS;
  const seen = await scene.view.until(step.verify, () => clock.now() > until);
  if (seen !== undefined) return undefined;
  return {
    kind: "failed",
    failure: {
      on,
      command: text,
      what: `it ended well, but this does not hold afterwards: ${probeText(step.verify)}`,
      next: "see `quorate status`; the next run goes on from what it finds",
    },
  };
}

const failure = (on: string, command: string, reply: Reply, output: string) => ({
  on,
  command,
  what: reply.kind === "exited"
    ? `it ended with exit code ${reply.code}`
    : reply.kind === "timedOut"
    ? "it did not end in time"
    : reply.kind === "lost"
    ? "the connection was lost, and what became of it is not known"
    : "the node cannot be reached",
  ...(output === "" ? {} : { output }),
  next: reply.kind === "unreachable"
    ? reply.trouble.unblock
    : `see the service's log on ${on}; the next run goes on from what it finds`,
});
