/**
 * How a run begins and ends: the local lock and the service's lease first, and whatever it comes to is told at the end.
 *
 * @module
 */
import type { Happening, Outcome } from "../model/event.ts";
import { alone, type Lease } from "./lease.ts";
import type { ServiceRun } from "./outside.ts";
import { StateError } from "./state_error.ts";

export interface Applied {
  readonly outcome: Outcome;
  /** Changes that were completed. */
  readonly changed: number;
}

/** What a run came to. */
export interface End extends Applied {
  readonly why?: string;
}

/** What a run that has begun holds. */
export interface Held {
  readonly lease: Lease;
  /** Why nothing can be written down: then the run looks and changes nothing. */
  readonly unwritten: string | undefined;
}

/** Does the work of a run under its locks, unless somebody else is at it. */
export async function begin(
  { outside }: ServiceRun,
  emit: (h: Happening) => void,
  work: (held: Held) => Promise<End>,
): Promise<Applied> {
  const began = outside.clock.now();
  const end = ({ outcome, changed, why }: End): Applied => {
    const ms = outside.clock.now() - began;
    emit({ event: "runEnded", outcome, changed, ms, ...(why === undefined ? {} : { why }) });
    return { outcome, changed };
  };
  const yielded = (holder: string): Applied => {
    emit({ event: "yielded", holder });
    return end({ outcome: "yielded", changed: 0 });
  };
  const { local, unwritten } = await localLock(outside);
  await using _held = local;
  if (local === undefined && unwritten === undefined) return yielded("another process on this host");
  const taken = await (outside.leases ?? alone).take();
  if (taken.kind === "busy") return yielded(taken.holder);
  if (taken.kind === "refused") {
    emit({ event: "refused", refusals: [taken.refusal] });
    return end({ outcome: "refused", changed: 0, why: taken.refusal.evidence });
  }
  await using lease = taken.lease;
  const { token, without } = lease;
  if (token !== undefined) emit({ event: "leased", token });
  if (without !== undefined) emit({ event: "leaseless", why: without });
  return end(await work({ lease, unwritten }));
}

/** The local lock. Where there can be none, because nothing can be written, the run looks and changes nothing. */
async function localLock(
  { store }: ServiceRun["outside"],
): Promise<{ readonly local: AsyncDisposable | undefined; readonly unwritten: string | undefined }> {
  try {
    return { local: await store.lock(), unwritten: undefined };
  } catch (error) {
    if (error instanceof StateError) return { local: undefined, unwritten: error.message };
    throw error;
  }
}
