/**
 * The snapshots that are kept, for a program and for a person.
 *
 * @module
 */
import type { SnapshotSight } from "../playbook/snapshot.ts";
import { blank, columns, type Line, type Span } from "./lines.ts";
import { bytes, duration } from "./words.ts";

export interface ListedSnapshot extends SnapshotSight {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly takenMs: number;
  readonly size: number;
}
export interface ServiceSnapshots {
  readonly name: string;
  readonly plugin: string;
  /** The newest first. */
  readonly snapshots: readonly ListedSnapshot[];
}

/** `snapshots -o json`. A revision is text: it has 64 bits. */
export const snapshotsDocument = (services: readonly ServiceSnapshots[]) => ({
  schemaVersion: 1,
  services: services.map(({ name, plugin, snapshots }) => ({
    name,
    plugin,
    snapshots: snapshots.map(({ path, takenMs, size, revision, hash, damage }) => ({
      path,
      taken: new Date(takenMs).toISOString(),
      bytes: size,
      ...(revision === undefined ? {} : { revision: revision.toString() }),
      ...(hash === undefined ? {} : { sha256: hash }),
      ...(damage === undefined ? {} : { damage }),
    })),
  })),
});

/** `nowMs`: the wall clock, milliseconds since 1970. */
export const snapshotsText = (services: readonly ServiceSnapshots[], nowMs: number): readonly Line[] =>
  services.flatMap((service, i) => [...(i === 0 ? [] : [blank]), ...serviceText(service, nowMs)]);

const serviceText = ({ name, plugin, snapshots }: ServiceSnapshots, nowMs: number): readonly Line[] => [
  [
    ["bold", `${name} (${plugin}): `],
    snapshots.length === 0 ? "no snapshot is kept" : `${snapshots.length} kept`,
  ],
  ...columns(
    snapshots.length === 0 ? [] : [
      ["AGE", "SIZE", "REVISION", "SHA-256", "FILE"].map((word): Span => ["dim", word]),
      ...snapshots.map(({ path, takenMs, size, revision, called, hash }): readonly Span[] => [
        duration(Math.max(0, nowMs - takenMs)),
        bytes(size),
        called ?? revision?.toString() ?? "unknown",
        hash?.slice(0, 12) ?? "unknown",
        path,
      ]),
    ],
    "  ",
  ),
  ...snapshots.flatMap(({ path, damage }): readonly Line[] =>
    damage === undefined ? [] : [[["yellow", "  ! "], `${path}: ${damage}`]]
  ),
];
