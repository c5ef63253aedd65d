import { basename } from "node:path";
import { type Again, restoreBy } from "../engine/again.ts";
import { openSnapshot } from "../engine/bytes.ts";
import { listSnapshots } from "../engine/snapshots.ts";
import { reasonOf } from "../engine/state_error.ts";
import { fitsHere, judgeRestore } from "../rules/s19_recover.ts";
import { again, type Prepared, type Unready } from "./again.ts";
import { type Cli, EXIT, stateDir } from "./cli.ts";
import type { RestoreFlags } from "./commands/lost.ts";
import type { Chosen } from "./config.ts";
import type { ServiceRun } from "../engine/mod.ts";

/** `quorate restore SERVICE`: begins again with a snapshot, on empty hosts or over what is left of a cluster (S19). */
export default function restore(cli: Cli, flags: RestoreFlags, name: string): Promise<number> {
  return again(cli, flags, name, (run, one) => prepare(cli, flags, run, one));
}

const failed = (why: string): Unready => ({ why, code: EXIT.failed });
const refused = (why: string): Unready => ({ why, code: EXIT.refused });

async function prepare(
  cli: Cli,
  flags: RestoreFlags,
  { service, target }: ServiceRun,
  { service: { plugin, policy } }: Chosen,
): Promise<Prepared | Unready> {
  const { cannotRestore } = service;
  if (plugin.readSnapshot === undefined || cannotRestore === undefined) {
    return failed(`the plugin ${service.plugin} cannot restore a snapshot`);
  }
  const { backup } = policy;
  const kept = await listSnapshots(
    stateDir(cli, flags),
    service.name,
    backup === false ? undefined : backup.dir,
  );
  const whole = kept.filter((one) => !one.unfinished);
  const path = flags.snapshot === undefined
    ? whole[0]?.path
    : whole.find((one) => basename(one.path) === flags.snapshot)?.path ?? flags.snapshot;
  if (path === undefined) {
    return failed(`no snapshot of ${service.name} is kept: name a file with --snapshot`);
  }
  // All of it is read before any host is asked.
  let sight, sha256;
  try {
    using file = await openSnapshot(path);
    [sight, sha256] = [await plugin.readSnapshot(file), await file.sha256(file.size)];
  } catch (error) {
    return failed(`${path} cannot be read: ${reasonOf(error, "read")}`);
  }
  if (sight.damage !== undefined) return refused(`${path} is refused: ${sight.damage}`);
  const foreign = fitsHere(sight, target, service.claims);
  if (foreign !== undefined && !flags.foreign) {
    return refused(`${path} is refused: ${foreign}; --foreign takes it all the same`);
  }
  const wishes = { gone: flags.gone ?? [], ...(flags.from === undefined ? {} : { from: flags.from }) };
  const how: Pick<Again, "judge" | "change"> = {
    judge: (seen, surveyed) => {
      const begins = judgeRestore(target, seen, surveyed, wishes);
      if (!("kind" in begins)) return begins;
      const facts = seen.nodes[begins.node.name];
      const not = facts === undefined ? undefined : cannotRestore(sight, facts);
      return not === undefined ? begins : [not];
    },
    change: (begins, token) => {
      if (begins.kind !== "snapshot") throw new TypeError("Cannot restore without a snapshot");
      return restoreBy(begins, token, { path, sha256 });
    },
  };
  return { how, snapshot: sight };
}
