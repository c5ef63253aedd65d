/**
 * Standard output and standard error.
 *
 * @module
 */
import type { Stream } from "./cli.ts";

interface Target {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

const encoder = new TextEncoder();
const RETRY_MS = 5;

/** Data could not be written: a disk is full, most often. The message is the system's. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/**
 * A stream that ends quietly when its reader goes away (`quorate journal | head`): a run must not stop in the middle
 * of a change because nobody listens any more. `strict` throws an {@linkcode OutputError} for whatever else goes wrong.
 */
export function streamTo(target: Target, options: { readonly strict: boolean }): Stream {
  let open = true;
  return {
    write(text) {
      const bytes = encoder.encode(text);
      for (let at = 0; open && at < bytes.length;) {
        try {
          at += target.writeSync(bytes.subarray(at));
        } catch (error) {
          if (error instanceof Deno.errors.WouldBlock) pause(); // somebody made the pipe non-blocking
          else if (error instanceof Deno.errors.BrokenPipe || !options.strict) open = false;
          else throw new OutputError(error instanceof Error ? error.message : String(error));
        }
      }
    },
    closed: () => !open,
    terminal: target.isTerminal(),
    size() {
      try {
        const { columns, rows } = Deno.consoleSize();
        if (columns > 0 && rows > 0) return { columns, rows };
      } catch {
        // no terminal that could tell
      }
      return { columns: 80, rows: 24 };
    },
  };
}

const pause = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
