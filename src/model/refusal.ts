/**
 * A refusal is data: which rule, what was seen, what a person can do. Text and JSON render it.
 *
 * @module
 */

/**
 * The safety rules of the design, by name. `masked` is a person's own decision on a node, respected; `node` is what a
 * node lacks, `state` what the state directory does; `playbook` and `plugin` say that what their author wrote is wrong.
 */
export const ruleNames = [
  "S1",
  "S2",
  "S3",
  "S4",
  "S5",
  "S6",
  "S7",
  "S8",
  "S9",
  "S10",
  "S11",
  "S12",
  "S13",
  "S14",
  "S15",
  "S16",
  "S17",
  "S18",
  "S19",
  "S20",
  "S21",
  "S22",
  "S23",
  "S24",
  "S25",
  "masked",
  "node",
  "state",
  "playbook",
  "plugin",
] as const;
export type RuleName = typeof ruleNames[number];

export interface Refusal {
  readonly rule: RuleName;
  /** What was seen, in one or two sentences that name nodes, ids and values. */
  readonly evidence: string;
  /** What a person can do about it. */
  readonly unblock: string;
}

/** Why a change must not be made now. */
export interface Objection extends Refusal {
  /** It passes by itself within seconds: worth a second look before it is said. @default false */
  readonly passes?: boolean;
}
export const plain = ({ rule, evidence, unblock }: Objection): Refusal => ({ rule, evidence, unblock });
