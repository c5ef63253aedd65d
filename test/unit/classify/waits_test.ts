/** What may come right by itself is waited for while there is patience, and told once there is none. */
import assert from "node:assert/strict";
import { classify } from "../../../src/classify/classify.ts";
import type { Input } from "../../../src/classify/input.ts";
import type { Refusal } from "../../../src/model/refusal.ts";
import { cluster, input, type Over, target, unreachable } from "../core_samples.ts";
import { crashed, judge, over, text, three } from "./judge.ts";

Deno.test("what may yet come right is waited for, and refused once that was in vain", () => {
  const unknown: Over = { members: { n3: { health: "unknown" } }, nodes: { n3: unreachable } };
  assert.equal(judge(three, three, unknown, { patient: true }), "wait S24");
  assert.equal(judge(three, three, unknown), "refused S24");
  const starting = over(["n2"], { process: "yes" });
  assert.equal(
    judge("n1 n2 n3 n4", three, starting, { patient: true }),
    "wait S5",
    "it holds back what comes later",
  );
  assert.equal(judge("n1 n2 n3 n4", three, starting), "add n4");
});

Deno.test("who is to go and runs is not taken for dead because it was ill for a moment", () => {
  const ill = over(["n3"], { process: "yes" });
  assert.equal(judge("n1 n2 n4", three, ill, { patient: true }), "wait S5");
  assert.equal(judge("n1 n2", three, ill, { patient: true }), "wait S5");
  assert.equal(judge("n1 n2 n4", three, ill), "replace n3→n4 dead");
  assert.equal(judge("n1 n2 n4", three, crashed("n3"), { patient: true }), "replace n3→n4 dead");
  assert.equal(judge("n1 n2 n4", three, over(["n3"], unreachable), { patient: true }), "replace n3→n4 dead");
});

Deno.test("what a plugin forbids and what passes by itself is looked at again", () => {
  const stop = { rule: "S24", evidence: "n2 did not serve yet", unblock: "wait" } as const;
  const of = (passes: boolean): Input["judge"] => ({
    drift: () => ({ settings: {} }),
    forbids: () => ({ ...stop, passes }),
  });
  const verdict = (passes: boolean, patient: boolean) =>
    judge("n1 n2 n3 n4", three, {}, { judge: of(passes), patient });
  assert.equal(verdict(true, true), "wait S24");
  assert.equal(verdict(true, false), "refused S24");
  assert.equal(verdict(false, true), "refused S24");
});

Deno.test("any conflict stops everything; only lists that differ are worth a second look", () => {
  const t = target("n1 n2 n3 n4");
  const with_ = (rule: Refusal["rule"], patient: boolean) =>
    text(
      classify(
        input(t, { ...cluster(t, three), conflicts: [{ rule, evidence: "e", unblock: "u" }] }, { patient }),
      ),
    );
  assert.deepEqual([with_("S2", true), with_("S2", false)], ["wait S2", "refused S2"]);
  assert.deepEqual([with_("S3", true), with_("S3", false)], ["refused S3", "refused S3"]);
});
