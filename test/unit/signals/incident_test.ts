import assert from "node:assert/strict";
import type { Event, Happening } from "../../../src/model/event.ts";
import { type Account, add } from "../../../src/signals/account.ts";
import { after, type Asked, type Incident, judge } from "../../../src/signals/incident.ts";
import { fingerprintOf, lasting } from "../../../src/signals/message.ts";
import { events, runs } from "../report/samples.ts";

const accountOf = (happenings: readonly Happening[]): Account => {
  const account = events("metadata", happenings).reduce<Account | undefined>(
    (sum: Account | undefined, e: Event) => add(sum, e),
    undefined,
  );
  assert.ok(account !== undefined);
  return account;
};
const refusedFor = (evidence: string, unblock = "do it"): Account =>
  accountOf([
    { event: "refused", refusals: [{ rule: "S8", evidence, unblock }] },
    { event: "runEnded", outcome: "refused", changed: 0, ms: 400 },
  ]);
const all: Asked = {
  channels: ["webhook", "command"],
  on: ["change", "refusal", "failure", "quorumLost", "recovery"],
  host: "mg",
};

/** What is told through runs one after the other; `reached` says who can be. */
function told(
  accounts: readonly Account[],
  asked = all,
  reached: (channel: string, run: number) => boolean = () => true,
): { readonly said: readonly string[]; readonly left: Incident | undefined } {
  const said: string[] = [];
  let left: Incident | undefined;
  accounts.forEach((account, run) => {
    const { owed, incident } = judge(left, account, asked);
    const done = owed.filter((one) => reached(one.channel, run));
    said.push(...done.map((one) => `${run} ${one.channel} ${one.message.kind}`));
    left = after(incident, owed, done);
  });
  return { said, left };
}
const of = (name: keyof typeof runs): Account => accountOf(runs[name]);

Deno.test("nothing to do is told to nobody, and remembered by nobody", () => {
  assert.deepEqual(told([of("steady"), of("yielded"), of("steady")]), { said: [], left: undefined });
});

Deno.test("one message for an incident and one for its end, however many runs meet it", () => {
  const many = [
    of("refused"),
    of("refused"),
    of("refused"),
    of("yielded"),
    of("refused"),
    of("steady"),
    of("steady"),
  ];
  assert.deepEqual(told(many, { ...all, channels: ["webhook"] }), {
    said: ["0 webhook refusal", "5 webhook recovery"],
    left: undefined,
  });
});

Deno.test("troubles that take turns are each told once, and the end once", () => {
  const { said } = told([
    of("failed"),
    of("refused"),
    of("failed"),
    of("quorumLost"),
    of("refused"),
    of("converged"),
  ], {
    ...all,
    channels: ["command"],
  });
  assert.deepEqual(said, [
    "0 command failure",
    "1 command refusal",
    "3 command quorumLost",
    "5 command recovery",
  ]);
});

Deno.test("each change is told, and one that ends an incident with its end", () => {
  assert.deepEqual(told([of("converged"), of("converged")], { ...all, channels: ["webhook"] }).said, [
    "0 webhook change",
    "1 webhook change",
  ]);
  const { owed } = judge({ since: "t", told: { f: ["webhook"] } }, of("converged"), all);
  assert.deepEqual(owed.map((one) => [one.channel, one.message.kind, one.message.changes[0]?.case]), [
    ["webhook", "recovery", "add"],
    ["command", "change", "add"],
  ]);
});

Deno.test("who was not reached is told at the next run, and the others are not told again", () => {
  const down = (channel: string, run: number): boolean => channel === "command" || run === 2 || run === 5;
  const many = [
    of("refused"),
    of("refused"),
    of("refused"),
    of("steady"),
    of("steady"),
    of("steady"),
    of("steady"),
  ];
  assert.deepEqual(told(many, all, down), {
    said: ["0 command refusal", "2 webhook refusal", "3 command recovery", "5 webhook recovery"],
    left: undefined,
  });
});

Deno.test("who never heard of an incident does not hear of its end", () => {
  const { said, left } = told([of("refused"), of("steady")], all, (channel) => channel === "command");
  assert.deepEqual([said, left], [["0 command refusal", "1 command recovery"], undefined]);
});

Deno.test("what is not asked for is not told", () => {
  assert.deepEqual(told([of("refused"), of("converged")], { ...all, on: ["failure"] }).said, []);
  assert.deepEqual(
    told([of("refused"), of("steady")], { ...all, on: ["refusal"], channels: ["webhook"] }).said,
    [
      "0 webhook refusal",
    ],
  );
});

Deno.test("a refusal that only asks to wait is no news, in an incident or without one", () => {
  const waits = refusedFor(
    "add:n4 failed once; the next try is due in 8 s",
    "nothing to do: a later run tries again",
  );
  assert.deepEqual(told([waits, of("steady")]).said, []);
  assert.deepEqual(
    told([of("failed"), waits, of("failed"), waits, of("steady")], { ...all, channels: ["webhook"] }).said,
    ["0 webhook failure", "4 webhook recovery"],
  );
});

Deno.test("the fingerprint is of what was seen, not of how often, how long and when", () => {
  const print = (evidence: string): string => fingerprintOf(refusedFor(evidence));
  const same = [
    ["add:n4 failed once; the next try is due in 8 s", "add:n4 failed 3 times; the next try is due in 75 s"],
    ["down since 2026-01-02T03:04:05.678Z, 12.5 s", "down since 2026-11-27T08:00:00Z, 3 min"],
    ["2 of 3 voters answer", "1 of 3 voters answer"],
  ];
  for (const [one = "", other = ""] of same) assert.equal(print(one), print(other), one);
  const apart = [
    ["n2 is masked", "n3 is masked"],
    ["10.0.0.11:2379 does not answer", "10.0.0.12:2379 does not answer"],
    ["member 8e9e05c52164694d", "member 8e9e05c52164694e"],
  ];
  for (const [one = "", other = ""] of apart) assert.notEqual(print(one), print(other), one);
  assert.equal(lasting("n1 at 10.0.0.1:2379 took 3 s"), "n1 at 10.0.0.1:2379 took #");
});

Deno.test("words that are always new fill no disk", () => {
  const letters = Array.from(
    { length: 50 },
    (_, i) => refusedFor(`trouble ${String.fromCharCode(97 + i % 26)}${i}x`),
  );
  const { said, left } = told(letters, { ...all, channels: ["webhook"] });
  assert.equal(said.length, 20);
  assert.equal(Object.keys(left?.told ?? {}).length, 20);
});
