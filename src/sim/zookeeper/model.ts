/**
 * ZooKeeper, simulated: servers that are who `myid` says, start from the list of servers beside zoo.cfg, and change it
 * as a whole by a reconfiguration. Nothing but that list and the data tells an ensemble from another.
 *
 * @module
 */
import type { HostNode, Identity, RecordedMember, ServiceView } from "../../model/node.ts";
import type { Host } from "../host.ts";
import type { Deeds } from "../judge.ts";
import type { Cluster, Commands, Model } from "../model.ts";
import { type Disk, emptyLog, type Peer } from "../peer.ts";
import type { World } from "../world.ts";
import { commandsOf } from "./commands.ts";
import { changeByHand, form } from "./hands.ts";
import { readList, readNote, SERVERS, versionIn, writeList } from "./list.ts";
import { identityOf, settingsOf, viewOf } from "./view.ts";
import { type Medium, Server, Zab } from "./zab.ts";

/** What the plugin calls what it reads beside zoo.cfg. */
export interface Keys {
  readonly version: string;
  readonly highest: string;
  readonly restart: string;
  readonly running: string;
  readonly written: string;
  readonly servers: string;
  readonly unnamed: string;
}

/** ZooKeeper at these addresses. */
export const zookeeperModel = (
  { keys, fixed, ensemble, ...urls }: Pick<Model, "peerUrl" | "clientUrl"> & {
    readonly keys: Keys;
    /** The list of servers stands in their files, and is no business of the ensemble's. */
    readonly fixed: boolean;
    /** The name that one built by hand is to get, where its people do not give it one themselves. */
    readonly ensemble?: string;
  },
): Model => ({
  ...urls,
  versions: ["3.8.0", "3.9.3"],
  members: (world, version) => new ZooKeeper(world, version, keys, fixed, ensemble),
});

export class ZooKeeper implements Cluster, Medium {
  readonly called = "java";
  readonly notifies = false;
  readonly handsOver = false;
  readonly returnsEmpty = true;
  readonly zab: Zab;
  /** Ids and addresses of servers that were in sync once. */
  readonly #ran = new Set<string>();

  /** Who changed the list last, and when; nobody is another hand. */
  changed: { readonly at: number; readonly by: Deeds | undefined } = { at: -Infinity, by: undefined };

  constructor(
    readonly world: World,
    readonly installed: string,
    readonly keys: Keys,
    readonly fixed: boolean,
    readonly ensemble: string | undefined,
  ) {
    this.zab = new Zab(this, fixed);
    if (fixed) this.goesBy = ({ env }) => readList(env.get(SERVERS) ?? "");
  }

  // ---- what the servers ask, and tell ------------------------------------------------------------------------------

  get time() {
    return this.world.time;
  }
  get random() {
    return this.world.random;
  }
  linked(a: string, b: string): boolean {
    return this.world.linked(a, b);
  }
  addressOf(host: string): string {
    return this.world.model.peerUrl(this.world.host(host).node);
  }
  awake(host: string): boolean {
    return this.world.awake(host);
  }
  elected(server: Server): void {
    this.world.elected(server);
  }
  listed(s: Server): void {
    this.world.host(s.host).env.set(SERVERS, writeList(s.list, this.zab.versionOf(s.list)));
  }
  synced(s: Server): void {
    this.world.host(s.host).volume.disk = s.disk;
    this.#ran.add(`${s.id} ${this.world.model.peerUrl(this.world.host(s.host).node)}`);
  }
  overwritten(s: Server, leader: Server): void {
    this.world.violate(
      "data of another cluster stays",
      `${s.host} follows ${leader.host}, and throws the data of ${s.disk.realm} away for that of ${leader.disk.realm}`,
    );
  }

  // ---- processes ---------------------------------------------------------------------------------------------------

  get peers(): ReadonlySet<Server> {
    return this.zab.servers;
  }
  on(h: Host): Server | undefined {
    return [...this.zab.servers].find((s) => s.host === h.name);
  }
  catchUp(): void {
    this.zab.catchUp();
  }
  change(happen: () => void): void {
    this.zab.change(happen);
  }
  leaderOf(peer: Peer): Server | undefined {
    return this.zab.leaderOf(peer);
  }
  write(leader: Peer): boolean {
    const server = this.zab.leaderOf(leader);
    return server !== undefined && this.zab.propose(server);
  }
  goesBy?: (h: Host) => readonly RecordedMember[];
  /** Who has never been in sync may be named in a list all the same. */
  started({ id, peerUrls }: RecordedMember): boolean {
    return this.#ran.has(`${id} ${peerUrls[0]}`);
  }
  blank(): boolean {
    return false;
  }
  /** FileTxnSnapLog.restore: an empty database is made, and votes, unless `db.autocreate` keeps it from that. */
  votesEmpty({ env, volume: { disk, files } }: Host): boolean {
    return disk === undefined && files.has("myid") &&
      (env.get("db.autocreate") !== "false" || files.has("initialize"));
  }
  open(h: Host): Disk | string {
    const { env, volume } = h;
    const myid = volume.disk?.memberId ?? volume.files.get("myid");
    if (env.get("dataDir") === undefined) return "zoo.cfg is missing, or names no dataDir";
    if (myid === undefined) return "myid file is missing";
    if (!readList(env.get(SERVERS) ?? "").some((m) => m.id === myid)) {
      return `My id ${myid} not in the peer list`;
    }
    const votes = this.votesEmpty(h);
    volume.files.delete("initialize");
    const disk = volume.disk ?? {
      clusterId: volume.files.get("quorate-ensemble") ?? "",
      memberId: myid,
      realm: this.realmTold(h),
      term: 0,
      log: emptyLog,
      commit: emptyLog,
      pristine: false,
    };
    // Without a vote it has nothing before a leader has brought it up to date.
    if (votes) volume.disk = disk;
    return disk;
  }
  run(h: Host, disk: Disk): Server {
    const { random, time } = this.world;
    const patience = 1_000 + random.int(0, 1_000);
    const fetch = random.weighted([[6, 300], [2, 2_000], [1, 9_000]]) ?? 0;
    const text = h.env.get(SERVERS) ?? "";
    const list = this.zab.read(readList(text), versionIn(text));
    const server = new Server(
      h.name,
      disk,
      time.now + random.int(300, 1_500),
      fetch,
      patience,
      list,
      (own) => this.fixed ? readNote(own.disk.commit.note)?.list : undefined,
      h.volume.disk === disk,
    );
    this.zab.servers.add(server);
    return server;
  }
  gone(peer: Peer): void {
    const server = [...this.zab.servers].find((s) => s === peer);
    if (server !== undefined) this.zab.servers.delete(server);
  }
  /** What Quorate writes beside the data; one that was built by hand is told by its first servers. */
  realmTold({ volume: { files } }: Host): string {
    return files.get("quorate-ensemble") ?? files.get("built by hand") ?? "";
  }

  // ---- what is seen and done on a host -----------------------------------------------------------------------------

  view(h: Host): ServiceView {
    return viewOf(this, h);
  }
  identity(h: Host, view: ServiceView | undefined): Identity | undefined {
    return identityOf(h, view);
  }
  settings(h: Host): Readonly<Record<string, string>> {
    return settingsOf(this, h);
  }
  commands(h: Host, by: Deeds): Commands {
    return commandsOf(this, h, by);
  }
  form(nodes: readonly HostNode[]): void {
    form(this, nodes);
  }
  edit(h: Host): boolean {
    if (!h.env.has("tickTime")) return false;
    h.env.set("tickTime", "9999");
    return true;
  }
  changeByHand(h: Host, mayLose: () => boolean): Promise<void> {
    return changeByHand(this, h, mayLose);
  }
}
