/**
 * Brings a snapshot from a node to the management node (S18): what arrives must have the hash that the node computed.
 *
 * @module
 */
import type { Reply, Session } from "../model/fleet.ts";
import { quote } from "../playbook/render.ts";
import type { Acting } from "../playbook/step.ts";
import type { ServiceRun } from "./outside.ts";

/** Fetches, verifies, keeps; and takes the file on the node away. */
export async function fetchFile(
  { target, outside }: ServiceRun,
  session: Session,
  action: Extract<Acting, { do: "fetch" }>,
  timeoutMs: number,
): Promise<Reply> {
  const summed = await session.run(`sha256sum < ${quote(action.from)}`, { timeoutMs });
  if (summed.kind !== "exited" || summed.code !== 0) return summed;
  const theirs = new TextDecoder().decode(summed.stdout).slice(0, 64);
  const file = await outside.store.snapshot(action.kind);
  let kept = false;
  try {
    const reply = await outside.fleet.fetch(session.node, action.from, (p) => file.write(p), { timeoutMs });
    if (reply.kind !== "exited" || reply.code !== 0) return reply;
    const ours = file.sha256();
    if (ours !== theirs) return said(1, "", `${file.path}: SHA-256 is ${ours}, on the node it was ${theirs}`);
    await file.keep(target.policy.backup === false ? 1 : target.policy.backup.keep);
    kept = true;
    await session.run(`rm -f -- ${quote(action.from)}`, { timeoutMs });
    return said(0, `${file.path} (SHA-256 ${ours})`, "");
  } catch (error) {
    // The management node's own disk: full, read-only, not ours to write.
    return said(1, "", `${file.path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    if (!kept) await file.drop();
  }
}

const encoder = new TextEncoder();
const said = (code: number, out: string, err: string): Reply => ({
  kind: "exited",
  code,
  stdout: encoder.encode(out),
  stderr: encoder.encode(err),
});
