/**
 * etcd, simulated: members that start as `new` or `existing`, as their settings say, and change who they are by
 * `etcdctl`.
 *
 * @module
 */
import type { HostNode, Identity, RecordedMember, ServiceView } from "../../model/node.ts";
import type { Host } from "../host.ts";
import type { Deeds } from "../judge.ts";
import type { Cluster, Commands, Model } from "../model.ts";
import { type Disk, emptyLog, type Entry, Peer } from "../peer.ts";
import { idOf } from "../random.ts";
import type { World } from "../world.ts";
import { commandsOf } from "./commands.ts";
import { changeByHand, form } from "./hands.ts";
import { type Medium, Raft } from "./raft.ts";
import { settingsOf, viewOf } from "./view.ts";

export type Version = "3.4" | "3.5";

/** etcd at these URLs. */
export const etcdModel = (urls: Pick<Model, "peerUrl" | "clientUrl">): Model => ({
  ...urls,
  versions: ["3.4", "3.5"],
  members: (world, version) => new Etcd(world, version === "3.4" ? "3.4" : "3.5"),
});

export class Etcd implements Cluster, Medium {
  readonly called = "etcd";
  readonly notifies = true;
  readonly handsOver = true;
  readonly returnsEmpty = false;
  readonly installed: string;
  readonly raft = new Raft(this);
  readonly #roots = new Map<string, Entry>();

  constructor(readonly world: World, readonly version: Version) {
    this.installed = `${version}.30`;
  }

  // ---- what Raft asks ----------------------------------------------------------------------------------------------

  get time() {
    return this.world.time;
  }
  get random() {
    return this.world.random;
  }
  linked(a: string, b: string): boolean {
    return this.world.linked(a, b);
  }
  awake(host: string): boolean {
    return this.world.awake(host);
  }
  elected(peer: Peer): void {
    this.world.elected(peer);
  }
  expelled(peer: Peer): void {
    const host = this.world.host(peer.host);
    this.world.tell(peer.host, `member ${peer.id} was removed, its process ends`);
    host.peer = undefined;
    host.turn++;
    host.unit = { ...host.unit, active: "inactive", result: "success" };
  }
  nameOf(name: string): { readonly name: string; readonly clientUrls: readonly string[] } {
    const host = this.world.host(name);
    return {
      name: host.told?.get("ETCD_NAME") ?? name,
      clientUrls: [
        host.peer?.disk.pristine ? "http://localhost:2379" : this.world.model.clientUrl(host.node),
      ],
    };
  }

  // ---- processes ---------------------------------------------------------------------------------------------------

  get peers(): ReadonlySet<Peer> {
    return this.raft.peers;
  }
  catchUp(): void {
    this.raft.catchUp();
  }
  change(happen: () => void): void {
    this.raft.change(happen);
  }
  leaderOf(peer: Peer): Peer | undefined {
    return this.raft.leaderOf(peer);
  }
  write(leader: Peer): boolean {
    return this.raft.propose(leader, undefined) === true;
  }
  blank({ log }: Disk): boolean {
    return log === emptyLog;
  }
  votesEmpty(): boolean {
    return false;
  }
  started(m: RecordedMember): boolean {
    return m.name !== "";
  }
  run(h: Host, disk: Disk): Peer {
    const { random, time } = this.world;
    const patience = 1_000 + random.int(0, 1_000);
    const fetch = random.weighted([[6, 300], [2, 2_000], [1, 9_000]]) ?? 0;
    const peer = new Peer(h.name, disk, time.now + 50, fetch, patience);
    this.raft.peers.add(peer);
    return peer;
  }
  gone(peer: Peer): void {
    this.raft.peers.delete(peer);
  }
  open(h: Host): Disk | string {
    const found = h.volume.disk ?? this.#firstStart(h);
    if (typeof found === "string") return found;
    h.volume.disk = found;
    // A leader that knows how far its log went tells it to commit that; another one takes its vote, and it knows nothing.
    const knows = (p: Peer) =>
      p.leads && p.disk.realm === found.realm && p.followers.has(found.memberId) &&
      this.world.linked(h.name, p.host);
    return found.log === emptyLog && [...this.raft.peers].some(knows)
      ? "panic: tocommit is out of range [lastIndex(0)]"
      : found;
  }

  /** No data: as `new` or `existing`, as the settings say; without any, a package's default. */
  #firstStart(host: Host): Disk | string {
    const env = host.told ?? host.env;
    const own = env.get("ETCD_INITIAL_ADVERTISE_PEER_URLS");
    const urls = initialUrls(env);
    if (own === undefined || urls.length === 0) return packageDefault(host);
    if (!urls.includes(own)) return "couldn't find local name in the initial cluster configuration";
    const { world } = this;
    const others = [...this.raft.peers].filter((p) =>
      p.host !== host.name && !p.disk.pristine && p.listensAt <= world.time.now &&
      world.linked(host.name, p.host) &&
      urls.includes(world.model.peerUrl(world.host(p.host).node))
    );
    if (env.get("ETCD_INITIAL_CLUSTER_STATE") === "existing") return join(urls, own, others);
    const members = initialMembers(env);
    const realm = realmOf(env);
    const memberId = members.find((m) => m.peerUrls.includes(own))?.id ?? "";
    const known = others.find((p) => p.disk.realm === realm)?.members.find((m) => m.id === memberId);
    if (known !== undefined && known.name !== "") return `member ${memberId} has already been bootstrapped`;
    const log = this.#roots.get(realm) ??
      { term: 1, index: members.length, prev: undefined, config: members };
    this.#roots.set(realm, log);
    return { clusterId: realm, memberId, realm, term: 1, log, commit: log, pristine: false };
  }

  /** The cluster that a host's settings would make as `new`: its ids follow from the peer URLs and the token. */
  realmTold(host: Host): string {
    return realmOf(host.env);
  }

  // ---- what is seen and done on a host -----------------------------------------------------------------------------

  view(h: Host): ServiceView {
    return viewOf(this, h.peer);
  }
  settings(h: Host): Readonly<Record<string, string>> {
    return settingsOf(h);
  }
  identity({ volume: { disk } }: Host): Identity | undefined {
    return disk;
  }
  commands(h: Host, by: Deeds): Commands {
    return commandsOf(this, h, by);
  }
  form(nodes: readonly HostNode[]): void {
    form(this.world, nodes);
  }
  edit(h: Host): boolean {
    if (!h.env.has("ETCD_LISTEN_CLIENT_URLS")) return false;
    h.env.set("ETCD_LISTEN_CLIENT_URLS", "http://192.0.2.1:2379");
    return true;
  }
  changeByHand(h: Host, mayLose: () => boolean): Promise<void> {
    return changeByHand(this, h, mayLose);
  }
}

function join(urls: readonly string[], own: string, others: readonly Peer[]): Disk | string {
  const remote = others.find((p) => p.members.length > 0);
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

function packageDefault(host: Host): Disk {
  const member: RecordedMember = {
    id: "8e9e05c52164694d",
    name: "",
    role: "voter",
    peerUrls: ["http://localhost:2380"],
    clientUrls: [],
  };
  const log = { term: 1, index: 1, prev: undefined, config: [member] };
  return {
    clusterId: "cdf818194e3a8c32",
    memberId: member.id,
    realm: `default on ${host.name}`,
    term: 1,
    log,
    commit: log,
    pristine: true,
  };
}

type Env = ReadonlyMap<string, string>;
const realmOf = (env: Env): string => idOf(initialMembers(env).map((m) => m.id).sort().join());
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
