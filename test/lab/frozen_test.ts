import { frozenManagers } from "./frozen.ts";

Deno.test("two managers, one frozen and thawed at random: never two effects at once, and none twice", () =>
  frozenManagers({
    name: "twomanagers",
    rounds: 6,
    seed: 7,
    frozenMs: 700,
    say: (line) => console.log(line),
  }));
