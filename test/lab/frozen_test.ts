import { frozenManagers } from "./frozen.ts";

Deno.test("an etcd keeps its own lock; two managers, one frozen and thawed at random, never have two effects at once, and none twice", () =>
  frozenManagers({
    name: "twomanagers",
    rounds: 5,
    seed: 7,
    frozenMs: 700,
    say: (line) => console.log(line),
  }));
