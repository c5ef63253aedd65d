/**
 * Brings a snapshot from a node to the management node (S18): what arrives must have the hash that the node computed.
 *
 * @module
 */
import type { Reply, Session } from "../model/fleet.ts";
import { quote } from "../playbook/render.ts";
import type { Acting } from "../playbook/step.ts";
import type { ServiceRun, SnapshotFile } from "./outside.ts";
import { reasonOf } from "./state_error.ts";

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
  let file: SnapshotFile | undefined;
  let kept = false;
  try {
    file = await outside.store.snapshot(action.kind);
    const into = file;
    const reply = await outside.fleet.fetch(session.node, action.from, (p) => into.write(p), { timeoutMs });
    if (reply.kind !== "exited" || reply.code !== 0) return reply;
    const ours = file.sha256();
    if (ours !== theirs) return said(1, "", `${file.path}: SHA-256 is ${ours}, on the node it was ${theirs}`);
    await file.keep(target.policy.backup === false ? 1 : target.policy.backup.keep);
    kept = true;
    await session.run(`rm -f -- ${quote(action.from)}`, { timeoutMs });
    return said(0, `${file.path} (SHA-256 ${ours})`, "");
  } catch (error) {
    // The management node's own disk: full, read-only, not ours to write.
    return said(1, "", `${file?.path ?? "the snapshot"}: ${reasonOf(error)}`);
  } finally {
    if (!kept) await file?.drop();
  }
}

const encoder = new TextEncoder();
/** What a step comes to that is not a command on a node. */
export const said = (code: number, out: string, err: string): Reply => ({
  kind: "exited",
  code,
  stdout: encoder.encode(out),
  stderr: encoder.encode(err),
});
