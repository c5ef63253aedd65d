/**
 * What is wrong with the form of a step: the compiler sees all of it, but a playbook may come to be run without one.
 *
 * @module
 */
import type { Effect } from "./effect.ts";
import type { Acting, Asking, Safe } from "./step.ts";

const NO_GUARD =
  "it has no guard: a step that changes something says why doing it twice is safe, by one of unless, onlyIf or " +
  "idempotent: true";

/** What an acting step lacks: where it runs, what it does, and its guard. */
export function lacks(options: { readonly [K in keyof Safe]?: unknown }): string | undefined {
  if (options.on === undefined) {
    return "it does not say where it runs: on: node(n), anyVoter(), onLeader, management";
  }
  if (options.effect === undefined) return "it declares no effect, not even effect: nothing";
  const guards = [options.unless, options.onlyIf, options.idempotent].filter((one) => one !== undefined);
  if (guards.length === 0) return NO_GUARD;
  return guards.length > 1 ? "it has more than one of unless, onlyIf and idempotent" : undefined;
}

const actions: Readonly<Record<(Acting | Asking)["do"], readonly string[]>> = {
  run: ["command"],
  fetch: ["from", "kind"],
  put: ["from", "to", "sha256"],
  wait: ["until"],
  must: ["hold", "why", "unblock"],
  refuse: ["rule", "why", "unblock"],
};
const effects: Readonly<Record<Effect["does"], readonly string[]>> = {
  nothing: [],
  intends: ["node", "intent"],
  configures: ["node", "join"],
  starts: ["node", "as"],
  restarts: ["node"],
  fences: ["node"],
  unfences: ["node"],
  setsAside: ["node", "whose"],
  prunes: ["node", "paths"],
  latches: ["node"],
  unlatches: ["node"],
  succeeds: ["node", "former"],
  formed: ["node"],
  registersLearner: ["node"],
  promotes: ["node"],
  removes: ["member"],
  movesLeaderFrom: ["member"],
  updatesPeerUrl: ["member", "peerUrl"],
};

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;

/** What is wrong with a step, whatever made it; undefined where nothing is. */
export function flawOf(step: unknown): string | undefined {
  const fields = fieldsOf(step);
  if (fields === undefined) return "it is no step";
  const { id, action, on, effect, timeoutMs } = fields;
  if (typeof id !== "string" || !/^[^\s:]+(:[^\n]+)?$/.test(id)) return "its id is not a word";
  const act = fieldsOf(action);
  const needed = Object.entries(actions).find(([word]) => word === act?.do)?.[1];
  if (act === undefined || needed === undefined) {
    return "its action is none of run(…), fetch(…), wait(…), must(…), refuse(…)";
  }
  const absent = needed.find((name) => act[name] === undefined);
  if (absent !== undefined) return `its action has no ${absent}`;
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    return "its timeoutMs is not a number of milliseconds";
  }
  if (act.do === "wait" || act.do === "must" || act.do === "refuse") return undefined;
  const lacking = lacks(fields);
  if (lacking !== undefined) return lacking;
  if (fieldsOf(on)?.on === undefined) return "it does not say where it runs: on: node(n), …";
  const does = fieldsOf(effect);
  const words = Object.entries(effects).find(([word]) => word === does?.does)?.[1];
  if (does === undefined || words === undefined) return "its effect is none that Quorate knows";
  const missing = words.find((name) => does[name] === undefined);
  if (missing !== undefined) return `its effect ${does.does} does not name its ${missing}`;
  return act.do === "run" ? wrongArg(act.command) : undefined;
}

/** A value in a command that no shell word can be made of. */
function wrongArg(arg: unknown): string | undefined {
  if (typeof arg === "string" || typeof arg === "number") return undefined;
  if (Array.isArray(arg)) return arg.map(wrongArg).find((one) => one !== undefined);
  const fields = fieldsOf(arg);
  if (fields !== undefined && "late" in fields) return undefined;
  if (fields !== undefined && Array.isArray(fields.sh)) return wrongArg(fields.args);
  if (fields !== undefined && Array.isArray(fields.plain)) return wrongArg(fields.with);
  return `its command holds ${fields === undefined ? String(arg) : "what is neither text nor a value"}`;
}
