/**
 * What the steps of one change share: the newest observation, the locks, the deadline, and whom to tell.
 *
 * @module
 */
import type { Session } from "../model/fleet.ts";
import type { Failure, Happening } from "../model/event.ts";
import type { Refusal } from "../model/refusal.ts";
import { latesOf } from "../playbook/command.ts";
import type { Command } from "../playbook/command.ts";
import { quote, renderCommand } from "../playbook/render.ts";
import { shellFor } from "../node/shell.ts";
import type { Observation } from "../model/observation.ts";
import type { Lease } from "./lease.ts";
import type { Locks } from "./lock.ts";
import type { ServiceRun } from "./outside.ts";
import { lateValue } from "../playbook/place.ts";
import type { View } from "./view.ts";

export interface Scene {
  readonly run: ServiceRun;
  readonly view: View;
  readonly locks: Locks;
  readonly lease: Lease;
  readonly emit: (h: Happening) => void;
  readonly stop: AbortSignal;
  /** By the monotonic clock. */
  readonly deadlineAt: number;
}

/** Why a run was told to stop: a signal gives no reason. */
export const whyStopped = ({ reason }: AbortSignal): string =>
  typeof reason === "string" ? reason : "asked to stop";

/** Why no step may begin, or be tried again, any more: a stop that was asked for, or the deadline. */
export const brokenOff = ({ stop, run, deadlineAt }: Scene): string | undefined =>
  stop.aborted
    ? whyStopped(stop)
    : run.outside.clock.now() > deadlineAt
    ? "policy.deadline has passed"
    : undefined;

/** How a step ended. */
export type StepEnd =
  | { readonly kind: "done" }
  | { readonly kind: "skipped" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "yielded"; readonly holder: string }
  /** Broken off by SIGTERM or the deadline: nothing is undone, the next run goes on. */
  | { readonly kind: "interrupted"; readonly why: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/** A command with its late values filled in, as the plan prints it; undefined when a value does not exist. */
export function filledIn(
  command: Command,
  seen: Observation,
  { service, target }: ServiceRun,
): string | undefined {
  const values = latesOf(command).map((l) => lateValue(l, seen, service, target.desired));
  if (values.includes(undefined)) return undefined;
  return renderCommand(command, (l) => quote(lateValue(l, seen, service, target.desired) ?? ""));
}

/** The functions that a command calls, and the command. */
export const script = (text: string, { service }: ServiceRun): string =>
  `${shellFor(text, service.shell)}\n${text}\n`;

/** How long a session of our own that was lost may still hold its lock, while its last command ends. */
const OWN_LOCK_MS = 20_000;

/** The session that holds the lock on a node. A lock that our own lost session still holds is waited for. */
export async function sessionOn(
  scene: Scene,
  node: string,
): Promise<Session | Extract<StepEnd, { kind: "refused" | "yielded" }>> {
  const { clock, holder } = scene.run.outside;
  const since = clock.now();
  for (;;) {
    const reply = await scene.locks.on(node);
    if (reply.kind === "held") return reply.session;
    if (reply.kind === "refused") return reply;
    const own = reply.holder.startsWith(holder);
    if (!own || clock.now() - since > OWN_LOCK_MS) return { kind: "yielded", holder: reply.holder };
    await clock.sleep(500);
  }
}

/**
 * Why no effect may follow now: the lease is another's, or nobody can tell whose it is. Asked as late as can be, before
 * each step that changes something, and before what takes one back.
 */
export async function leaseForbids(
  { lease }: Scene,
): Promise<Extract<StepEnd, { kind: "refused" | "yielded" }> | undefined> {
  const hold = await lease.holds();
  switch (hold.kind) {
    case "held":
      return undefined;
    case "lost":
      return { kind: "yielded", holder: hold.holder };
    case "refused":
      return hold;
  }
}

/** The last lines of what a command said. */
export function lastLines(...outputs: readonly Uint8Array[]): string {
  const text = outputs.map((o) => new TextDecoder().decode(o).trimEnd()).filter((t) => t !== "").join("\n");
  return text.split("\n").slice(-12).join("\n");
}
