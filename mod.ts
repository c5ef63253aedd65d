/**
 * What a playbook or a plugin imports as `"quorate"`. Re-exports only.
 *
 * @module
 */
export type { Beginning, Case, Change, Changes, KeptSnapshot } from "./src/model/change.ts";
export type {
  DataFacts,
  DataPlace,
  HostNode,
  Identity,
  Intent,
  Latch,
  NodeFacts,
  Notice,
  RecordedMember,
  ServiceView,
  UnitFacts,
} from "./src/model/node.ts";
export type { Member, Observation } from "./src/model/observation.ts";
export {
  formerClusters,
  memberById,
  memberOn,
  memberText,
  neverStarted,
  voters,
} from "./src/model/observation.ts";
export { type Quorum, quorumOf, quorumText } from "./src/model/quorum.ts";
export type { Objection, Refusal } from "./src/model/refusal.ts";
export { allTri, anyTri, known, notTri, type Tri } from "./src/model/tri.ts";
export type * from "./src/playbook/adopt.ts";
export * from "./src/playbook/running.ts";
export * from "./src/playbook/again.ts";
export * from "./src/playbook/command.ts";
export { type LateText, quote, renderCommand } from "./src/playbook/render.ts";
export * from "./src/playbook/effect.ts";
export {
  type Binding,
  definePlugin,
  type Described,
  type Options,
  type OptionsOf,
  type OptionSpec,
  type OptionsSpec,
  type OptionValue,
  type Plugin,
} from "./src/playbook/options.ts";
export * from "./src/playbook/pieces.ts";
export * from "./src/playbook/playbook.ts";
export type * from "./src/playbook/plugin.ts";
export * from "./src/playbook/probe.ts";
export type * from "./src/playbook/snapshot.ts";
export * from "./src/playbook/step.ts";
export * from "./src/playbook/where.ts";
