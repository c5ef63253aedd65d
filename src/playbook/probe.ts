/**
 * Probes: read-only questions, asked of the newest observation (or, for an operator's own step, of a node). Every
 * answer is three-valued, and unknown stops the case (S24).
 *
 * @module
 */
import type { Command, Subject } from "./command.ts";
import type { Where } from "./where.ts";

/** What can be asked about one subject. */
export type FactName =
  | "recorded" // the service's own record names it, by the node's proven identity or by id
  | "started" // recorded, and it was started once (S25)
  | "voter"
  | "learner"
  | "leader"
  | "healthy" // both signals of S5
  | "caughtUp" // a learner that is in sync in this observation
  | "running" // the unit is active and answers, or a process of the service is alive
  | "dataEmpty" // proven: no data, at the place that was latched
  | "dataBlank" // a member's ids, and nothing else: it was started on a disk that was wiped
  | "dataPristine" // a package's default that was never written to
  | "latched" // the node's latch names the member that it is now
  | "intended" // the intent of an unfinished bootstrap lies on the node
  | "markedStarted" // the node was marked before its first start as `new`
  | "enabled"
  | "fenced"; // Quorate fenced it, and no process is left

export type Probe =
  | { readonly ask: "fact"; readonly fact: FactName; readonly of: Subject }
  /** A value of the service's configuration on a node. */
  | { readonly ask: "setting"; readonly node: string; readonly key: string; readonly is: string }
  /** The service holds its quorum. */
  | { readonly ask: "quorum" }
  /** Every `well` is a healthy voter, there is a leader, and none of `before` (ids) got worse, unless it is gone. */
  | { readonly ask: "settled"; readonly well: readonly Subject[]; readonly before: readonly string[] }
  /** Exit code 0 is yes, 1 is no, anything else (a time-out, a lost connection) is unknown. */
  | { readonly ask: "command"; readonly command: Command; readonly on: Where }
  | { readonly ask: "not"; readonly probe: Probe }
  | { readonly ask: "all" | "any"; readonly probes: readonly Probe[] };

const fact = (name: FactName) => (of: { readonly name: string } | Subject): Probe => ({
  ask: "fact",
  fact: name,
  of: subject(of),
});

/** A host node, or a subject as it is. */
export const subject = (of: { readonly name: string } | Subject): Subject =>
  "node" in of || "member" in of ? of : { node: of.name };
/** A member by its id. */
export const member = (id: string): Subject => ({ member: id });

export const recorded = fact("recorded");
export const started = fact("started");
export const voter = fact("voter");
export const learner = fact("learner");
export const leader = fact("leader");
export const healthy = fact("healthy");
export const caughtUp = fact("caughtUp");
export const running = fact("running");
export const dataEmpty = fact("dataEmpty");
export const dataBlank = fact("dataBlank");
export const dataPristine = fact("dataPristine");
export const latched = fact("latched");
export const intended = fact("intended");
export const markedStarted = fact("markedStarted");
export const enabled = fact("enabled");
export const fenced = fact("fenced");
export const quorumHeld: Probe = { ask: "quorum" };
export const setting = (n: { readonly name: string }, key: string, is: string): Probe => ({
  ask: "setting",
  node: n.name,
  key,
  is,
});
export const settled = (
  well: readonly ({ readonly name: string } | Subject)[],
  before: readonly { readonly id: string }[] = [],
): Probe => ({ ask: "settled", well: well.map(subject), before: before.map((m) => m.id) });
export const answers = (command: Command, on: Where): Probe => ({ ask: "command", command, on });
export const not = (probe: Probe): Probe => ({ ask: "not", probe });
export const all = (...probes: readonly Probe[]): Probe => ({ ask: "all", probes });
export const any = (...probes: readonly Probe[]): Probe => ({ ask: "any", probes });

/** A probe in words, for plans and journals. */
export function probeText(probe: Probe): string {
  switch (probe.ask) {
    case "fact": {
      const of = "node" in probe.of ? probe.of.node : `member ${probe.of.member}`;
      return `${of} is ${words[probe.fact]}`;
    }
    case "setting":
      return `${probe.key} on ${probe.node} is ${probe.is}`;
    case "quorum":
      return "the quorum is held";
    case "settled":
      return probe.well.length === 0
        ? "no member got worse"
        : `${
          probe.well.map((s) => "node" in s ? s.node : s.member).join(", ")
        } healthy, and no member got worse`;
    case "command":
      return "a command on the node says so";
    case "not":
      return `not (${probeText(probe.probe)})`;
    case "all":
      return probe.probes.map(probeText).join(" and ");
    case "any":
      return probe.probes.map(probeText).join(" or ");
  }
}
const words: Readonly<Record<FactName, string>> = {
  recorded: "recorded",
  started: "started",
  voter: "a voter",
  learner: "a learner",
  leader: "the leader",
  healthy: "healthy",
  caughtUp: "caught up",
  running: "running",
  dataEmpty: "proven empty",
  dataBlank: "holding its ids alone",
  dataPristine: "holding only a package's default",
  latched: "latched",
  intended: "holding the bootstrap intent",
  markedStarted: "marked as started",
  enabled: "enabled",
  fenced: "fenced",
};
