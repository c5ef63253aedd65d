/**
 * `status` of many services: those that need people first, those that are well in a line each, and one line about all.
 *
 * @module
 */
import { quorumText } from "../model/quorum.ts";
import { hang, type Line, type Style } from "./lines.ts";
import { noticesOf } from "./notices.ts";
import { caseOf, type Looked } from "./status.ts";
import { statusText } from "./status_text.ts";
import { count } from "./words.ts";

/** What a look at a service came to; one that could not be made has failed. */
export type Glance = Looked | { readonly service: string; readonly failed: string };

/** From what needs a person most to what needs nobody. */
const URGENCY = ["quorum lost", "failed", "refused", "waiting", "with changes pending", "steady"] as const;
type Urgency = typeof URGENCY[number];
const style: Readonly<Record<Urgency, Style>> = {
  "quorum lost": "red",
  failed: "red",
  refused: "yellow",
  waiting: "yellow",
  "with changes pending": "cyan",
  steady: "green",
};

const urgencyOf = (glance: Glance): Urgency => {
  if ("failed" in glance) return "failed";
  const { verdict, memory } = glance;
  switch (verdict.kind) {
    case "quorumLost":
      return "quorum lost";
    case "refused":
      return "refused";
    case "wait":
      return "waiting";
    case "change":
      // A change that was tried in vain is not only pending.
      return Object.entries(memory?.attempts ?? {}).some(([key, { count }]) =>
          !key.startsWith("join:") && count > 0
        )
        ? "failed"
        : "with changes pending";
    case "steady":
      return "steady";
  }
};

/** Sorted by who needs people most; among equals in the order that they came in. */
export const byUrgency = (services: readonly Glance[]): readonly Glance[] =>
  URGENCY.flatMap((urgency) => services.filter((one) => urgencyOf(one) === urgency));

/** All services. One alone needs no line about all; `verbose` shows the steady ones in full as well. */
export function fleetText(services: readonly Glance[], verbose: boolean): readonly Line[] {
  const sorted = byUrgency(services);
  const brief = (one: Glance): boolean =>
    !verbose && services.length > 1 && "verdict" in one && urgencyOf(one) === "steady" &&
    noticesOf(one.seen, one.target.policy).length === 0;
  const blocks = sorted.filter((one) => !brief(one)).flatMap((one): readonly Line[] => [
    ...("failed" in one ? failedText(one) : statusText(one)),
    [],
  ]);
  const lines = sorted.filter(brief).flatMap((one): readonly Line[] =>
    "failed" in one ? [] : [[
      ["bold", `${one.seen.service} (${one.plugin}): `],
      ["green", caseOf(one.verdict)],
      `, ${quorumText(one.seen.quorum)}`,
    ]]
  );
  const all = [...blocks, ...lines];
  if (services.length > 1) return [summary(services), [], ...(lines.length === 0 ? all.slice(0, -1) : all)];
  return all.slice(0, -1);
}

/** "3 services: 1 quorum lost, 2 steady". */
function summary(services: readonly Glance[]): Line {
  const parts = URGENCY.flatMap((urgency) => {
    const n = services.filter((one) => urgencyOf(one) === urgency).length;
    return n === 0 ? [] : [[style[urgency], `${n} ${urgency}`] as const];
  });
  return [`${count(services.length, "service")}: `, ...parts.flatMap((p, i) => i === 0 ? [p] : [", ", p])];
}

const failedText = ({ service, failed }: { readonly service: string; readonly failed: string }) => [
  [["bold", `${service}: `], ["red", "could not be looked at"]] as const,
  ...hang("  what   ", failed, "red"),
];
