/** Leases over a keeper that exists only in memory, with a clock of its own. */
import assert from "node:assert/strict";
import type { LeaseReply } from "../../../src/engine/lease.ts";
import type { Clock } from "../../../src/engine/outside.ts";
import type { Owner } from "../../../src/lease/etcd.ts";
import { EtcdLeases, type Keeper } from "../../../src/lease/leases.ts";
import { Unreachable } from "../../../src/lease/unreachable.ts";

/** What all managers share. */
class Shared {
  now = 0;
  up = true;
  /** How often it was asked. */
  asked = 0;
  /** No keys are taken any more. */
  full = false;
  revision = 0;
  readonly keys = new Map<string, Owner>();
  readonly leases = new Set<string>();
  readonly clock: Clock = {
    now: () => this.now,
    wall: () => this.now,
    sleep: (ms) => {
      this.now += ms;
      this.onSleep();
      return Promise.resolve();
    },
  };
  onSleep: () => void = () => {};

  /** As etcd does it when nobody renews. */
  expire(lease: string): void {
    this.leases.delete(lease);
    for (const [key, owner] of this.keys) if (owner.lease === lease) this.keys.delete(key);
  }
  keeper(): Keeper {
    const asked = async <T>(answer: () => T): Promise<T> => {
      this.asked++;
      if (!this.up) throw new Unreachable("connection refused");
      return await answer();
    };
    return {
      grant: () =>
        asked(() => {
          const lease = `lease${++this.revision}`;
          this.leases.add(lease);
          return lease;
        }),
      renew: (lease) => asked(() => this.leases.has(lease)),
      revoke: (lease) => asked(() => this.expire(lease)),
      claim: (key, value, lease) =>
        asked(() => {
          if (this.full) throw new Error("etcdserver: mvcc: database space exceeded");
          const there = this.keys.get(key);
          if (there !== undefined) return there;
          if (!this.leases.has(lease)) return "ended";
          const owner = { lease, value, token: String(++this.revision) };
          this.keys.set(key, owner);
          return owner;
        }),
      owner: (key) => asked(() => this.keys.get(key)),
      release: (key, token) =>
        asked(() => {
          if (this.keys.get(key)?.token === token) this.keys.delete(key);
        }),
      close: () => {},
    };
  }
  manager(holder: string): EtcdLeases {
    const options = { ttlMs: 30_000, prefix: "/p/", holder, clock: this.clock };
    return new EtcdLeases(options, () => Promise.resolve(this.keeper()));
  }
}
function held(reply: LeaseReply) {
  assert.equal(reply.kind, "held");
  assert.ok(reply.kind === "held");
  return reply.lease;
}

Deno.test("one manager has a service's lease; let go, the next one takes it with a greater token", async () => {
  const shared = new Shared();
  const [a, b] = [shared.manager("a:1"), shared.manager("b:2")];
  const first = held(await a.of("m", false).take());
  assert.deepEqual(await b.of("m", false).take(), { kind: "busy", holder: "a:1" });
  assert.equal((await b.of("other", false).take()).kind, "held");
  await first[Symbol.asyncDispose]();
  const second = held(await b.of("m", false).take());
  assert.ok(Number(second.token) > Number(first.token));
  assert.deepEqual(await first.holds(), { kind: "lost", holder: "b:2" });
  assert.deepEqual(await second.holds(), { kind: "held" });
  // Who has lost it takes nothing from who has it.
  await first[Symbol.asyncDispose]();
  assert.deepEqual(await second.holds(), { kind: "held" });
  await Promise.all([a.close(), b.close()]);
  assert.deepEqual([shared.keys.size, shared.leases.size], [0, 0]);
});

Deno.test("who was frozen until the lease ran out has lost it, also when nobody else took it, and can take a new one", async () => {
  const shared = new Shared();
  const a = shared.manager("a:1");
  const [first, second] = [held(await a.of("m", false).take()), held(await a.of("n", false).take())];
  assert.equal(shared.leases.size, 1, "one lease a process");
  shared.expire([...shared.leases][0] ?? "");
  for (const lease of [first, second]) assert.equal((await lease.holds()).kind, "lost");
  const again = await Promise.all([a.of("m", false).take(), a.of("n", false).take()]);
  for (const reply of again) assert.deepEqual(await held(reply).holds(), { kind: "held" });
  assert.equal((await first.holds()).kind, "lost", "the former token stays lost");
  assert.equal(shared.leases.size, 1, "one new lease for both");
  await a.close();
});

Deno.test("while the lock's etcd is silent its own service is held without a token, and no other is", async () => {
  const shared = new Shared();
  shared.up = false;
  const a = shared.manager("a:1");
  const own = held(await a.of("locks", true).take());
  assert.deepEqual([own.token, own.without, await own.holds()], [undefined, "connection refused", {
    kind: "held",
  }]);
  const other = await a.of("m", false).take();
  assert.ok(other.kind === "refused");
  assert.equal(other.refusal.rule, "S20");
  assert.match(other.refusal.evidence, /m is not known: .*connection refused/);
  shared.up = true;
  assert.equal((await a.of("m", false).take()).kind, "held", "and goes on when it is back");
  await a.close();
});

Deno.test("the lock's own service respects a lease that another has: only silence is passed over", async () => {
  const shared = new Shared();
  held(await shared.manager("a:1").of("locks", true).take());
  assert.deepEqual(await shared.manager("b:2").of("locks", true).take(), { kind: "busy", holder: "a:1" });
});

Deno.test("a lock's etcd that is full is mended by the node locks alone, and no other service is touched", async () => {
  const shared = new Shared();
  shared.full = true;
  const a = shared.manager("a:1");
  assert.match(held(await a.of("locks", true).take()).without ?? "", /space exceeded/);
  const other = await a.of("m", false).take();
  assert.ok(other.kind === "refused" && other.refusal.evidence.includes("space exceeded"));
});

Deno.test("a lock's etcd that goes silent in a change: waited for a little, then no permission; its own service goes on", async () => {
  const shared = new Shared();
  const a = shared.manager("a:1");
  const lease = held(await a.of("m", false).take());
  const own = held(await a.of("locks", true).take());
  shared.up = false;
  assert.equal((await lease.holds()).kind, "refused");
  assert.ok(shared.now >= 6_000 && shared.now < 10_000, `${shared.now}`);
  assert.deepEqual(await own.holds(), { kind: "held" });
  const { asked } = shared;
  assert.deepEqual([await own.holds(), shared.asked], [{ kind: "held" }, asked], "silence is met once a run");
  shared.onSleep = () => shared.up = true;
  assert.deepEqual(await lease.holds(), { kind: "held" }, "an election is waited out");
});

Deno.test("a mistake of ours is told and never taken for silence", async () => {
  const shared = new Shared();
  const options = { ttlMs: 30_000, prefix: "", holder: "a", clock: shared.clock };
  const a = new EtcdLeases(options, () => Promise.reject(new Error("ca.pem of lock: cannot be read")));
  const reply = await a.of("locks", true).take();
  assert.ok(reply.kind === "refused" && reply.refusal.evidence.includes("ca.pem"));
  await a.close();
});
