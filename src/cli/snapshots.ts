import type { ServiceConfig } from "../config/config.ts";
import { openSnapshot } from "../engine/bytes.ts";
import { listSnapshots, type SnapshotKept } from "../engine/snapshots.ts";
import { jsonText, yamlText } from "../report/json.ts";
import {
  type ListedSnapshot,
  type ServiceSnapshots,
  snapshotsDocument,
  snapshotsText,
} from "../report/snapshots.ts";
import type { StatusFlags } from "./commands/keep.ts";
import { type Cli, EXIT, print, stateDir } from "./cli.ts";
import { chosen, readConfigs, withBroken } from "./config.ts";

/** `quorate snapshots`: what is kept of each service, read from the files themselves. No host is asked. */
export default async function snapshots(cli: Cli, flags: StatusFlags, ...names: string[]): Promise<number> {
  const read = await readConfigs(cli, flags, false);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, names);
  if (typeof services === "number") return services;
  const dir = stateDir(cli, flags);
  const listed: ServiceSnapshots[] = [];
  for (const { service } of services) {
    const { backup } = service.policy;
    const kept = await listSnapshots(dir, service.name, backup === false ? undefined : backup.dir);
    const all: ListedSnapshot[] = [];
    // One after the other: each is read to its end.
    for (const one of kept) all.push(await sightOf(service, one));
    listed.push({ name: service.name, plugin: service.plugin.name, snapshots: all });
  }
  if (flags.output === "json") cli.out.write(jsonText(snapshotsDocument(listed)));
  else if (flags.output === "yaml") cli.out.write(await yamlText(snapshotsDocument(listed)));
  else print(cli, flags, snapshotsText(listed, Date.now()));
  return withBroken(read, EXIT.ok);
}

async function sightOf(
  { plugin }: ServiceConfig,
  { path, takenMs, size, unfinished }: SnapshotKept,
): Promise<ListedSnapshot> {
  const unknown = { path, takenMs, size, revision: undefined, hash: undefined };
  if (unfinished) return { ...unknown, damage: "it was not fetched to its end" };
  if (plugin.readSnapshot === undefined) return { ...unknown, damage: undefined };
  try {
    using file = await openSnapshot(path);
    return { ...unknown, ...await plugin.readSnapshot(file) };
  } catch (error) {
    return { ...unknown, damage: `it cannot be read: ${error instanceof Error ? error.message : error}` };
  }
}
