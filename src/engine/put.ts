/**
 * Brings a file of the management node to a node, piece by piece, under the node's lock; what arrives must have the hash
 * that it had when it was looked at.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Reply, Session } from "../model/fleet.ts";
import { shellFor } from "../node/shell.ts";
import { quote } from "../playbook/render.ts";
import type { Acting } from "../playbook/step.ts";
import { said } from "./fetch.ts";
import type { ServiceRun } from "./outside.ts";
import { reasonOf } from "./state_error.ts";

const PIECE = 1024 * 1024;

/** Puts the file aside, verifies it, and gives it its name; a piece may be sent twice. */
export async function putFile(
  { outside }: ServiceRun,
  session: Session,
  { from, to, sha256 }: Extract<Acting, { do: "put" }>,
  timeoutMs: number,
): Promise<Reply> {
  const part = `${to}.part`;
  const functions = shellFor("quorate_part", "");
  const until = outside.clock.now() + timeoutMs;
  const run = (script: string) =>
    session.run(script, { timeoutMs: Math.max(1, until - outside.clock.now()) });
  try {
    using file = await outside.store.open(from);
    const begun = await run(`umask 077; mkdir -p -- ${quote(dirname(to))} && : >${quote(part)}`);
    if (begun.kind !== "exited" || begun.code !== 0) return begun;
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = (await file.read(at, Math.min(PIECE, file.size - at))).toBase64();
      const reply = await run(`${functions}\nquorate_part ${quote(part)} ${at} <<'END'\n${piece}\nEND\n`);
      if (reply.kind !== "exited" || reply.code !== 0) return reply;
    }
    const summed = await run(`sync -- ${quote(part)} && sha256sum <${quote(part)}`);
    if (summed.kind !== "exited" || summed.code !== 0) return summed;
    const there = new TextDecoder().decode(summed.stdout).slice(0, 64);
    if (there !== sha256) {
      return said(1, "", `${part}: SHA-256 is ${there}, of ${from} it was ${sha256}`);
    }
    return await run(`mv -f -- ${quote(part)} ${quote(to)}`);
  } catch (error) {
    return said(1, "", `${from}: ${reasonOf(error)}`);
  }
}
