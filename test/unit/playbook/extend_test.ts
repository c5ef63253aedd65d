/** The DSL: what the compiler refuses, and what amendments do. */
import assert from "node:assert/strict";
import {
  type Cases,
  effect,
  extend,
  type Facts,
  given,
  management,
  node,
  not,
  nothing,
  playbook,
  recorded,
  refuse,
  run,
  sh,
  step,
  stepsOf,
  type Surroundings,
} from "../../../mod.ts";
import { baseId } from "../../../src/playbook/step.ts";
import { cluster, host, target } from "../core_samples.ts";

interface Options {
  readonly unit: string;
}
const tell = <const Id extends string>(id: Id, text = id as string) =>
  step(id, run(sh`echo ${text}`), { on: management, effect: nothing, idempotent: true });
const none = () => [];
const base = playbook<Options>()({
  bootstrap: none,
  restart: none,
  add: (f) => [tell("stage"), tell(`start:${f.node.name}`), tell("start:n9")],
  remove: () => [tell("leave")],
  replace: none,
  retire: none,
  prune: none,
  repairCrashed: none,
  repairWiped: none,
  repairConfig: none,
  recover: none,
  restore: none,
  quorumLost: (f) => [step("refuse", refuse("S19", f.refusal.evidence, f.refusal.unblock))],
});

const t = target("n1 n2 n3", "n1 n2 n3 n4");
const around: Surroundings<Options> = {
  seen: cluster(t, "n1 n2 n3"),
  desired: t.desired,
  backup: false,
  joinTimeoutMs: 1,
  service: "kv",
  options: { unit: "u" },
};
const add = { case: "add", node: host("n4") } as const;
const ids = (cases: Cases<Options>) => stepsOf(cases, add, around).map((s) => s.id);

Deno.test("extend() puts steps before, after and in place of a step, on every node that it names", () => {
  const more = extend(base, {
    add: {
      before: { stage: () => [tell("ask-first")] },
      after: { start: (f) => [tell(`told:${f.node.name}`)] },
    },
  });
  assert.deepEqual(ids(more), ["ask-first", "stage", "start:n4", "told:n4", "start:n9", "told:n4"]);
  assert.deepEqual(ids(base), ["stage", "start:n4", "start:n9"], "the base stays as it is");
  const less = extend(base, { add: { replace: { start: () => [], stage: (own) => [own, tell("twice")] } } });
  assert.deepEqual(ids(less), ["stage", "twice"]);
});

Deno.test("what extend() adds can be addressed by a second extend()", () => {
  const once = extend(base, { add: { before: { stage: () => [tell("ask-first")] } } });
  const twice = extend<typeof once, { readonly add: "mine" }>(once, {
    add: { after: { start: () => [tell("mine")] } },
  });
  const third = extend(twice, { add: { before: { mine: () => [tell("before-mine")] } } });
  assert.deepEqual(ids(third).slice(-2), ["before-mine", "mine"]);
});

Deno.test("a step id that a case does not have is a compile error, also in a second extend()", () => {
  // @ts-expect-error: "stgae" is no step of add
  extend(base, { add: { before: { stgae: () => [tell("x")] } } });
  // @ts-expect-error: "leave" is a step of another case
  extend(base, { add: { after: { leave: () => [tell("x")] } } });
  // @ts-expect-error: there is no such case
  extend(base, { ad: {} });
  const once = extend(base, { add: { before: { stage: () => [tell("x")] } } });
  // @ts-expect-error: still no step of add
  extend(once, { add: { replace: { stgae: () => [] } } });
  assert.ok(once);
});

Deno.test("a step that acts without saying why twice is safe, or what it does, is an error, compiled or not", () => {
  const act = run(sh`true`);
  const safe = { on: management, effect: nothing } as const;
  const thrown = (make: () => unknown, what: RegExp) =>
    assert.throws(make, { name: "TypeError", message: new RegExp(`^Cannot make step x: ${what.source}`) });
  // @ts-expect-error: none of unless, onlyIf, idempotent
  thrown(() => step("x", act, safe), /it has no guard: .* unless, onlyIf or idempotent/);
  const once = not(recorded(host("n1")));
  // @ts-expect-error: two of them
  thrown(() => step("x", act, { ...safe, idempotent: true, unless: once }), /it has more than one/);
  // @ts-expect-error: no effect
  thrown(() => step("x", act, { on: management, idempotent: true }), /it declares no effect/);
  // @ts-expect-error: nowhere
  thrown(() => step("x", act, { effect: nothing, idempotent: true }), /it does not say where it runs/);
  // @ts-expect-error: no options at all
  thrown(() => step("x", act), /it does not say where it runs/);
  // @ts-expect-error: a case is missing
  playbook<Options>()({ add: none });
  assert.ok(act);
});

Deno.test("a case sees its own change, and not another's", () => {
  const look = (f: Facts<"add", Options>) => {
    // @ts-expect-error: add has no member to remove
    f.member;
    return f.node.name;
  };
  assert.equal(look({ ...add, ...around }), "n4");
});

Deno.test("a step is plain data: it survives JSON, has a deadline, and cannot be changed", () => {
  const one = step("fence:n4", run(sh`stop ${"a b"}`), {
    on: node(host("n4")),
    effect: effect("fences", host("n4")),
    unless: recorded(host("n4")),
  });
  assert.deepEqual(JSON.parse(JSON.stringify(one)), one);
  assert.equal(one.timeoutMs, 60_000);
  assert.ok(Object.isFrozen(one));
  assert.equal(baseId(one.id), "fence");
});

Deno.test("given() builds steps only for a value that is there", () => {
  assert.deepEqual(given(undefined, () => [tell("x")]), []);
  assert.deepEqual(given(false, () => [tell("x")]), []);
  assert.deepEqual(given("a", (v) => [tell(v)]).map((s) => s.id), ["a"]);
});
