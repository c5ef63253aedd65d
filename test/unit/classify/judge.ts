/** Verdicts in one line each. */
import { classify } from "../../../src/classify/classify.ts";
import type { Input } from "../../../src/classify/input.ts";
import { subjectOf, type Verdict } from "../../../src/model/change.ts";
import { cluster, down, input, type Over, rulesOf, sick, target } from "../core_samples.ts";

export const hosts = "n1 n2 n3 n4 n5 n6";
/** "add n4", "replace n3→n4 dead", "refused S4 S7", "wait S24", "lost", "steady". */
export function text(v: Verdict): string {
  switch (v.kind) {
    case "change":
      return `${v.change.case} ${subjectOf(v.change)}` +
        ("dead" in v.change && v.change.dead ? " dead" : "") +
        ("latchOnly" in v.change && v.change.latchOnly ? " latch" : "");
    case "refused":
    case "wait":
      return [v.kind === "wait" ? "wait" : "refused", ...rulesOf(v.refusals)].join(" ");
    case "quorumLost":
      return `lost ${v.lost.join(",")}`;
    case "steady":
      return "steady";
  }
}
export const judge = (
  desired: string,
  recorded: string,
  over: Over = {},
  more: Partial<Input> = {},
): string => {
  const t = target(desired, hosts, more.target?.policy);
  return text(classify(input(t, cluster(t, recorded, over), { ...more, target: t })));
};
export const three = "n1 n2 n3";
export const crashed = (...nodes: string[]): Over => over(nodes, down);
export const over = (nodes: readonly string[], facts: NonNullable<Over["nodes"]>[string]): Over => ({
  members: Object.fromEntries(
    nodes.map((n) => [n, facts.reached === false ? { health: "unhealthy" } : sick]),
  ),
  nodes: Object.fromEntries(nodes.map((n) => [n, facts])),
});
