/**
 * A simulated host: what a node check can see of one, and what systemd does with the service's unit.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Deeds } from "./judge.ts";
import type { Disk, Entry, Peer } from "./peer.ts";

/** A file system that a data directory can lie on. */
export interface Volume {
  readonly fsId: string;
  disk: Disk | undefined;
  /** Files that lie in the data directory before there is any data, and are lost with it. */
  readonly files: Map<string, string>;
  /** What was set aside beside it, the newest last. */
  aside: readonly SetAside[];
}

/** Data that was set aside, under the name that a real node gives it. */
export interface SetAside {
  readonly path: string;
  readonly at: string;
  readonly disk: Disk;
}

export type Mark = ReadonlyMap<string, string>;
export type Restart = "on-abnormal" | "always" | "no";

export class Host {
  readonly name: string;
  /** Powered on; a frozen one is on and does nothing. */
  up = true;
  frozen = false;
  peer: Peer | undefined;
  /** Settings that the running process was started with. */
  told: ReadonlyMap<string, string> | undefined;
  readonly env = new Map<string, string>();
  readonly marks = new Map<string, Mark>();
  /** Files outside of the data directory, and the newest entry that a snapshot in one holds. */
  readonly files = new Map<string, Entry>();
  volume: Volume;
  /** The one that is mounted when all is well. */
  own: Volume;
  /** What a first step has made ready to take the data's place. */
  next: Disk | undefined;
  full = false;
  fence = false;
  /** What stands in the file of the service's lock. */
  lockLine = "";
  unit: {
    loaded: boolean;
    enabled: boolean;
    active: "inactive" | "activating" | "active" | "failed";
    result: string;
    restart: Restart;
  } = { loaded: true, enabled: false, active: "inactive", result: "success", restart: "on-abnormal" };
  clockMs = 0;
  /** What each way to it or back takes longer, in milliseconds. */
  slowMs = 0;
  /** When a person stopped and disabled the unit, until that is taken back. */
  stoppedByPerson: number | undefined;
  /** Counts how often it was switched on. */
  boots = 0;
  /** Counts starts and stops: what was begun before the last of them is void. */
  turn = 0;
  lock: { readonly holder: string; readonly by: Deeds } | undefined;

  constructor(readonly node: HostNode, fsId: string) {
    this.name = node.name;
    this.own = this.volume = { fsId, disk: undefined, files: new Map(), aside: [] };
  }
  get awake(): boolean {
    return this.up && !this.frozen;
  }
  /** Any process of the service lives. */
  get process(): boolean {
    return this.peer !== undefined || this.unit.active === "activating";
  }
}
