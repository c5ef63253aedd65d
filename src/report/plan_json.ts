/**
 * `plan -o json`: the shape is a contract, so it is spelled out here field by field and never is what the engine
 * happens to hold.
 *
 * @module
 */
import type { Change } from "../model/change.ts";
import type { PlannedChange, PlannedStep, ServicePlan } from "../model/plan.ts";
import type { Quorum } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";

export interface PlanDocument {
  readonly schemaVersion: 1;
  readonly services: readonly {
    readonly name: string;
    readonly case: string;
    readonly quorum: Quorum;
    readonly changes: readonly {
      readonly case: string;
      /** The node that it is about, where it is about one; the new one of a replacement. */
      readonly node?: string;
      /** The member that goes or is repaired, by id. */
      readonly member?: string;
      /** Only of the first change: it is what runs now. Later ones follow from what is expected. */
      readonly exact: boolean;
      readonly steps: readonly {
        readonly id: string;
        readonly title: string;
        readonly on: string;
        readonly effect: string;
        readonly command?: string;
        /** Only on a step that is done already. */
        readonly skip?: true;
      }[];
      readonly quorumAfter: Quorum;
    }[];
    readonly refusals: readonly Refusal[];
  }[];
}

/** Several services' plans as one document. */
export const planDocument = (plans: readonly ServicePlan[]): PlanDocument => ({
  schemaVersion: 1,
  services: plans.map((p) => ({
    name: p.name,
    case: p.case,
    quorum: quorum(p.seen.quorum),
    changes: p.changes.map((c) => ({
      case: c.change.case,
      ...about(c.change),
      exact: c.exact,
      steps: steps(c),
      quorumAfter: quorum(c.quorumAfter),
    })),
    refusals: p.refusals.map(({ rule, evidence, unblock }) => ({ rule, evidence, unblock })),
  })),
});

const quorum = ({ voters, healthy, needed, margin }: Quorum): Quorum => ({ voters, healthy, needed, margin });

const about = (change: Change): { readonly node?: string; readonly member?: string } => ({
  ...("node" in change && change.node !== undefined ? { node: change.node.name } : {}),
  ...("member" in change ? { member: change.member.id } : {}),
});

const steps = (change: PlannedChange) =>
  change.steps.map(({ id, title, on, effect, command, skip }: PlannedStep) => ({
    id,
    title,
    on,
    effect,
    ...(command === undefined ? {} : { command }),
    ...(skip ? { skip } as const : {}),
  }));
