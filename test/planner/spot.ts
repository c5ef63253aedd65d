/** One node of the small world, and one member of its record. */
import { clusterId } from "../unit/core_samples.ts";

/** What is so on one node, and how much of it can be known. */
export interface Spot {
  readonly process: boolean;
  /** A process that takes part; one that does not has lost its network, say. */
  readonly serves: boolean;
  /** It still takes somebody for the leader. */
  readonly deceived: boolean;
  /** It was started with other settings than the config's. */
  readonly drifted: boolean;
  /** Whose data lies there. */
  readonly data: string | undefined;
  readonly cluster: string;
  readonly pristine: boolean;
  /** Started on a disk that was wiped: nothing but the ids is there. */
  readonly blank: boolean;
  readonly latch: string | undefined;
  readonly intent: boolean;
  readonly started: boolean;
  readonly fenced: boolean;
  /** A person stopped and masked the unit. */
  readonly held: boolean;
  readonly lacks: boolean;
  // What can be known: over SSH, by the other members, of the disk, of processes, of its marks, by its own service.
  readonly reached: boolean;
  readonly told: boolean;
  readonly readable: boolean;
  readonly mounted: boolean;
  readonly scanned: boolean;
  readonly marks: boolean;
  readonly answers: boolean;
}
export const nothing: Spot = {
  process: false,
  serves: true,
  deceived: false,
  drifted: false,
  data: undefined,
  cluster: clusterId,
  pristine: false,
  blank: false,
  latch: undefined,
  intent: false,
  started: false,
  fenced: false,
  held: false,
  lacks: false,
  reached: true,
  told: true,
  readable: true,
  mounted: true,
  scanned: true,
  marks: true,
  answers: true,
};

export interface Recorded {
  readonly id: string;
  readonly node: string;
  readonly voter: boolean;
  /** It has run once: the record knows its name. */
  readonly named: boolean;
  readonly inSync: boolean;
}

export const TOKEN = "0123";
