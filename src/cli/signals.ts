/**
 * How a run is asked to stop: the running step is finished and no other is begun, because a step that is cut off leaves
 * the next run to find out what became of it. Who cannot wait interrupts a second time.
 *
 * @module
 */
import { EXIT } from "./cli.ts";

const ASKS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Listens until closed; `tell` is given what a person at the terminal should know. After `deadlineMs` the run is asked
 * to stop by itself.
 */
export function stopSignals(
  tell: (text: string) => void,
  deadlineMs?: number,
): { readonly signal: AbortSignal; close(): void } {
  const stop = new AbortController();
  const timer = deadlineMs === undefined
    ? undefined
    : setTimeout(() => stop.abort("the run's --deadline has passed"), deadlineMs);
  let asked = false;
  const listeners = ASKS.map((name) => {
    const listener = (): void => {
      if (asked && name === "SIGINT") Deno.exit(EXIT.interrupted);
      if (asked) return;
      asked = true;
      tell("the running step is finished, then this stops; interrupt again to leave at once");
      stop.abort();
    };
    Deno.addSignalListener(name, listener);
    return { name, listener };
  });
  return {
    signal: stop.signal,
    close() {
      clearTimeout(timer);
      listeners.forEach(({ name, listener }) => Deno.removeSignalListener(name, listener));
    },
  };
}
