/**
 * S23 `paused: true` on a service stops all changes and still observes.
 *
 * @module
 */
import type { Target } from "../model/observation.ts";
import type { Refusal } from "../model/refusal.ts";

export const paused = (target: Target): Refusal | undefined =>
  target.policy.paused
    ? {
      rule: "S23",
      evidence: `${target.service} differs from the config, and its policy says paused: true`,
      unblock: "set paused: false when changes may go on",
    }
    : undefined;
