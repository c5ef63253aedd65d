/**
 * How an ensemble begins again, from one disk or from a snapshot: functions that return steps (S19).
 *
 * ZooKeeper has no cluster id: a server is kept out of an ensemble by its id and by nothing else. So the one that begins
 * again has a new one (`zk_ready` has the argument), and the ensemble another name in `/quorate`.
 *
 * @module
 */
import { type Command, type HostNode, type KeptSnapshot, makeReady, putSnapshot, sh } from "quorate";
import { firstSettings, ownSettings } from "./drift.ts";
import { serverSpec } from "./options.ts";
import { authWord, type Scene } from "./pieces.ts";
import { settingWords } from "./settings.ts";

/** What `zk_ready` takes. */
const readyWords = (
  n: HostNode,
  token: string,
  s: Scene,
  settings: Readonly<Record<string, string>>,
): Command => {
  const o = s.options;
  return sh`${s.service} ${o.unit} ${o.dataDir} ${o.config} ${o.java} ${o.classPath} ${o.jvm} ${
    serverSpec(n, "participant", o)
  } ${token} ${highestKnown(s)} ${settingWords({ dataDir: o.dataDir, ...settings })}`;
};

/** The server that begins again lets the ensemble's super user in, as every other does. */
const superUser = ({ service, options }: Scene): Command => sh`zk_super ${service}${authWord(options)}`;

export const readyFromDisk = (n: HostNode, token: string, s: Scene) =>
  makeReady(
    n,
    sh`${superUser(s)} && zk_ready_disk ${readyWords(n, token, s, ownSettings(s.options))}`,
    `replay a copy of the data of ${n.name}, and make a new ensemble of it, beside it`,
  );

export function readyFromSnapshot(n: HostNode, token: string, snapshot: KeptSnapshot, s: Scene) {
  const o = s.options;
  const file = `/var/lib/quorate/${s.service}/restore.tgz`;
  // A host that never was a member has no zoo.cfg yet; that of one that was stays as it is.
  const fresh = Object.keys(s.seen.nodes[n.name]?.settings ?? {}).length === 0;
  const words = readyWords(n, token, s, fresh ? firstSettings(o) : ownSettings(o));
  return [
    putSnapshot(n, snapshot, file),
    makeReady(
      n,
      sh`${superUser(s)} && zk_ready_snapshot ${file} ${words}`,
      `make a new ensemble of it, beside the data directory of ${n.name}`,
    ),
  ];
}

/** The highest id that anything in sight bears; the data itself knows those that were given. */
function highestKnown({ seen }: Scene): number {
  const borne = Object.values(seen.nodes).flatMap((f) =>
    [f.view?.identity, f.latch, f.data.identity, ...f.aside].flatMap((i) =>
      i === undefined || typeof i === "string" ? [] : [i.memberId]
    )
  );
  return Math.max(
    0,
    ...[...borne, ...seen.members.map((m) => m.id)].filter((id) => /^\d+$/.test(id)).map(Number),
  );
}
