/**
 * The simulated fleet: hosts, the network between them, and the service's processes on them.
 *
 * @module
 */
import type { HostNode, RecordedMember } from "../model/node.ts";
import { Host } from "./host.ts";
import type { Cluster, Model } from "./model.ts";
import type { Entry, Peer } from "./peer.ts";
import type { Random } from "./random.ts";
import { Time } from "./time.ts";

export class World {
  readonly time = new Time();
  readonly cluster: Cluster;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly trace: string[] = [];
  violation: { readonly invariant: string; readonly story: string } | undefined;
  /** One direction of a path each: "a>b". */
  readonly #cut = new Set<string>();
  /** The newest entry that a client was told to be safe. */
  acknowledged: Entry | undefined;
  acknowledgedIn: string | undefined;
  /** Clusters that a person gave up for another one. */
  readonly givenUp = new Set<string>();
  /** What snapshots hold that were brought to a manager, the newest last; and the one that a person restores. */
  readonly snapshots: Entry[] = [];
  restored: Entry | undefined;
  writes = 0;
  /** Peer URLs that were ever recorded. */
  readonly recorded = new Set<string>();
  /** Members by id that managers registered, and those of another hand. */
  readonly registered = new Set<string>();
  readonly byHand = new Set<string>();
  /** Faults that last, each to be taken back. */
  readonly mends = new Set<() => void>();
  /** When chance last took away something that votes, gave something back, or touched a manager's way to the hosts. */
  lastFault = -Infinity;
  lastMend = -Infinity;
  lastCut = -Infinity;
  lastElection = -Infinity;

  constructor(
    readonly random: Random,
    readonly nodes: readonly HostNode[],
    readonly model: Model,
    version: string,
    readonly dataDir: string,
  ) {
    this.hosts = new Map(nodes.map((n, i) => [n.name, new Host(n, `f5${i}`)]));
    this.cluster = model.members(this, version);
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new TypeError(`Cannot find the simulated host ${name}`);
    return host;
  }
  tell(who: string, what: string): void {
    this.trace.push(`${(this.time.now / 1000).toFixed(3).padStart(9)} ${who.padEnd(8)} ${what}`);
  }
  violate(invariant: string, story: string): void {
    this.tell("!", `${invariant}: ${story}`);
    this.violation ??= { invariant, story };
  }

  // ---- network -----------------------------------------------------------------------------------------------------

  /** One direction of the path between two hosts, or a host and a manager. */
  open(from: string, to: string): boolean {
    return from === to || !this.#cut.has(`${from}>${to}`);
  }
  cut(from: string, to: string, closed: boolean): void {
    this.cluster.change(() => {
      if (closed) this.#cut.add(`${from}>${to}`);
      else this.#cut.delete(`${from}>${to}`);
    });
  }
  /** A client writes; what it is told to be safe must never be lost. */
  write(): void {
    const peer = this.random.pick(
      [...this.cluster.peers].filter((p) => p.ready && !p.disk.pristine && this.awake(p.host)),
    );
    const leader = peer === undefined ? undefined : this.cluster.leaderOf(peer);
    if (leader === undefined || !this.cluster.write(leader)) return;
    const { log, realm } = leader.disk;
    if (this.acknowledgedIn !== undefined && realm !== this.acknowledgedIn) {
      this.violate("never two clusters", `a client wrote to ${this.acknowledgedIn}, and now to ${realm}`);
    }
    this.acknowledged = log;
    this.acknowledgedIn = realm;
    this.writes++;
  }
  /** How often each kind of fault has happened. */
  readonly faults = new Map<string, number>();
  count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }
  awake(name: string): boolean {
    return this.hosts.get(name)?.awake ?? true;
  }
  linked(a: string, b: string): boolean {
    return this.awake(a) && this.awake(b) && this.open(a, b) && this.open(b, a);
  }

  // ---- what the members tell ---------------------------------------------------------------------------------------------

  elected(peer: Peer): void {
    this.tell(peer.host, `leads ${peer.disk.realm} in term ${peer.disk.term}`);
    this.lastElection = this.time.now;
    if (peer.disk.pristine) return;
    peer.members.forEach((m) => m.peerUrls.forEach((url) => this.recorded.add(url)));
    const other = this.leaders().find((l) => l.disk.realm !== peer.disk.realm);
    if (other !== undefined) {
      this.violate(
        "never two clusters",
        `${peer.host} leads ${peer.disk.realm}, ${other.host} ${other.disk.realm}`,
      );
    }
    const safe = this.acknowledged;
    if (safe === undefined || this.acknowledgedIn !== peer.disk.realm) return;
    if (!this.isCopy(this.host(peer.host))) {
      this.violate(
        "no acknowledged write is lost",
        `${peer.host} leads without the write at index ${safe.index} of term ${safe.term}`,
      );
    }
  }
  /** The disk holds everything that a client was told to be safe. */
  isCopy(host: Host): boolean {
    const { disk } = host.volume;
    const safe = this.acknowledged;
    if (disk === undefined || disk.pristine || safe === undefined) {
      return disk !== undefined && !disk.pristine;
    }
    let entry: Entry | undefined = disk.log;
    while (entry !== undefined && entry.index > safe.index) entry = entry.prev;
    return entry === safe;
  }

  // ---- processes ---------------------------------------------------------------------------------------------------

  /** What systemd does when it is told to start the unit. */
  start(host: Host): boolean {
    if (host.fence || !host.unit.loaded || !host.up) return false;
    if (host.process) return true;
    const turn = ++host.turn;
    host.unit = { ...host.unit, active: "activating", result: "success" };
    // systemd reads the environment file before the process is there.
    host.told = new Map(host.env);
    this.time.after(this.random.int(60, 260), () => {
      if (host.turn === turn && host.up) this.#boot(host);
    });
    return true;
  }

  /** The process is gone, and systemd knows why. */
  end(host: Host, result: "success" | "exit-code" | "signal"): void {
    const turn = ++host.turn;
    this.cluster.change(() => {
      if (host.peer !== undefined) this.cluster.gone(host.peer);
      host.peer = undefined;
    });
    host.unit = { ...host.unit, active: result === "success" ? "inactive" : "failed", result };
    const again = host.unit.restart === "always" ||
      (host.unit.restart === "on-abnormal" && result === "signal");
    if (result === "success" || !again || !host.up) return;
    this.time.after(1_000, () => {
      if (host.turn === turn) this.start(host);
    });
  }

  #boot(host: Host): void {
    if (host.full) return this.#exits(host, "no space left on device");
    const found = this.cluster.open(host);
    if (typeof found === "string") return this.#exits(host, found);
    this.tell(host.name, `runs as member ${found.memberId} of ${found.realm}`);
    this.cluster.change(() => {
      host.peer = this.cluster.run(host, found);
      host.unit = { ...host.unit, active: "activating" };
    });
  }
  #exits(host: Host, why: string): void {
    this.tell(host.name, `exits: ${why}`);
    this.end(host, "exit-code");
  }

  /** Live members of the service's clusters that have a leader with a majority: package's defaults apart. */
  leaders(): readonly Peer[] {
    return [...this.cluster.peers].filter((p) => p.reigns && !p.disk.pristine && this.awake(p.host));
  }
  /** The record: what the most advanced leader says. */
  record(): readonly RecordedMember[] | undefined {
    this.cluster.catchUp();
    return [...this.leaders()].sort((a, b) => b.disk.term - a.disk.term)[0]?.members;
  }
}
