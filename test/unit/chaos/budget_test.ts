import assert from "node:assert/strict";
import { mayDesire, mayDisturb, type Standing } from "../../chaos/budget.ts";

const three = ["n1", "n2", "n3"];
const five = [...three, "n4", "n5"];
const standing = (s: Partial<Standing> = {}): Standing => ({
  voters: three,
  learners: [],
  desired: three,
  serve: three,
  hurt: new Map(),
  ...s,
});
const hurt = (...hosts: readonly string[]): Standing["hurt"] => new Map(hosts.map((h) => [h, false]));

Deno.test("of three one may be disturbed, of five two", () => {
  assert.ok(mayDisturb(standing(), "n1", false));
  assert.ok(!mayDisturb(standing({ hurt: hurt("n2") }), "n1", false));
  const big = { voters: five, desired: five, serve: five };
  assert.ok(mayDisturb(standing({ ...big, hurt: hurt("n2") }), "n1", false));
  assert.ok(!mayDisturb(standing({ ...big, hurt: hurt("n2", "n3") }), "n1", false));
});

Deno.test("of two, as in the middle of a replacement, of four with one, and of nobody knows how many: none", () => {
  assert.ok(!mayDisturb(standing({ voters: ["n1", "n2"] }), "n1", false));
  const four = ["n1", "n2", "n3", "n4"];
  assert.ok(!mayDisturb(standing({ voters: four, hurt: hurt("n2") }), "n1", false));
  assert.ok(!mayDisturb(standing({ voters: undefined }), "n1", false));
});

Deno.test("a bystander may be disturbed, and counts once the config names it", () => {
  assert.ok(mayDisturb(standing({ hurt: hurt("n2") }), "n5", false));
  assert.ok(!mayDisturb(standing({ desired: ["n1", "n2", "n4"], hurt: hurt("n4") }), "n1", false));
});

Deno.test("data is lost only where everybody else is whole, and nobody is disturbed until it is back", () => {
  assert.ok(mayDisturb(standing(), "n1", true));
  assert.ok(!mayDisturb(standing({ serve: ["n1", "n2"] }), "n1", true));
  assert.ok(!mayDisturb(standing({ learners: ["n4"] }), "n1", true));
  assert.ok(!mayDisturb(standing({ desired: ["n1", "n2"] }), "n1", true));
  const big = { voters: five, desired: five, serve: five };
  assert.ok(!mayDisturb(standing({ ...big, hurt: hurt("n2") }), "n1", true));
  assert.ok(!mayDisturb(standing({ ...big, hurt: new Map([["n2", true]]) }), "n1", false));
});

Deno.test("the config may change by what a quorum survives with those who are hurt", () => {
  assert.ok(mayDesire(standing(), ["n1", "n2", "n4"]));
  assert.ok(!mayDesire(standing(), ["n1", "n4", "n5"]), "one of three stays");
  assert.ok(!mayDesire(standing(), ["n1", "n2"]), "too few");
  assert.ok(mayDesire(standing({ hurt: hurt("n3") }), ["n1", "n2", "n3", "n4"]));
  assert.ok(!mayDesire(standing({ hurt: hurt("n3", "n4") }), ["n1", "n2", "n3", "n4"]));
});
