/**
 * Hands a file of a node on, piece by piece.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { start, timedOut } from "./process.ts";
import { fetchInput, newTag } from "./shell.ts";
import { GRACE_MS, type Manner, notStarted, withoutAnswer } from "./talk.ts";
import type { Connection } from "./connection.ts";
import type { Reply, Trouble } from "../model/fleet.ts";

/** Reads a file; rejects with what the sink threw. A trouble means that it was not looked at. */
export async function fetchFile(
  connection: Connection,
  path: string,
  sink: (piece: Uint8Array) => void | Promise<void>,
  timeoutMs: number,
  manner: Manner,
): Promise<Reply | Trouble> {
  const tag = newTag();
  const input = fetchInput(tag, path, timeoutMs);
  const stderr: Uint8Array[] = [];
  let before: Buffer | undefined = Buffer.alloc(0); // what comes before the file, until the tag is seen
  let taken: Promise<void> = Promise.resolve();
  const hand = (piece: Uint8Array) => {
    taken = (async () => await sink(piece))();
    taken.catch(() => {}); // told below
    return taken;
  };
  const process = await start(connection, input.command(manner.become), {
    stdout(piece) {
      if (before === undefined) return hand(piece);
      before = Buffer.concat([before, piece]);
      const at = before.indexOf(`${tag}\n`);
      if (at < 0) return;
      const rest = before.subarray(at + tag.length + 1);
      before = undefined;
      if (rest.length > 0) return hand(rest);
    },
    stderr: (piece) => void stderr.push(piece),
  }, timeoutMs + GRACE_MS).catch((thrown) => notStarted(connection, thrown));
  if (!("ended" in process)) return process;
  const timer = setTimeout(
    () => process.abandon("the file did not come in time"),
    timeoutMs + GRACE_MS,
  );
  const begun = performance.now();
  process.write(input.bytes);
  process.end();
  const ending = await process.ended;
  clearTimeout(timer);
  await taken;
  const heard = { stdout: new Uint8Array(), stderr: new Uint8Array(Buffer.concat(stderr)) };
  if (ending.kind === "exited" && timedOut(ending.code, begun, timeoutMs)) {
    return { kind: "timedOut", ...heard };
  }
  return withoutAnswer(ending, heard, manner);
}
