/**
 * The simulated fleet: hosts, the network between them, and the service's processes on them.
 *
 * @module
 */
import type { HostNode, RecordedMember } from "../model/node.ts";
import { Host } from "./host.ts";
import { type Disk, emptyLog, type Entry, Peer } from "./peer.ts";
import { type Medium, Raft } from "./raft.ts";
import { idOf, type Random } from "./random.ts";
import { Time } from "./time.ts";

/** What the simulator knows of the service itself: which addresses make which URLs. */
export interface Wiring {
  readonly peerUrl: (n: HostNode) => string;
  readonly clientUrl: (n: HostNode) => string;
}

export class World implements Medium {
  readonly time = new Time();
  readonly raft: Raft;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly trace: string[] = [];
  violation: { readonly invariant: string; readonly story: string } | undefined;
  /** One direction of a path each: "a>b". */
  readonly #cut = new Set<string>();
  readonly #roots = new Map<string, Entry>();
  /** The newest entry that a client was told to be safe. */
  acknowledged: Entry | undefined;
  acknowledgedIn: string | undefined;
  /** Clusters that a person gave up for another one. */
  readonly givenUp = new Set<string>();
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
    readonly wiring: Wiring,
    readonly version: "3.4" | "3.5",
    readonly dataDir: string,
  ) {
    this.hosts = new Map(nodes.map((n, i) => [n.name, new Host(n, `f5${i}`)]));
    this.raft = new Raft(this);
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
    this.raft.change(() => {
      if (closed) this.#cut.add(`${from}>${to}`);
      else this.#cut.delete(`${from}>${to}`);
    });
  }
  /** A client writes; what it is told to be safe must never be lost. */
  write(): void {
    const peer = this.random.pick(
      [...this.raft.peers].filter((p) => p.ready && !p.disk.pristine && this.awake(p.host)),
    );
    const leader = peer === undefined ? undefined : this.raft.leaderOf(peer);
    if (leader === undefined || !this.raft.propose(leader, undefined)) return;
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

  // ---- what Raft tells ---------------------------------------------------------------------------------------------

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
  expelled(peer: Peer): void {
    const host = this.host(peer.host);
    this.tell(peer.host, `member ${peer.id} was removed, its process ends`);
    host.peer = undefined;
    host.turn++;
    host.unit = { ...host.unit, active: "inactive", result: "success" };
  }
  nameOf(name: string): { readonly name: string; readonly clientUrls: readonly string[] } {
    const host = this.host(name);
    return {
      name: host.told?.get("ETCD_NAME") ?? name,
      clientUrls: [host.peer?.disk.pristine ? "http://localhost:2379" : this.wiring.clientUrl(host.node)],
    };
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
    this.raft.change(() => {
      if (host.peer !== undefined) this.raft.peers.delete(host.peer);
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
    const { disk } = host.volume;
    if (host.full) return this.#exits(host, "no space left on device");
    const found = disk ?? this.#firstStart(host);
    if (typeof found === "string") return this.#exits(host, found);
    host.volume.disk = found;
    if (found.log === emptyLog && this.raft.held.has(`${found.realm} ${found.memberId}`)) {
      return this.#exits(host, "panic: tocommit is out of range [lastIndex(0)]");
    }
    this.tell(host.name, `runs as member ${found.memberId} of ${found.realm}`);
    this.raft.change(() => {
      const patience = 1_000 + this.random.int(0, 1_000);
      const fetch = this.random.weighted([[6, 300], [2, 2_000], [1, 9_000]]) ?? 0;
      host.peer = new Peer(host.name, found, this.time.now + 50, fetch, patience);
      this.raft.peers.add(host.peer);
      host.unit = { ...host.unit, active: "activating" };
    });
  }
  #exits(host: Host, why: string): void {
    this.tell(host.name, `exits: ${why}`);
    this.end(host, "exit-code");
  }

  /** No data: as `new` or `existing`, as the settings say; without any, a package's default. */
  #firstStart(host: Host): Disk | string {
    const env = host.told ?? host.env;
    const own = env.get("ETCD_INITIAL_ADVERTISE_PEER_URLS");
    const urls = initialUrls(env);
    if (own === undefined || urls.length === 0) return this.#packageDefault(host);
    if (!urls.includes(own)) return "couldn't find local name in the initial cluster configuration";
    const others = [...this.raft.peers].filter((p) =>
      p.host !== host.name && !p.disk.pristine && this.linked(host.name, p.host) &&
      urls.includes(this.wiring.peerUrl(this.host(p.host).node))
    );
    if (env.get("ETCD_INITIAL_CLUSTER_STATE") === "existing") return this.#join(urls, own, others);
    const members = initialMembers(env);
    const realm = this.realmTold(env);
    const memberId = members.find((m) => m.peerUrls.includes(own))?.id ?? "";
    const known = others.find((p) => p.disk.realm === realm)?.members.find((m) => m.id === memberId);
    if (known !== undefined && known.name !== "") return `member ${memberId} has already been bootstrapped`;
    const log = this.#roots.get(realm) ??
      { term: 1, index: members.length, prev: undefined, config: members };
    this.#roots.set(realm, log);
    return { clusterId: realm, memberId, realm, term: 1, log, commit: log, pristine: false };
  }

  /** The cluster that settings would make as `new`: its ids follow from the peer URLs and the token. */
  realmTold(env: Env): string {
    return idOf(initialMembers(env).map((m) => m.id).sort().join());
  }

  #join(urls: readonly string[], own: string, others: readonly Peer[]): Disk | string {
    const remote = others.find((p) => p.ready && p.members.length > 0);
    if (remote === undefined) return "cannot fetch cluster info from peer urls";
    const theirs = remote.members.flatMap((m) => m.peerUrls);
    if (theirs.length !== urls.length) return "error validating peerURLs: member count is unequal";
    const me = remote.members.find((m) => m.peerUrls.includes(own));
    if (me === undefined || !theirs.every((u) => urls.includes(u))) {
      return "error validating peerURLs: unmatched";
    }
    const { clusterId, realm } = remote.disk;
    return { clusterId, memberId: me.id, realm, term: 0, log: emptyLog, commit: emptyLog, pristine: false };
  }

  #packageDefault(host: Host): Disk {
    const member: RecordedMember = {
      id: "8e9e05c52164694d",
      name: "",
      role: "voter",
      peerUrls: ["http://localhost:2380"],
      clientUrls: [],
    };
    const log = { term: 1, index: 1, prev: undefined, config: [member] };
    const clusterId = "cdf818194e3a8c32";
    return {
      clusterId,
      memberId: member.id,
      realm: `default on ${host.name}`,
      term: 1,
      log,
      commit: log,
      pristine: true,
    };
  }

  /** Live members of the service's clusters that have a leader with a majority: package's defaults apart. */
  leaders(): readonly Peer[] {
    return [...this.raft.peers].filter((p) =>
      p.leads && p.lostSince === undefined && !p.disk.pristine && this.awake(p.host)
    );
  }
  /** The record: what the most advanced leader says. */
  record(): readonly RecordedMember[] | undefined {
    this.raft.catchUp();
    return [...this.leaders()].sort((a, b) => b.disk.term - a.disk.term)[0]?.members;
  }
}

type Env = ReadonlyMap<string, string>;
const initialUrls = (env: Env): readonly string[] =>
  (env.get("ETCD_INITIAL_CLUSTER") ?? "").split(",").filter((p) => p !== "")
    .map((p) => p.slice(p.indexOf("=") + 1));
const initialMembers = (env: Env): readonly RecordedMember[] =>
  initialUrls(env).map((url) => ({
    id: idOf(`${url} ${env.get("ETCD_INITIAL_CLUSTER_TOKEN") ?? "etcd-cluster"}`),
    name: "",
    role: "voter",
    peerUrls: [url],
    clientUrls: [],
  }));
