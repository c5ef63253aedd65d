/**
 * The story: a cluster is formed, grows, loses a process, a disk and a host, and shrinks, while a client writes.
 *
 * @module
 */
import { quorumText } from "../../src/model/quorum.ts";
import { baseId } from "../../src/playbook/step.ts";
import type { Line, Span } from "../../src/report/lines.ts";
import type { PlanDocument } from "../../src/report/plan_json.ts";
import { count, duration } from "../../src/report/words.ts";
import type { Stage, Wish } from "./stage.ts";

interface Act {
  readonly title: string;
  readonly tells: (words: Stage["words"]) => string;
  /** What happens to a host; what it returns is told. */
  readonly harm?: (stage: Stage) => Promise<string | void>;
  readonly wish?: Wish;
}

const all = ["n1", "n2", "n3", "n4", "n5", "n6"];

/** The client writes to n1 first: whatever is harmed next is what it writes to then. */
const acts: readonly Act[] = [
  {
    title: "bootstrap",
    tells: () => "The config names n1, n2 and n3, and nothing runs anywhere.",
    wish: { nodes: all, members: ["n1", "n2", "n3"] },
  },
  {
    title: "grow to five",
    tells: ({ join }) =>
      `n4 and n5 are added to the config: each joins as ${join} and votes once it is in sync.`,
    wish: { nodes: all, members: ["n1", "n2", "n3", "n4", "n5"] },
  },
  {
    title: "a killed process",
    tells: () => "The process of n1 gets kill -9.",
    harm: (stage) => stage.kill("n1"),
  },
  {
    title: "a lost disk",
    tells: ({ wiped }) => `n2's data is gone: ${wiped}.`,
    harm: (stage) => stage.wipe("n2"),
  },
  {
    title: "a dead host",
    tells: () => "n3 loses its power for good, and the config names n6 in its place.",
    harm: (stage) => stage.powerOff("n3"),
    wish: { nodes: all, members: ["n1", "n2", "n4", "n5", "n6"] },
  },
  {
    title: "shrink to three",
    tells: () => "n4 and n5 leave, and the dead n3 is taken out of the config.",
    wish: { nodes: all.filter((n) => n !== "n3"), members: ["n1", "n2", "n6"] },
  },
];
const [last] = acts.slice(-1);

/** Plays all acts; throws where one does not end as it should. `print` puts lines on standard output. */
export async function play(stage: Stage, print: (lines: readonly Line[]) => void): Promise<void> {
  const began = performance.now();
  for (const [i, { title, tells, harm, wish }] of acts.entries()) {
    print([[], [["bold", `━━ ${i + 1} of ${acts.length}: ${title} ━━`]], [tells(stage.words)]]);
    const said = await harm?.(stage);
    if (said) print(said.split("\n").map((line): Line => [line]));
    // Until they have elected a leader nothing can be planned.
    await stage.goesOn();
    if (wish !== undefined) stage.desire(wish);
    print([[["bold", "$ quorate plan"], ["dim", "   (in short)"]], ...inShort(await stage.plan())]);
    print([[["bold", "$ quorate apply"]]]);
    await stage.apply();
    print([[["bold", "$ quorate status"]]]);
    await stage.status();
    if (i === 0) {
      await stage.write(["n1", "n2", "n3"]);
      print([[], [
        "From here on a client writes to n1, and to the next of n1, n2 and n3 when a write fails.",
      ]]);
    }
  }
  const [witness = ""] = last?.wish?.members ?? [];
  print([[], [["bold", "━━ in the end ━━"]], [
    "Nothing differs any more. A timer starts this every minute:",
  ]]);
  print([[["bold", "$ quorate apply"], ["dim", "   (says nothing, exit code 0)"]]]);
  await stage.rest();
  const { acknowledged, failed, lost, stallMs } = await stage.judge(witness);
  print(
    (await stage.witness(witness)).split("\n").map((line, i): Line => i === 0 ? [["bold", line]] : [line]),
  );
  print([
    [],
    [
      "The client: ",
      ["green", `${count(acknowledged, "write")} acknowledged`],
      `, ${failed} failed (${stage.words.failed}), `,
      [lost.length === 0 ? "green" : "red", `${lost.length} lost`],
      `; the longest stall was ${duration(stallMs)}.`,
    ],
    [`All ${acts.length} acts took ${duration(performance.now() - began)}.`],
  ]);
  if (lost.length > 0) throw new Error(`Writes that were acknowledged are lost: ${lost.join(", ")}`);
}

/** Each change with the ids of its steps. */
function inShort({ services }: PlanDocument): readonly Line[] {
  return services.flatMap(({ changes, refusals }) => [
    ...changes.flatMap((change, i): readonly Line[] => [
      [
        `  ${i + 1}. `,
        ["cyan", [change.case, change.node ?? change.member ?? []].flat().join(" ")],
        ["dim", `, then ${quorumText(change.quorumAfter)}`],
      ],
      ["     ", ...stepsInShort(change.steps.map((s) => s.id))],
    ]),
    ...refusals.map((r): Line => [["yellow", `  ${r.rule} `], r.evidence]),
  ]);
}

/** `latch:n1 latch:n2` is "latch ×2". */
function stepsInShort(ids: readonly string[]): readonly Span[] {
  const times = new Map<string, number>();
  for (const id of ids) times.set(baseId(id), (times.get(baseId(id)) ?? 0) + 1);
  return [[...times].map(([id, n]) => n === 1 ? id : `${id} ×${n}`).join(", ")];
}
