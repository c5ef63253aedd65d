/**
 * How an etcd cluster begins again, from one disk or from a snapshot: functions that return steps (S19).
 *
 * The data becomes another cluster: `etcdctl snapshot restore` gives it ids of its own, from a token that is used once. A
 * member that was forced alone (`--force-new-cluster`) keeps the ids of then, so the others would join it when they come
 * back, or elect a leader beside it: on 3.5.30 two clusters of the same id served at once.
 *
 * @module
 */
import {
  configures,
  given,
  type HostNode,
  type KeptSnapshot,
  makeReady,
  node,
  putSnapshot,
  run,
  sh,
  step,
} from "quorate";
import { peerUrl } from "./options.ts";
import type { Scene } from "./pieces.ts";
import { initialSettings } from "./settings.ts";

export const readyFromDisk = (n: HostNode, token: string, s: Scene) => {
  const { unit, dataDir, binary } = s.options;
  return makeReady(
    n,
    sh`etcd_ready_disk ${unit} ${dataDir} ${binary} ${n.name} ${peerUrl(n, s.options)} ${token}`,
    `replay a copy of the data of ${n.name}, and make a new cluster of it, beside it`,
  );
};

export function readyFromSnapshot(n: HostNode, token: string, snapshot: KeptSnapshot, s: Scene) {
  const o = s.options;
  const file = `/var/lib/quorate/${s.service}/restore.db`;
  const facts = s.seen.nodes[n.name];
  const url = peerUrl(n, o);
  // A host that never was a member has no settings yet; those of one that was stay as they are.
  const fresh = facts?.latch === "none" && facts.data.state !== "present";
  return [
    ...given(fresh && n, () => [
      step(
        `configure:${n.name}`,
        run(
          sh`quorate_disable ${o.unit} && quorate_set_keys ${o.envFile} ${
            initialSettings(n, o, "existing", `${n.name}=${url}`)
          }`,
        ),
        {
          title: `configure ${n.name}`,
          on: node(n),
          effect: configures(n, "existing"),
          idempotent: true,
        },
      ),
    ]),
    putSnapshot(n, snapshot, file),
    makeReady(
      n,
      sh`etcd_ready_snapshot ${o.unit} ${o.dataDir} ${file} ${n.name} ${url} ${token}`,
      `make a new cluster of it, beside the data directory of ${n.name}`,
    ),
  ];
}
