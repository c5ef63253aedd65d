/**
 * Everything that the engine does not decide by itself comes in through here: nodes, time, randomness, files. A
 * simulator implements the same interfaces.
 *
 * @module
 */
import type { Fleet, Reply } from "../model/fleet.ts";
import type { Memory, Target } from "../model/observation.ts";
import type { Service } from "../playbook/plugin.ts";
import type { SnapshotBytes } from "../playbook/snapshot.ts";
import type { Leases } from "./lease.ts";
import type { Checks } from "./checks.ts";

export interface Clock {
  /** Monotonic, in milliseconds. */
  now(): number;
  /** The wall clock, milliseconds since 1970. */
  wall(): number;
  /** Resolves early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What this manager keeps between runs, for one service. */
export interface Store {
  readMemory(): Promise<Memory>;
  /** Throws a StateError where nothing can be written. */
  writeMemory(memory: Memory): Promise<void>;
  /**
   * Takes the local lock of the service without waiting; undefined when another process holds it (S20). Throws a
   * StateError where there can be no lock.
   */
  lock(): Promise<AsyncDisposable | undefined>;
  /** Why a change could not be written down now, such as a full disk; undefined where it can. */
  trouble(): Promise<string | undefined>;
  /**
   * Opens a place for a snapshot: pieces are written aside; `keep` gives it its name once its hash is verified and
   * prunes older ones beyond `keep`; `drop` takes it away.
   */
  snapshot(kind: string): Promise<SnapshotFile>;
  /** Opens a file of the management node to be read; throws where that cannot be. */
  open(path: string): Promise<SnapshotBytes & Disposable>;
}

export interface SnapshotFile {
  readonly path: string;
  write(piece: Uint8Array): Promise<void>;
  /** Lower-case hex SHA-256 of all pieces so far. */
  sha256(): string;
  keep(count: number): Promise<void>;
  drop(): Promise<void>;
}

export interface Outside {
  readonly fleet: Fleet;
  /** The node checks over that fleet, shared by all services of a run. */
  readonly checks: Checks;
  /** Runs a script on the management node itself, for steps that an operator adds there. */
  here(script: string, options: { readonly timeoutMs: number }): Promise<Reply>;
  readonly clock: Clock;
  readonly store: Store;
  /** The lease of this service, where several managers share it; left out: this is the only manager. */
  readonly leases?: Leases;
  /** A fresh one-time token: 128 random bits in hex. */
  token(): string;
  /** "host:pid", written into locks. */
  readonly holder: string;
}

/** One service of a config, and the world that it is kept in. */
export interface ServiceRun {
  readonly service: Service;
  readonly target: Target;
  readonly outside: Outside;
}
