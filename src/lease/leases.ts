/**
 * Leases of services in etcd. A process has one etcd lease, which it renews for as long as it lives, and under it a key
 * for each service that it is at work on: so a manager that dies, freezes or is cut off loses all of them within the
 * time to live, and nobody has to notice that for the others to go on. The revision at which etcd made a key is the
 * fencing token: it grows with every taking, whoever takes.
 *
 * Who may act when that etcd does not answer?
 *
 * - A service that is not the lock's own is refused (exit 3). Another manager may be at work on it, and waiting costs
 *   only time: people are told, since as long as it lasts nothing is repaired.
 * - **The lock's own service** falls back to the node locks alone. While it is down, or not yet formed, nobody can have
 *   its lease, and if that stopped everybody, nobody could ever start it. It is safe because the lease was never what
 *   safety stood on: a change needs `flock` on a majority of the recorded nodes, of two managers at most one has it, and
 *   the other yields (S20). What is lost is only that both look.
 *
 * A lease that is held by another is respected by the lock's own service as well. What is passed over is silence, and an
 * answer that is none: an etcd that is full takes no keys, and has to be mended all the same.
 *
 * @module
 */
import { type Hold, type Lease, type LeaseReply, type Leases, nodeLocksOnly } from "../engine/lease.ts";
import type { Clock } from "../engine/outside.ts";
import type { Refusal } from "../model/refusal.ts";
import type { Etcd } from "./etcd.ts";
import { Unreachable } from "./unreachable.ts";

/** What is asked of etcd, so that tests can answer in its place. */
export type Keeper = Pick<Etcd, "grant" | "renew" | "revoke" | "claim" | "owner" | "release" | "close">;

export interface LeasesOptions {
  readonly ttlMs: number;
  /** Before the service's name. */
  readonly prefix: string;
  /** "host:pid since …" */
  readonly holder: string;
  readonly clock: Clock;
}

/** An election of the lock's etcd takes a second or three: so long is a held lease asked for again. */
const PATIENCE_MS = 6_000;
const PAUSE_MS = 500;

/** All leases of one process in one etcd. Nothing is connected before the first is taken. */
export class EtcdLeases {
  #lease: Promise<string> | undefined;
  /** The same, once it is there. */
  #id: string | undefined;
  #etcd: Promise<Keeper> | undefined;
  #renewer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly options: LeasesOptions, readonly connect: () => Promise<Keeper>) {}

  /** The lease of one service; `own`: the lock's etcd is this service. */
  of(service: string, own: boolean): Leases {
    return { take: () => this.#take(service, own) };
  }

  /** Lets all go. */
  async close(): Promise<void> {
    clearInterval(this.#renewer);
    const etcd = await this.#etcd?.catch(() => undefined);
    if (etcd === undefined) return;
    const lease = await this.#lease?.catch(() => undefined);
    // Whom it cannot be told finds out within the time to live.
    if (lease !== undefined) await etcd.revoke(lease).catch(() => {});
    etcd.close();
  }

  async #take(service: string, own: boolean): Promise<LeaseReply> {
    const key = this.options.prefix + service;
    let etcd: Keeper;
    try {
      etcd = await (this.#etcd ??= this.connect());
    } catch (error) {
      // A file of `lock:` that cannot be read is a slip here, and says nothing of that etcd.
      return { kind: "refused", refusal: untold(service, wordsOf(error)) };
    }
    try {
      for (let ended: string | undefined;;) {
        const lease = await this.#granted(etcd, ended);
        const owner = await etcd.claim(key, this.options.holder, lease);
        if (owner === "ended") {
          // It ran out, as that of a process that was frozen does. A second time in a row is more than bad luck.
          if (ended !== undefined) return { kind: "busy", holder: "nobody: the lease ran out at once" };
          ended = lease;
          continue;
        }
        if (owner.lease !== lease) return { kind: "busy", holder: owner.value };
        return { kind: "held", lease: this.#held(etcd, service, key, lease, owner.token, own) };
      }
    } catch (error) {
      const why = wordsOf(error);
      return own
        ? { kind: "held", lease: nodeLocksOnly(why) }
        : { kind: "refused", refusal: untold(service, why) };
    }
  }

  /** The lease of this process, made when it is first needed, and anew when the former one has ended. */
  #granted(etcd: Keeper, ended?: string): Promise<string> {
    if (this.#lease === undefined || (ended !== undefined && this.#id === ended)) {
      clearInterval(this.#renewer);
      const { ttlMs } = this.options;
      const made = etcd.grant(Math.ceil(ttlMs / 1000));
      this.#id = undefined;
      this.#lease = made;
      made.then((id) => {
        this.#id = id;
        // A renewal that fails is tried again in a third of the time; what it comes to is seen when a step asks.
        const renewer = setInterval(() => void etcd.renew(id).catch(() => {}), ttlMs / 3);
        Deno.unrefTimer(renewer);
        this.#renewer = renewer;
      }, () => {
        if (this.#lease === made) this.#lease = undefined;
      });
    }
    return this.#lease;
  }

  #held(
    etcd: Keeper,
    service: string,
    key: string,
    lease: string,
    token: string,
    own: boolean,
  ): Lease {
    const { clock } = this.options;
    // Its own service mends an etcd that is silent: it does not wait for that before each step.
    let silent = false;
    const holds = async (): Promise<Hold> => {
      if (silent) return { kind: "held" };
      for (let since: number | undefined;;) {
        try {
          const owner = await etcd.owner(key, !own);
          if (owner?.lease === lease && owner.token === token) return { kind: "held" };
          return { kind: "lost", holder: owner?.value ?? "nobody: the lease has run out" };
        } catch (error) {
          if (own) {
            silent = true;
            return { kind: "held" };
          }
          // From the first failure on: a process that was frozen in the middle of a call finds that its time is over.
          since ??= clock.now();
          if (!(error instanceof Unreachable) || clock.now() - since > PATIENCE_MS) {
            return { kind: "refused", refusal: untold(service, wordsOf(error)) };
          }
          await clock.sleep(PAUSE_MS);
        }
      }
    };
    return {
      token,
      holds,
      [Symbol.asyncDispose]: () => etcd.release(key, token).catch(() => {}),
    };
  }
}

const wordsOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

const untold = (service: string, why: string): Refusal => ({
  rule: "S20",
  evidence:
    `whether another manager is at work on ${service} is not known: the etcd of the lock does not tell: ${why}`,
  unblock:
    "make the etcd that `lock:` in the config names reachable from here, or, with a single manager, take `lock:` out",
});
