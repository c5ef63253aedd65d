/**
 * `recover` and `restore`: a person lets a service begin again (S19). The steps are those of a playbook, run as those of any
 * other change, with two things that differ: the locks are held on every node that can be reached, since a majority cannot
 * be, and a person has said yes to what it costs. Then the ordinary loop goes on, and adds the others with fresh disks.
 *
 * A run that is broken off leaves everything fenced. Until the new cluster is decided on, by one latch, the old one comes
 * back by itself when enough of its hosts do; from then on the same command goes on.
 *
 * @module
 */
import { type Change, type KeptSnapshot, subjectOf } from "../model/change.ts";
import type { Happening } from "../model/event.ts";
import type { Observation } from "../model/observation.ts";
import type { PlannedChange } from "../model/plan.ts";
import { plain, type Refusal } from "../model/refusal.ts";
import { planChange } from "../plan/steps.ts";
import type { Surveyed } from "../playbook/plugin.ts";
import { titleOf } from "../playbook/step.ts";
import { badOrder } from "../rules/order.ts";
import { servesNow } from "../rules/s19_nobody_else.ts";
import type { Recovery, Restore } from "../rules/s19_recover.ts";
import { answerOn } from "./answer.ts";
import { cannotRecord, loopOver } from "./apply.ts";
import { type Applied, begin, type End, type Held } from "./begin.ts";
import { failureText, runSteps } from "./change.ts";
import { nodeLocks } from "./lock.ts";
import { remember } from "./memory.ts";
import type { ServiceRun } from "./outside.ts";
import { whyStopped } from "./scene.ts";
import { StateError } from "./state_error.ts";
import { type View, viewOf } from "./view.ts";

export type Begins = Recovery | Restore;

/** What a person is asked about. */
export interface Proposal {
  readonly begins: Begins;
  readonly change: Change;
  readonly seen: Observation;
  readonly planned: PlannedChange;
}

/** How a service begins again: what it comes to in the eyes of the rules, and the change that follows. */
export interface Again {
  readonly judge: (
    seen: Observation,
    surveyed: Readonly<Record<string, Surveyed>>,
  ) => Begins | readonly Refusal[];
  readonly change: (begins: Begins, token: string) => Change;
  /** Told before the loss is watched for so long. */
  readonly watching: (ms: number) => void;
  /** A person's yes. */
  readonly confirm: (proposal: Proposal) => Promise<boolean>;
}

const POLL_MS = 1_000;

/** Lets a service begin again. Trouble on nodes is an outcome, never an exception. */
export function beginAgain(
  run: ServiceRun,
  how: Again,
  emit: (h: Happening) => void,
  stop: AbortSignal,
): Promise<Applied> {
  return begin(run, emit, (held) => new Beginning(run, how, held, emit, stop).run());
}

/** What it would do, without locks or changes. */
export async function proposeAgain(run: ServiceRun, how: Again): Promise<Proposal | readonly Refusal[]> {
  const view = viewOf(run, answerOn(run));
  return await propose(run, how, view, "<token>");
}

async function propose(
  run: ServiceRun,
  how: Again,
  view: View,
  token: string,
): Promise<Proposal | readonly Refusal[]> {
  const seen = await view.observe();
  const begins = how.judge(seen, await survey(run, seen));
  if (isRefused(begins)) return begins;
  const change = how.change(begins, token);
  const stop = run.service.forbids(change, seen);
  if (stop !== undefined) return [plain(stop)];
  const { planned } = planChange(run.service, run.target, seen, change, true);
  return { begins, change, seen, planned };
}

/** Every node that can be reached tells of its disk, and of hosts that cannot. */
async function survey(
  { service, target, outside }: ServiceRun,
  seen: Observation,
): Promise<Readonly<Record<string, Surveyed>>> {
  const reached = target.nodes.filter((n) => seen.nodes[n.name]?.reached === true);
  const silent = target.nodes.filter((n) => !reached.includes(n));
  const said = await Promise.all(
    reached.map(async (n) => [n.name, await outside.checks.survey(service, n, silent)] as const),
  );
  return Object.fromEntries(
    said.map((
      [name, one],
    ) => [name, one ?? { log: "unknown" as const, why: "it could not be asked", answering: [] }]),
  );
}

const isRefused = (found: Begins | Proposal | readonly Refusal[]): found is readonly Refusal[] =>
  Array.isArray(found);

class Beginning {
  constructor(
    readonly service: ServiceRun,
    readonly how: Again,
    readonly held: Held,
    readonly emit: (h: Happening) => void,
    readonly stop: AbortSignal,
  ) {}

  async run(): Promise<End> {
    const { outside } = this.service;
    const unwritten = this.held.unwritten ?? await outside.store.trouble();
    if (unwritten !== undefined) return this.#refused([cannotRecord(unwritten)]);
    const view = viewOf(this.service, answerOn(this.service));
    const token = outside.token();
    const first = await propose(this.service, this.how, view, token);
    if (isRefused(first)) return this.#refused(first);
    // What was decided on before is not watched again.
    const back = first.begins.kind === "decided" ? undefined : await this.#watch(view, first.seen);
    if (back !== undefined) return back;
    if (!await this.how.confirm(first)) {
      return { outcome: "failed", changed: 0, why: "nobody said yes, nothing was changed" };
    }

    const nodes = this.#locked(first);
    const locks = nodeLocks(this.service, nodes);
    try {
      const short = await locks.majority(this.service.target, first.seen);
      if (short?.kind === "refused") return this.#refused([short.refusal]);
      if (short?.kind === "busy") {
        this.emit({ event: "yielded", holder: short.holder });
        return { outcome: "failed", changed: 0, why: `another manager is at work (${short.holder})` };
      }
      // A person may have taken long to answer, and others may have been at work.
      view.forget();
      const now = await propose(this.service, this.how, view, token);
      if (isRefused(now)) return this.#refused(now);
      if (nameOf(now) !== nameOf(first) || this.#locked(now).some((n) => !nodes.includes(n))) {
        return this.#refused([{
          rule: "S19",
          evidence: "what can be seen has changed since you were asked",
          unblock: "run it again, and read again what it would do",
        }]);
      }
      const end = await this.#carryOut(now, view, locks);
      if (end !== undefined) return end;
    } finally {
      await locks.close();
    }
    const rest = await loopOver(this.service, this.held, this.emit, this.stop);
    const outcome = rest.outcome === "steady"
      ? "converged"
      : rest.outcome === "refused" || rest.outcome === "yielded"
      ? "unfinished"
      : rest.outcome;
    return { ...rest, outcome, changed: rest.changed + 1 };
  }

  /** S19: the loss has to last. An election, or a switch that starts again, looks just like one. */
  async #watch(view: View, seen: Observation): Promise<End | undefined> {
    const { target, outside: { clock } } = this.service;
    const until = clock.now() + target.policy.deadAfterMs;
    this.how.watching(target.policy.deadAfterMs);
    for (let now = seen;;) {
      const serving = servesNow(now);
      if (serving !== undefined) return this.#refused([serving]);
      if (this.stop.aborted) return { outcome: "failed", changed: 0, why: whyStopped(this.stop) };
      if (clock.now() >= until) return undefined;
      await clock.sleep(Math.min(POLL_MS, until - clock.now()), this.stop);
      view.touch();
      now = await view.see("all");
    }
  }

  /** Every node that can be reached and has a part in it: whoever else is at work holds one of these locks. */
  #locked({ begins, seen }: Proposal): readonly string[] {
    const part = [begins.node, ...begins.others, ...this.service.target.desired].map((n) => n.name);
    return this.service.target.nodes.map((n) => n.name).filter((n) =>
      part.includes(n) && seen.nodes[n]?.reached === true
    );
  }

  async #carryOut(
    { change, seen }: Proposal,
    view: View,
    locks: ReturnType<typeof nodeLocks>,
  ): Promise<End | undefined> {
    const { service, target, outside } = this.service;
    const steps = service.steps(change, {
      seen,
      desired: target.desired,
      backup: target.policy.backup !== false,
      joinTimeoutMs: target.policy.joinTimeoutMs,
    });
    const bad = badOrder(steps, false);
    if (bad !== undefined) return this.#refused([bad]);
    const subject = subjectOf(change);
    const began = outside.clock.now();
    this.emit({
      event: "changeStarted",
      case: change.case,
      subject,
      steps: steps.map((s) => ({ id: s.id, title: titleOf(s) })),
    });
    // A host that comes back meanwhile may hold what is given up, whatever the config wants of it (S19).
    view.concern(target.nodes.map((n) => n.name));
    const end = await runSteps({
      run: this.service,
      view,
      locks,
      lease: this.held.lease,
      emit: this.emit,
      stop: this.stop,
      deadlineAt: Infinity,
    }, steps);
    await this.#remember(view.newest);
    switch (end.kind) {
      case "done":
        this.emit({ event: "changeDone", case: change.case, subject, ms: outside.clock.now() - began });
        return undefined;
      case "refused":
        this.emit({ event: "refused", refusals: [end.refusal] });
        return {
          outcome: "unfinished",
          changed: 0,
          why: `${end.refusal.evidence}; the same command goes on`,
        };
      case "yielded":
        this.emit({ event: "yielded", holder: end.holder });
        return { outcome: "unfinished", changed: 0, why: `another manager is at work (${end.holder})` };
      case "interrupted":
        return { outcome: "unfinished", changed: 0, why: `${end.why}; the same command goes on` };
      case "failed":
        return { outcome: "failed", changed: 0, why: failureText(end.failure) };
    }
  }

  /** It only forbids what latches forbid, too: where it cannot be written any more, what was begun is told all the same. */
  async #remember(seen: Observation): Promise<void> {
    const { store, clock } = this.service.outside;
    try {
      await store.writeMemory(remember(await store.readMemory(), seen, clock.wall()));
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }

  #refused(refusals: readonly Refusal[]): End {
    this.emit({ event: "refused", refusals });
    return { outcome: "refused", changed: 0, why: refusals[0]?.evidence ?? "" };
  }
}

/** What a person said yes to. */
const nameOf = ({ begins: b }: Proposal): string =>
  [b.kind, b.node.name, b.memberId, ...b.others.map((n) => n.name), ...b.former].join(" ");

/** The change of a recovery. */
export const recoverBy = (b: Recovery, token: string): Change => ({
  case: "recover",
  node: b.node,
  others: b.others,
  former: b.former,
  memberId: b.memberId,
  token,
  decided: b.kind === "decided",
});

/** The change of a restore. */
export const restoreBy = (
  { node, others, former, memberId }: Restore,
  token: string,
  snapshot: KeptSnapshot,
): Change => ({
  case: "restore",
  node,
  others,
  former,
  ...(memberId === undefined ? {} : { memberId }),
  token,
  decided: false,
  snapshot,
});
