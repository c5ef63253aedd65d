/**
 * How a plugin takes over a service that others built: it tells how to look at a host that no config names yet, and
 * what config would keep what runs there as it is. No I/O; nothing that it asks changes anything on a host.
 *
 * @module
 */
import type { RecordedMember } from "../model/node.ts";
import type { Asks } from "./plugin.ts";

/** Options that a person named because no host can tell them, by their dotted names: `ctlEnv`, `tls.clientCert`. */
export type Wishes = Readonly<Record<string, string>>;

/** Options as a config writes them; a default may be left out. */
export interface WrittenOptions {
  readonly [name: string]: string | number | boolean | WrittenOptions | undefined;
}

/** A host, and what is known of it so far. */
export interface FoundHost {
  /** How it is called in what is said to a person. */
  readonly name: string;
  /** Answers of the probe; undefined where it could not be asked. */
  readonly asks: Asks | undefined;
  /** Which member of the record it is; undefined while the record was not read yet. */
  readonly member: RecordedMember | undefined;
}

/** Something that a person should know, and what they can do about it. */
export interface Remark {
  /** `stop`: no config can keep it as it is. `note`: a config can, and this is its limit. */
  readonly kind: "stop" | "note";
  readonly what: string;
  readonly now: string;
}

/** What hosts run, as a config would say it. */
export interface Adopted {
  /** Where each of the hosts is on the service's own network, in the order in which they were given. */
  readonly addresses: readonly (string | undefined)[];
  /** Ways to say it, the likeliest first: which credentials serve can only be tried. */
  readonly options: readonly WrittenOptions[];
  readonly remarks: readonly Remark[];
}

export interface Adopt {
  /** Shell text: functions, and lines of `ask NAME SECONDS COMMAND…`. */
  readonly probe: string;
  /** By the probe's answers: what this plugin keeps runs there, in whatever way. Pure; must stand any answer. */
  runs(asks: Asks): boolean;
  /** What a person can do where it serves and its record cannot be read. */
  readonly unread: string;
  /** Pure; must stand any answer. */
  read(found: readonly FoundHost[], wishes: Wishes): Adopted;
}
