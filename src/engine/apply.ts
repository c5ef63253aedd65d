/**
 * The loop: observe, name the difference, carry out the one next change, look again. Level-triggered: nothing is
 * carried from one turn to the next but the count of removals (S9) and what may only delay or forbid.
 *
 * @module
 */
import { classify } from "../classify/classify.ts";
import type { Input } from "../classify/input.ts";
import { type Change, subjectOf, type Verdict } from "../model/change.ts";
import type { Happening } from "../model/event.ts";
import { memberById, type Memory, type Observation, voters } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Looked } from "../model/plan.ts";
import { badOrder } from "../rules/order.ts";
import { serviceOfAnother } from "../rules/s01_absent.ts";
import { titleOf } from "../playbook/step.ts";
import { answerOn } from "./answer.ts";
import { type ChangeEnd, failureText, runSteps } from "./change.ts";
import { type Applied, begin, type End, type Held } from "./begin.ts";
import type { Lease } from "./lease.ts";
import { type Locks, nodeLocks } from "./lock.ts";
import { atRest, failedOnce, joinTimeLeft, remember, tryKey } from "./memory.ts";
import type { ServiceRun } from "./outside.ts";
import { whyStopped } from "./scene.ts";
import { StateError } from "./state_error.ts";
import { stabilize } from "./stabilize.ts";
import { type View, viewOf } from "./view.ts";

/** What is worth a second look gets at least this long before it is a refusal. */
const PATIENCE_MS = 15_000;
const POLL_MS = 300;
/** As often may the same change be completed in one run and yet be found again. */
const SAME_CHANGE_LIMIT = 3;

/**
 * Brings one service to what its config says, as far as is safe now. Trouble on nodes is an outcome, never an
 * exception. When `stop` aborts, the running step is finished and no other is begun.
 */
export function applyService(
  run: ServiceRun,
  emit: (h: Happening) => void,
  stop: AbortSignal,
): Promise<Applied> {
  return begin(run, emit, (held) => loopOver(run, held, emit, stop));
}

/** The loop of a run that has begun. */
export async function loopOver(
  run: ServiceRun,
  { lease, unwritten }: Held,
  emit: (h: Happening) => void,
  stop: AbortSignal,
): Promise<End> {
  const locks = nodeLocks(run);
  const deadlineAt = run.outside.clock.now() + run.target.policy.deadlineMs;
  try {
    const loop = new Loop(run, locks, lease, emit, stop, deadlineAt, unwritten);
    return { ...await loop.run(), changed: loop.changed };
  } finally {
    await locks.close();
  }
}

type Ending = Omit<End, "changed">;

class Loop {
  changed = 0;
  #acted = false;
  #locked = false;
  #memory: Memory = { attempts: {} };
  #removals: { readonly done: number; readonly votersAtStart: number } | undefined;
  #waitingSince: number | undefined;
  /** Why nothing can be written down. */
  #unwritten: string | undefined;
  readonly #view: View;
  readonly #completed = new Map<string, number>();

  constructor(
    readonly service: ServiceRun,
    readonly locks: Locks,
    readonly lease: Lease,
    readonly emit: (h: Happening) => void,
    readonly stop: AbortSignal,
    readonly deadlineAt: number,
    trouble: string | undefined,
  ) {
    this.#unwritten = trouble;
    this.#view = viewOf(service, answerOn(service));
  }

  async run(): Promise<Ending> {
    this.#memory = await this.service.outside.store.readMemory();
    for (;;) {
      const seen = await this.#observe();
      const verdict = this.#classify(seen);
      switch (verdict.kind) {
        case "steady":
          await this.#remember(atRest(this.#memory));
          return {
            outcome: this.#acted ? "converged" : "steady",
            ...(this.#unwritten === undefined ? {} : { why: this.#unwritten }),
          };
        case "refused":
          return await this.#refused(verdict.refusals);
        case "quorumLost": {
          const other = await this.#takenOver();
          if (other !== undefined) return other;
          this.emit({ event: "quorumLost", refusal: verdict.refusal });
          return { outcome: "quorumLost", why: verdict.refusal.evidence };
        }
        case "wait":
          if (this.#over()) return this.#interrupted();
          this.#waitingSince ??= this.service.outside.clock.now();
          await this.service.outside.clock.sleep(POLL_MS, this.stop);
          this.#view.touch();
          continue;
        case "change": {
          if (this.#over()) return this.#interrupted();
          const locked = this.#locked;
          const end = await this.#change(verdict.change, seen);
          if (end !== undefined) return end;
          // What was waited for in vain is not waited for again only because the locks have been taken.
          if (locked) this.#waitingSince = undefined;
        }
      }
    }
  }

  async #observe(): Promise<Observation> {
    const { outside } = this.service;
    const began = outside.clock.now();
    const seen = await this.#view.observe();
    // What may not be this service at all must not be remembered as its cluster.
    const own = seen.conflicts.length === 0 && serviceOfAnother(this.service.target, seen).length === 0;
    const memory = own ? remember(this.#memory, seen, outside.clock.wall()) : this.#memory;
    await this.#remember(memory);
    if (seen.state === "held") this.#removals ??= { done: 0, votersAtStart: voters(seen).length };
    const ms = outside.clock.now() - began;
    this.emit({
      event: "observed",
      case: this.#classify(seen).kind,
      state: seen.state,
      quorum: seen.quorum,
      ms,
    });
    return seen;
  }

  async #remember(memory: Memory): Promise<void> {
    const news = memory !== this.#memory;
    this.#memory = memory;
    if (!news) return;
    try {
      await this.service.outside.store.writeMemory(memory);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      this.#unwritten = error.message;
    }
  }

  #classify(seen: Observation): Verdict {
    const { clock } = this.service.outside;
    const { stabilizeMs, deadlineMs } = this.service.target.policy;
    // What is done once waiting was in vain has to find time in the same run.
    const patience = Math.min(Math.max(2 * stabilizeMs, PATIENCE_MS), deadlineMs / 2);
    const patient = this.#waitingSince === undefined || clock.now() - this.#waitingSince < patience;
    return classify(inputOf(this.service, seen, this.#memory, patient, this.#removals));
  }

  /** One change, or the reason why the run ends here. */
  async #change(change: Change, seen: Observation): Promise<Ending | undefined> {
    const unwritten = this.#unwritten ?? await this.service.outside.store.trouble();
    if (unwritten !== undefined) return this.#refused([cannotRecord(unwritten)]);
    if (!this.#locked) {
      const busy = await this.locks.majority(this.service.target, seen);
      if (busy?.kind === "refused") return this.#refused([busy.refusal]);
      if (busy?.kind === "busy") return this.#yielded(busy.holder);
      // What was seen before the lock was held may have been another manager's work: then look again under it.
      this.#locked = true;
      if (!this.locks.quietSince(seen)) this.#view.forget();
      return undefined;
    }
    const { service, target, outside } = this.service;
    const grace = "node" in change && change.node !== undefined
      ? joinTimeLeft(this.#memory, seen, change.node.name, target.policy.joinTimeoutMs, outside.clock.wall())
      : target.policy.joinTimeoutMs;
    const backup = target.policy.backup !== false;
    const steps = service.steps(change, { seen, desired: target.desired, backup, joinTimeoutMs: grace });
    const bad = badOrder(steps, backup && seen.state === "held");
    if (bad !== undefined) return this.#refused([bad]);

    const subject = subjectOf(change);
    const began = outside.clock.now();
    const names = steps.map((s) => ({ id: s.id, title: titleOf(s) }));
    this.emit({ event: "changeStarted", case: change.case, subject, steps: names });
    this.#view.concern(steps.flatMap(({ effect }) => "node" in effect ? [effect.node] : []));
    const end = await runSteps({
      run: this.service,
      view: this.#view,
      locks: this.locks,
      lease: this.lease,
      emit: this.emit,
      stop: this.stop,
      deadlineAt: this.deadlineAt,
    }, steps);
    this.#acted ||= end.acted;
    this.#count(change, seen, end);
    if (end.kind === "refused") return this.#refused([end.refusal]);
    if (end.kind === "yielded") return this.#yielded(end.holder);
    if (end.kind === "interrupted") return { outcome: "unfinished", why: end.why };
    if (end.kind === "failed") {
      await this.#remember(failedOnce(this.#memory, change, outside.clock.wall()));
      return { outcome: "failed", why: failureText(end.failure) };
    }
    this.changed++;
    this.emit({ event: "changeDone", case: change.case, subject, ms: outside.clock.now() - began });
    const times = (this.#completed.get(tryKey(change)) ?? 0) + 1;
    this.#completed.set(tryKey(change), times);
    if (times >= SAME_CHANGE_LIMIT) {
      await this.#remember(failedOnce(this.#memory, change, outside.clock.wall()));
      return {
        outcome: "failed",
        why: `${change.case} of ${subject} was completed ${times} times and is due again`,
      };
    }
    if (disturbs(change)) await stabilize(this.service, this.#view, this.emit, this.stop, this.deadlineAt);
    return undefined;
  }

  /** S9: removals that no replacement has made up for; a learner's eviction takes no vote away. */
  #count(change: Change, before: Observation, end: ChangeEnd): void {
    if (this.#removals === undefined || (end.kind === "done" && change.case !== "remove")) return;
    const votes = end.removed.filter((id) => memberById(before, id)?.role === "voter").length;
    this.#removals = { ...this.#removals, done: this.#removals.done + votes };
  }

  #over(): boolean {
    return this.stop.aborted || this.service.outside.clock.now() > this.deadlineAt;
  }
  #interrupted(): Ending {
    return {
      outcome: "unfinished",
      why: this.stop.aborted ? whyStopped(this.stop) : "policy.deadline has passed",
    };
  }
  /** Who froze for so long that the lease is another's saw nothing that is worth a person's night: that one tells. */
  async #takenOver(): Promise<Ending | undefined> {
    const hold = await this.lease.holds();
    return hold.kind === "lost" ? this.#yielded(hold.holder) : undefined;
  }
  #yielded(holder: string): Ending {
    this.emit({ event: "yielded", holder });
    return { outcome: this.#acted ? "unfinished" : "yielded" };
  }
  async #refused(refusals: readonly Refusal[]): Promise<Ending> {
    const other = await this.#takenOver();
    if (other !== undefined) return other;
    this.emit({ event: "refused", refusals });
    return { outcome: this.#acted ? "unfinished" : "refused", why: refusals[0]?.evidence ?? "" };
  }
}

/** What cannot be written down is not done: the next run would not know what was tried, nor a person what happened. */
export const cannotRecord = (evidence: string): Refusal => ({
  rule: "state",
  evidence,
  unblock: "make room there or make it writable, or name another state directory; until then runs only look",
});

/** Whether a change touches what serves: then the cluster has to be seen healthy for a while. */
const disturbs = (c: Change): boolean =>
  c.case !== "retire" && c.case !== "prune" && !(c.case === "repairConfig" && c.latchOnly);

/** What classify is asked. */
export const inputOf = (
  { service, target, outside }: ServiceRun,
  seen: Observation,
  memory: Memory,
  patient: boolean,
  removals = { done: 0, votersAtStart: voters(seen).length },
): Input => ({
  target,
  seen,
  memory,
  judge: service,
  wallMs: outside.clock.wall(),
  token: outside.token(),
  removals,
  patient,
});

/** One look without locks or changes: what `plan` and `status` start from. */
export async function lookAt(run: ServiceRun): Promise<Looked> {
  const [seen, memory] = await Promise.all([
    viewOf(run, answerOn(run)).observe(),
    run.outside.store.readMemory(),
  ]);
  const wallMs = run.outside.clock.wall();
  return { seen, memory, wallMs, verdict: classify(inputOf(run, seen, memory, false)) };
}
