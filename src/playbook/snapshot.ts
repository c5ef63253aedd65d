/**
 * How a plugin tells what a snapshot file holds. It does no I/O: it is given what reads the file.
 *
 * @module
 */
import type { RecordedMember } from "../model/node.ts";

/** A file, read in pieces. */
export interface SnapshotBytes {
  /** Bytes. */
  readonly size: number;
  /** That many bytes from there; fewer where the file ends. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** Lower-case hex SHA-256 of the first `length` bytes. */
  sha256(length: number): Promise<string>;
}

/** What a snapshot says of itself. */
export interface SnapshotSight {
  /** Up to which change of the service's data it goes; undefined where the file does not tell. */
  readonly revision: bigint | undefined;
  /** That change as the service's own tools write it; left out: `revision N`. */
  readonly called?: string | undefined;
  /** Lower-case hex SHA-256 of the data; undefined where the file does not tell. */
  readonly hash: string | undefined;
  /** The oldest version of the service that can read it, e.g. "3.5.0"; undefined where the file does not tell. */
  readonly version?: string | undefined;
  /** The members of the cluster that it was taken of; undefined where the file does not tell. */
  readonly members?: readonly RecordedMember[] | undefined;
  /** Why it is not whole. */
  readonly damage: string | undefined;
}
