/**
 * The lease of a service, for two or more management nodes: who has it works on the service, the others leave it alone.
 *
 * It spreads work and avoids attempts in vain; it is not what safety stands on. A process can be frozen between asking
 * for its lease and acting, so no lease, however fresh, keeps two managers from acting at once. The locks on the nodes do
 * (S20): they are held there by the very shell that runs the commands. So losing the lease stops a run before its next
 * effect, and having it permits nothing that the node locks would not.
 *
 * @module
 */
import type { Refusal } from "../model/refusal.ts";

/** The lease of one service, in some keeper of leases that all managers share. */
export interface Leases {
  /** Takes it without waiting. */
  take(): Promise<LeaseReply>;
}

export type LeaseReply =
  | { readonly kind: "held"; readonly lease: Lease }
  /** Another manager has it; `holder` is "host:pid since …". */
  | { readonly kind: "busy"; readonly holder: string }
  /** It cannot be asked for. */
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Whether it is still ours. */
export type Hold =
  | { readonly kind: "held" }
  /** Somebody else has it now, or nobody. */
  | { readonly kind: "lost"; readonly holder: string }
  /** It is not known, which is no permission (S24). */
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface Lease extends AsyncDisposable {
  /** Grows with each time that the lease is taken by anybody; undefined where the node locks are all there is. */
  readonly token?: string | undefined;
  /** Why there is no token. */
  readonly without?: string | undefined;
  /** Asks now: before each step that changes something. */
  holds(): Promise<Hold>;
}

/** The only manager. */
export const alone: Leases = {
  take: () => Promise.resolve({ kind: "held", lease: nodeLocksOnly() }),
};

/** No lease: the node locks are enough, as they always are. */
export const nodeLocksOnly = (without?: string): Lease => ({
  without,
  holds: () => Promise.resolve({ kind: "held" }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
