/**
 * What has to be known of a service to simulate it: how its members start, elect a leader and change who they are, what
 * its programs do on a host, and what a node check sees of it. All else (hosts, units, disks, the network, managers, bad
 * luck, and who judges) is the same for every service.
 *
 * @module
 */
import type { HostNode, Identity, RecordedMember, ServiceView } from "../model/node.ts";
import type { Host } from "./host.ts";
import type { Deeds } from "./judge.ts";
import type { Disk, Peer } from "./peer.ts";
import type { Said } from "./shell.ts";
import type { World } from "./world.ts";

/** A service that can be simulated. */
export interface Model {
  /** Versions that behave differently: chance picks one for each schedule. */
  readonly versions: readonly string[];
  /** As the record writes them. */
  readonly peerUrl: (n: HostNode) => string;
  readonly clientUrl: (n: HostNode) => string;
  /** Its members in a world, of which there are none at first. */
  members(world: World, version: string): Cluster;
}

/** The commands of a host, by name: each takes its own words, its name first. */
export type Commands = Readonly<
  Record<string, (words: readonly string[], env: ReadonlyMap<string, string>) => Said | Promise<Said>>
>;

/** The members of a service in one world: those that run, and what of them lies on disks. */
export interface Cluster {
  /** As messages call it. */
  readonly called: string;
  /** Its unit is up once it serves (`Type=notify`), not as soon as a process is there. */
  readonly notifies: boolean;
  /** Leadership is handed over by a command, before a leader is touched (S11). */
  readonly handsOver: boolean;
  /** Who has lost its data comes back empty under its old id. */
  readonly returnsEmpty: boolean;
  readonly installed: string;

  // ---- processes ---------------------------------------------------------------------------------------------------

  readonly peers: ReadonlySet<Peer>;
  /** Lets all happen that was due before now. */
  catchUp(): void;
  /** Something in the world changes now. */
  change(happen: () => void): void;
  /** Who leads this peer and still has a majority, as far as the peer can hear it. */
  leaderOf(peer: Peer): Peer | undefined;
  /** A client's write through a leader: true when a majority holds it. */
  write(leader: Peer): boolean;
  /** The data that a process finds or makes when it starts, which lies in the volume from then on; or why it exits. */
  open(h: Host): Disk | string;
  /** A process on this data, from within `change`. */
  run(h: Host, disk: Disk): Peer;
  /** It is gone, from within `change`. */
  gone(peer: Peer): void;
  /** The cluster that a host would make or join by its settings, if nothing of any lies there. */
  realmTold(h: Host): string;
  /** The disk tells that it has the ids of a member, and nothing else. */
  blank(disk: Disk): boolean;
  /** What starts on a host has no data, and a vote all the same. */
  votesEmpty(h: Host): boolean;
  /** Whose votes a host's process counts once it is started, where its files say that and not its history. */
  goesBy?(h: Host): readonly RecordedMember[];
  /** It has run once, so its vote can count. */
  started(m: RecordedMember): boolean;

  // ---- what is seen and done on a host -----------------------------------------------------------------------------

  /** What the process on a host says; a host without one is not asked. */
  view(h: Host): ServiceView;
  settings(h: Host): Readonly<Record<string, string>>;
  /** Whose data lies there, as far as a check can tell; undefined where it cannot. */
  identity(h: Host, view: ServiceView | undefined): Identity | undefined;
  /** Its own programs and shell functions; `by`: the run that calls them. */
  commands(h: Host, by: Deeds): Commands;

  // ---- other hands -------------------------------------------------------------------------------------------------

  /** A person builds one by hand, never seen by a manager. */
  form(nodes: readonly HostNode[]): void;
  /** A person edits its settings on a host; false where there is nothing to edit. */
  edit(h: Host): boolean;
  /** A person changes the members, or who leads; `mayLose`: what this host holds is not needed. */
  changeByHand(h: Host, mayLose: () => boolean): Promise<void>;
}
