/**
 * Events as plain lines: for logs, for mail from cron, for a terminal that can do no more. Without `verbose` a run
 * that had nothing to do says nothing.
 *
 * @module
 */
import type { Event } from "../model/event.ts";
import { quorumText } from "../model/quorum.ts";
import { failureBlock, refusalBlock } from "./blocks.ts";
import { hang, type Line } from "./lines.ts";
import { count, duration, placeText } from "./words.ts";

export interface Loudness {
  /** Only what went wrong. */
  readonly quiet: boolean;
  /** Also what was seen, each command, and that there was nothing to do. */
  readonly verbose: boolean;
}

/** What a service is at. */
interface At {
  change: string;
  /** Step id → the node that it runs on: several may run at once. */
  readonly on: Map<string, string>;
  waiting: string;
  seen: string;
  /** Why the run ends as it does was told already. */
  told: boolean;
}

/** Makes a renderer: it remembers what each service is at, so events are given to it in their order. */
export function plain({ quiet, verbose }: Loudness): (event: Event) => readonly Line[] {
  const at = new Map<string, At>();
  return (e) => {
    const now = at.get(e.service) ?? { change: "", on: new Map(), waiting: "", seen: "", told: false };
    at.set(e.service, now);
    const loud = (...lines: readonly Line[]): readonly Line[] => verbose && !quiet ? lines : [];
    const normal = (...lines: readonly Line[]): readonly Line[] => quiet ? [] : lines;
    const step = (s: { readonly id: string; readonly index: number; readonly total: number }): string =>
      `${e.service}: ${now.change} — step ${s.index}/${s.total} ${s.id}${placeText(now.on.get(s.id))}`;

    switch (e.event) {
      case "runStarted":
        return loud([`${e.service}: looking, as ${e.config} asks`]);
      case "observed": {
        const seen = `${e.service}: observed ${e.case} (${e.state}, ${quorumText(e.quorum)})`;
        if (now.seen === seen) return [];
        now.seen = seen;
        return loud([`${seen} in ${duration(e.ms)}`]);
      }
      case "changeStarted":
        now.change = `${e.case} ${e.subject}`;
        now.on.clear();
        return normal([`${e.service}: ${now.change} — ${count(e.steps.length, "step")}`]);
      case "stepStarted":
        now.on.set(e.step.id, e.on);
        now.waiting = "";
        return loud(
          [`${step(e.step)} … started: ${e.step.title}`],
          ...(e.command === undefined ? [] : hang("  $ ", e.command, "dim")),
        );
      case "stepSkipped":
        return normal([`${step(e.step)} … skipped: ${e.why}`]);
      case "stepWaiting":
        if (now.waiting === e.why) return [];
        now.waiting = e.why;
        return normal([`${step(e.step)} … waiting: ${e.why}`]);
      case "stepDone":
        return [
          ...normal([`${step(e.step)} … done in ${duration(e.ms)}`]),
          ...(e.output?.trim() ? loud(...hang("  | ", e.output, "dim")) : []),
        ];
      case "stepFailed":
        now.on.set(e.step.id, e.failure.on);
        now.told = true;
        return [
          [["red", `${step(e.step)} … failed after ${duration(e.ms)}`]],
          ...failureBlock(e.failure),
        ];
      case "undone":
        return e.ok
          ? normal([`${e.service}: ${now.change} — undid ${e.step}: ${e.detail}`])
          : [[["red", `${e.service}: ${now.change} — could not undo ${e.step}: ${e.detail}`]]];
      case "changeDone":
        return normal([`${e.service}: ${e.case} ${e.subject} … done in ${duration(e.ms)}`]);
      case "stabilizing":
        return loud([`${e.service}: waiting until it has been healthy for ${duration(e.ms)}`]);
      case "refused":
        now.told = true;
        return [[["yellow", `${e.service}: refused by a safety rule`]], ...refusalBlock(e.refusals)];
      case "quorumLost":
        now.told = true;
        return [[["red", `${e.service}: the quorum is lost`]], ...refusalBlock([e.refusal])];
      case "leased":
        return loud([`${e.service}: its lease is ours, token ${e.token}`]);
      case "leaseless":
        return loud([
          `${e.service}: keeps the leases itself and does not answer, so the node locks decide: ${e.why}`,
        ]);
      case "yielded":
        now.told = true;
        return loud([`${e.service}: another manager is at work (${e.holder}), this one leaves it alone`]);
      case "runEnded": {
        const line = ended(e, now.told ? "" : `: ${e.why}`);
        if (e.outcome === "steady" && e.why !== undefined) {
          return [[["yellow", `${e.service}: nothing to do, but ${e.why}`]]];
        }
        if (e.outcome === "steady") return loud(line);
        if (e.outcome === "yielded") return now.told ? [] : loud(line);
        return e.outcome === "converged" ? normal(line) : [line];
      }
      default: // of a newer version, in a journal
        return [];
    }
  };
}

/** The last line of a run. */
function ended(e: Extract<Event, { readonly event: "runEnded" }>, because: string): Line {
  const why = e.why === undefined ? "" : because;
  const after = e.changed === 0
    ? `in ${duration(e.ms)}`
    : `after ${count(e.changed, "change")} in ${duration(e.ms)}`;
  switch (e.outcome) {
    case "steady":
      return [["green", `${e.service}: steady, nothing to do`], ` (${after})${why}`];
    case "converged":
      return [["green", `${e.service}: converged ${after}`], why];
    case "yielded":
      return [`${e.service}: left to another manager${why}`];
    case "failed":
      return [["red", `${e.service}: failed ${after}`], why];
    case "refused":
      return [["yellow", `${e.service}: refused ${after}, nothing was changed`], why];
    case "quorumLost":
      return [["red", `${e.service}: quorum lost`], why];
    case "unfinished":
      return [["yellow", `${e.service}: not finished ${after}`], `${why}; the next run goes on`];
  }
}
