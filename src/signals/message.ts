/**
 * What people are told of a run, and when it is the same as before.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Failure, Outcome } from "../model/event.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Account } from "./account.ts";

export type Kind = "change" | "refusal" | "failure" | "quorumLost" | "recovery";

/** The document that a webhook and a command are given. */
export interface Message {
  readonly schemaVersion: 1;
  readonly kind: Kind;
  readonly service: string;
  readonly outcome: Outcome;
  /** The whole in one line; chat programs show a field of this name. */
  readonly text: string;
  /** The same for what is the same trouble; of a recovery, that of the newest trouble. */
  readonly fingerprint: string;
  /** When the incident began; ISO 8601 in UTC, as `time`. */
  readonly since?: string;
  readonly time: string;
  readonly run: string;
  /** The management node. */
  readonly host: string;
  readonly changes: Account["changes"];
  readonly refusals: readonly Refusal[];
  readonly failure?: Failure;
}

/** What kind of trouble a run ended in; undefined where nobody is needed. */
export function troubleOf({ end, refusals }: Account): Exclude<Kind, "change" | "recovery"> | undefined {
  switch (end?.outcome) {
    case "failed":
      return "failure";
    case "quorumLost":
      return "quorumLost";
    case "refused":
    case "unfinished":
      // A refusal that only asks for patience is no news: a run after it tells how it ended.
      return refusals.some((r) => !r.unblock.startsWith("nothing to do")) ? "refusal" : undefined;
    default:
      return undefined;
  }
}

/** Whether all is as desired. */
export const isWell = ({ end }: Account): boolean =>
  end?.outcome === "steady" || end?.outcome === "converged";

/** The same for one trouble however often it is met: of what was seen, but not of how often, how long and when. */
export function fingerprintOf(account: Account): string {
  const { service, end, refusals, failure } = account;
  const evidence = refusals.length > 0
    ? refusals.map((r) => [r.rule, lasting(r.evidence)])
    : failure !== undefined
    ? [failure.step, failure.on, lasting(failure.what)]
    : [lasting(end?.why ?? "")];
  return createHash("sha256").update(JSON.stringify([service, end?.outcome, evidence])).digest("hex").slice(
    0,
    16,
  );
}

/**
 * Words without counts and times. What is part of a name, an address or an id stays: n1, 10.0.0.11, 2379 behind a colon,
 * 8e9e05c52164694d.
 */
export const lasting = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, "#")
    .replaceAll(/\bonce\b/g, "# times")
    .replaceAll(/\btime\b/g, "times")
    .replaceAll(/(?<![\w.:-])\d+(?:\.\d+)?(?:\s?(?:ms|s|min|m|h))?(?![\w:-]|\.\d)/g, "#")
    .replaceAll(/#(?: #)+/g, "#");

/** A message of this kind about a run that has ended. */
export function messageOf(
  kind: Kind,
  account: Account,
  more: { readonly host: string; readonly fingerprint: string; readonly since?: string },
): Message {
  const { service, run, time, changes, refusals, failure, end } = account;
  const outcome = end?.outcome ?? "failed";
  return {
    schemaVersion: 1,
    kind,
    service,
    outcome,
    text: `quorate on ${more.host}: ${service}: ${textOf(kind, account)}`,
    ...more,
    time,
    run,
    changes,
    refusals,
    ...(failure === undefined ? {} : { failure }),
  };
}

function textOf(kind: Kind, { changes, refusals, failure, end }: Account): string {
  const did = changes.map((c) => `${c.case} ${c.subject}`).join(", ");
  const why = refusals.length > 0
    ? refusals.map((r) => `${r.rule}: ${r.evidence}; now: ${r.unblock}`).join(" — ")
    : failure !== undefined
    ? `${failure.what} (step ${failure.step} on ${failure.on}); now: ${failure.next}`
    : end?.why ?? "";
  switch (kind) {
    case "change":
      return `${end?.outcome === "converged" ? "changed" : "changed, not finished yet"}: ${did}`;
    case "recovery":
      return `well again${did === "" ? "" : ` after ${did}`}`;
    case "failure":
      return `failed: ${why}`;
    case "quorumLost":
      return `the quorum is lost: ${why}`;
    case "refusal":
      return `refused: ${why}`;
  }
}
