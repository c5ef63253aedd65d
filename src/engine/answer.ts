/**
 * Questions that only a command on a node can answer, for guards that an operator's own step brings.
 *
 * @module
 */
import type { Observation } from "../model/observation.ts";
import type { Tri } from "../model/tri.ts";
import type { CommandProbe } from "../playbook/evaluate.ts";
import type { ServiceRun } from "./outside.ts";
import { resolveWhere } from "../playbook/place.ts";
import { filledIn, script } from "./scene.ts";

const ANSWER_TIMEOUT_MS = 15_000;

/** Exit code 0 is yes, 1 is no; anything else, a time-out and a lost connection are unknown (S24). */
export const answerOn = (run: ServiceRun) => async (probe: CommandProbe, seen: Observation): Promise<Tri> => {
  const on = resolveWhere(probe.on, seen);
  const text = filledIn(probe.command, seen, run);
  if (on === undefined || text === undefined) return "unknown";
  const { outside } = run;
  const reply = on === "management"
    ? await outside.here(text, { timeoutMs: ANSWER_TIMEOUT_MS })
    : await outside.fleet.run(on, script(text, run), { timeoutMs: ANSWER_TIMEOUT_MS });
  return reply.kind !== "exited" ? "unknown" : reply.code === 0 ? "yes" : reply.code === 1 ? "no" : "unknown";
};
