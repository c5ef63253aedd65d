import { frozenManagers } from "./frozen.ts";

Deno.test("an etcd keeps its own lock; two management hosts, one frozen and thawed at random, never have two effects at once, and none twice", () =>
  frozenManagers({
    name: "frozen",
    rounds: 4,
    seed: 7,
    frozenMs: (random) => random.int(0, 1_400),
    say: (line) => console.log(line),
  }));
