/**
 * Scripts on the management node itself, for steps that an operator adds there.
 *
 * @module
 */
import type { Reply } from "../model/fleet.ts";

const GRACE_S = 2;

/** Runs a POSIX sh script; `timeout` ends it with all its children, as on the nodes. Never throws. */
export async function here(script: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<Reply> {
  const began = performance.now();
  try {
    const child = new Deno.Command("timeout", {
      args: ["-k", String(GRACE_S), String(timeoutMs / 1000), "sh", "-s"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = child.output();
    const stdin = child.stdin.getWriter();
    // A script that ends before it has read itself to the end leaves a broken pipe behind: no matter.
    await stdin.write(new TextEncoder().encode(script)).then(() => stdin.close()).catch(() => {});
    const { code, stdout, stderr } = await output;
    return performance.now() - began >= timeoutMs && (code === 124 || code === 137)
      ? { kind: "timedOut", stdout, stderr }
      : { kind: "exited", code, stdout, stderr };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const unblock = "install coreutils here: scripts run under `timeout`";
    return { kind: "unreachable", trouble: { code: "unreachable", detail, unblock } };
  }
}
