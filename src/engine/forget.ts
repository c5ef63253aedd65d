/**
 * Takes away what Quorate wrote down of a cluster that was destroyed on purpose: its latches on the nodes, and this
 * manager's own memory of it. Under the locks of the nodes, after a second look.
 *
 * @module
 */
import type { Refusal } from "../model/refusal.ts";
import { quote } from "../playbook/render.ts";
import { forgetting } from "../rules/s01_forget.ts";
import { lookAt } from "./apply.ts";
import { nodeLocks } from "./lock.ts";
import type { ServiceRun } from "./outside.ts";
import { lastLines, script } from "./scene.ts";

/** What there is to take away. */
export interface Remains {
  /** Nodes with a latch of the cluster. */
  readonly nodes: readonly string[];
  /** This manager remembers it. */
  readonly memory: boolean;
}

export type Forgotten =
  | { readonly kind: "forgotten"; readonly remains: Remains }
  /** No latch and no memory is of this cluster; `others` are those that latches name. */
  | { readonly kind: "nothing"; readonly others: readonly string[] }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] }
  | { readonly kind: "busy"; readonly holder: string }
  | { readonly kind: "declined" }
  /** Some are gone, and here it failed: the same command again goes on. */
  | {
    readonly kind: "failed";
    readonly gone: readonly string[];
    readonly node: string;
    readonly why: string;
  };

const TIMEOUT_MS = 60_000;

/** `confirm` is asked once it is known what would be taken away. */
export async function forgetCluster(
  run: ServiceRun,
  clusterId: string,
  confirm: (remains: Remains) => Promise<boolean>,
): Promise<Forgotten> {
  const { target, service, outside } = run;
  await using local = await outside.store.lock();
  if (local === undefined) return { kind: "busy", holder: "another process on this host" };
  const first = await lookAt(run);
  const judged = forgetting(target, first.seen, clusterId);
  if (judged.refusals.length > 0) return { kind: "refused", refusals: judged.refusals };
  const remains: Remains = { nodes: judged.nodes, memory: first.memory.clusterId === clusterId };
  if (remains.nodes.length === 0 && !remains.memory) {
    const latches = Object.values(first.seen.nodes).map((f) => f.latch);
    const others = new Set(latches.flatMap((l) => typeof l === "string" ? [] : [l.clusterId]));
    return { kind: "nothing", others: [...others] };
  }
  if (!await confirm(remains)) return { kind: "declined" };

  const locks = nodeLocks(run);
  try {
    const short = await locks.majority(target, first.seen);
    if (short !== undefined) {
      return short.kind === "busy" ? short : { kind: "refused", refusals: [short.refusal] };
    }
    // A person may have taken long to answer, and another manager may have been at work.
    const again = forgetting(target, (await lookAt(run)).seen, clusterId);
    if (again.refusals.length > 0) return { kind: "refused", refusals: again.refusals };
    const gone: string[] = [];
    for (const node of again.nodes.filter((n) => remains.nodes.includes(n))) {
      const lock = await locks.on(node);
      if (lock.kind === "busy") {
        return { kind: "failed", gone, node, why: `another manager holds its lock: ${lock.holder}` };
      }
      if (lock.kind === "refused") return { kind: "failed", gone, node, why: lock.refusal.evidence };
      const { name, unit, process, dataDir } = service;
      const words = [name, clusterId, unit, process, dataDir].map(quote).join(" ");
      const reply = await lock.session.run(script(`quorate_forget ${words}`, run), { timeoutMs: TIMEOUT_MS });
      if (reply.kind !== "exited" || reply.code !== 0) {
        const why = reply.kind === "exited" ? lastLines(reply.stderr) : "whether it was done is not known";
        return { kind: "failed", gone, node, why };
      }
      gone.push(node);
    }
    // Last: as long as it remembers, no new cluster is formed (S1).
    const memory = await outside.store.readMemory();
    if (memory.clusterId === clusterId) await outside.store.writeMemory({ attempts: memory.attempts });
    return { kind: "forgotten", remains: { ...remains, nodes: gone } };
  } finally {
    await locks.close();
  }
}
