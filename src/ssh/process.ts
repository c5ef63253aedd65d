/**
 * One command on an open connection, by bytes.
 *
 * @module
 */
import { constants } from "node:os";
import type { Connection } from "./connection.ts";
import type { Reply } from "../model/fleet.ts";

/** How a command ended. `lost`: nobody can say, e.g. because the connection went away. */
export type Ending =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "lost"; readonly detail: string };

/** Where the output goes. While a returned promise is pending, no more stdout is read. */
export interface Taker {
  stdout(piece: Uint8Array): void | Promise<void>;
  stderr(piece: Uint8Array): void;
}

/** A command that was started. */
export interface Process {
  readonly ended: Promise<Ending>;
  write(bytes: Uint8Array): void;
  /** Ends its standard input. */
  end(): void;
  /** Closes the channel; a command that has not ended by now is lost. */
  abandon(detail: string): void;
}

/**
 * Starts a command. Rejects when the connection or the server does not take it, or not within `timeoutMs`: then
 * nothing was started.
 */
export async function start(
  connection: Connection,
  command: string,
  taker: Taker,
  timeoutMs: number,
): Promise<Process> {
  const channel = await connection.exec(command, timeoutMs);
  const ended = Promise.withResolvers<Ending>();
  let code: number | undefined;
  let readToEnd = false;
  const exited = (otherwise: string): Ending =>
    code === undefined ? { kind: "lost", detail: otherwise } : { kind: "exited", code };
  const settle = (ending: Ending) => {
    stopListening();
    ended.resolve(ending);
  };
  const abandon = (detail: string) => {
    settle({ kind: "lost", detail });
    channel.close();
    channel.resume(); // what is still buffered would keep it from ending
  };
  // A connection that goes away closes its channels as if all were well, but output may be missing then.
  const stopListening = connection.onGone((detail) =>
    settle(readToEnd ? exited(detail) : { kind: "lost", detail })
  );
  channel.on("exit", (status: number | null, signal?: string) => code = status ?? signalCode(signal));
  channel.on("end", () => readToEnd = true);
  channel.on("close", () => settle(exited("it ended without an exit status")));
  channel.on("error", (error: Error) => abandon(error.message));
  channel.on("data", (piece: Uint8Array) => {
    const pending = taker.stdout(piece);
    if (pending === undefined) return;
    channel.pause();
    pending.then(() => channel.resume(), () => abandon("its output was not wanted any more"));
  });
  // Both streams share one window: one that is not read would stop the other.
  channel.stderr.on("data", (piece: Uint8Array) => taker.stderr(piece));
  return {
    ended: ended.promise,
    write: (bytes) => void channel.write(bytes),
    end: () => void channel.end(),
    abandon,
  };
}

/**
 * Whether `timeout` ended a command: by its exit code, and because as much time has passed, so that a script's own
 * exit code 124 is not mistaken for it.
 */
export function timedOut(code: number, begun: number, timeoutMs: number): boolean {
  return (code === 124 || code === 137) && performance.now() - begun >= timeoutMs;
}

/** A reply that nobody can trust. */
export const lost = (detail: string): Reply => ({ kind: "lost", detail });

/** As a shell tells it. */
function signalCode(signal: string | undefined): number {
  const found = Object.entries(constants.signals).find(([name]) => name === signal);
  return 128 + (found?.[1] ?? 0);
}
