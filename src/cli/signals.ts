/**
 * How a run is asked to stop: the running step is finished and no other is begun, because a step that is cut off leaves
 * the next run to find out what became of it. Who cannot wait interrupts a second time.
 *
 * @module
 */
import { EXIT } from "./cli.ts";

const ASKS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Stop {
  readonly signal: AbortSignal;
  /** From now on the run has so long; then it is asked to stop by itself. */
  deadline(ms: number): void;
  close(): void;
}

/** Listens until closed; `tell` is given what a person at the terminal should know. */
export function stopSignals(tell: (text: string) => void): Stop {
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
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
    deadline(ms) {
      timer = setTimeout(() => stop.abort("the run's --deadline has passed"), ms);
    },
    close() {
      clearTimeout(timer);
      listeners.forEach(({ name, listener }) => Deno.removeSignalListener(name, listener));
    },
  };
}
