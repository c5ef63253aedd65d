/**
 * `status` for a person: the members, the nodes, and what to look after.
 *
 * @module
 */
import { quorumText } from "../model/quorum.ts";
import { refusalBlock } from "./blocks.ts";
import { blank, columns, type Line, type Span, type Style } from "./lines.ts";
import { noticesOf } from "./notices.ts";
import { caseOf, type Looked, membersOf, type MemberStatus, unitText } from "./status.ts";
import { bytes } from "./words.ts";

/** One service. */
export function statusText({ plugin, target, seen, verdict }: Looked): readonly Line[] {
  const notices = noticesOf(seen, target.policy);
  return [
    [
      ["bold", `${seen.service} (${plugin}): `],
      [quorumStyle[seen.state], quorumWords[seen.state]],
      `, ${quorumText(seen.quorum)}`,
    ],
    [["dim", "  case     "], caseOf(verdict), ...whatFor(verdict)],
    ...(seen.clusterId === undefined ? [] : [[["dim", "  cluster  "], seen.clusterId] as const]),
    blank,
    ...columns([
      head("MEMBER", "NODE", "ID", "ROLE", "HEALTH", "VERSION", ""),
      ...membersOf(target, seen).map(memberRow),
    ], "  "),
    blank,
    ...columns([
      head("NODE", "SSH", "UNIT", "DATA", "DISK FREE"),
      ...target.nodes.map(({ name }): readonly Span[] => {
        const facts = seen.nodes[name];
        return [
          name,
          facts?.reached ? "ok" : ["red", facts?.trouble?.code ?? "unreachable"],
          unitText(facts),
          facts?.data.state ?? "unknown",
          facts?.disk === undefined ? dash : bytes(facts.disk.freeBytes),
        ];
      }),
    ], "  "),
    ...(verdict.kind === "refused" || verdict.kind === "wait"
      ? [blank, ...refusalBlock(verdict.refusals)]
      : verdict.kind === "quorumLost"
      ? [blank, ...refusalBlock([verdict.refusal])]
      : []),
    ...(notices.length === 0 ? [] : [
      blank,
      ...notices.map((
        n,
      ): Line => [["yellow", "  ! "], n.node === undefined ? n.text : `${n.node}: ${n.text}`]),
    ]),
  ];
}

const dash: Span = ["dim", "-"];
const head = (...names: readonly string[]): readonly Span[] => names.map((name) => ["dim", name]);
const quorumWords = {
  held: "quorum held",
  lost: "quorum lost",
  "never-formed": "never formed",
  unknown: "quorum unknown",
} as const;
const quorumStyle = { held: "green", lost: "red", "never-formed": "cyan", unknown: "yellow" } as const;
const healthStyle: Readonly<Record<MemberStatus["health"], Style>> = {
  healthy: "green",
  unhealthy: "red",
  unknown: "yellow",
};

const whatFor = (verdict: Looked["verdict"]): readonly Span[] =>
  verdict.kind === "wait" ? [`: ${verdict.why}`] : [];

function memberRow(m: MemberStatus): readonly Span[] {
  const remarks = [
    ...(m.recorded && m.name === "" ? ["never started"] : []),
    ...(m.recorded ? [] : ["not recorded"]),
    ...(m.desired ? [] : ["not desired"]),
  ];
  return [
    m.name === "" ? dash : m.name,
    m.node ?? dash,
    m.id ?? dash,
    m.role === null ? dash : m.leader ? `${m.role}, leader` : m.role,
    m.recorded ? [healthStyle[m.health], m.health] : dash,
    m.version ?? dash,
    ["yellow", remarks.join(", ")],
  ];
}
