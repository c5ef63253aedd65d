/**
 * A static ensemble, small enough to enumerate: each server goes by the list that its file had when it was started, and what
 * they all should have stands in `/quorate`, which is the record. Who leads, who follows and what a quorum is follows from
 * the lists that are in use.
 */
import { HIGHEST, VERSION } from "../../plugins/zookeeper/read.ts";
import { readName, readServers } from "../../plugins/zookeeper/record.ts";
import { listText, RESTART, RUNNING, SERVERS, WRITTEN } from "../../plugins/zookeeper/servers.ts";
import type { Effect } from "../../mod.ts";
import type { NodeFacts, RecordedMember } from "../../src/model/node.ts";
import type { Observation, Target } from "../../src/model/observation.ts";
import type { Judge } from "../../src/classify/input.ts";
import { type Command, latesOf } from "../../src/playbook/command.ts";
import { lateValue } from "../../src/playbook/place.ts";
import { clusterId, place } from "../unit/core_samples.ts";
import type { Habits } from "./habits.ts";
import {
  type Found,
  groupOf,
  idsOf,
  type List,
  majority,
  type Reign,
  rolled,
  same,
  type Server,
  unsafe,
} from "./lists.ts";
import { type Outcome, SmallWorld } from "./small_world.ts";
import type { Recorded, Spot } from "./spot.ts";

export class StaticWorld extends SmallWorld {
  readonly #running: Map<string, List>;
  readonly #written: Map<string, List>;
  readonly #latched: Map<string, readonly string[]>;
  readonly #aside: Map<string, readonly string[]>;
  readonly #due = new Set<string>();
  #leads: string | undefined;
  /** Worked out once for as long as nothing changes. */
  #known: { readonly reign: Reign | undefined } | undefined;
  #noted: boolean;
  #highest = 95;
  #writes = 1;

  constructor(
    target: Target,
    spots: Map<string, Spot>,
    record: readonly Recorded[],
    habits: Habits,
    found: Found,
  ) {
    super(target, spots, record, habits);
    // What was installed anew has no zoo.cfg.
    const configured = [...spots].filter(([, s]) => s.data !== undefined || s.latch !== undefined);
    const own = (node: string): List => this.listOf(record.filter((m) => m.voter || m.node === node));
    this.#written = new Map(configured.map(([n]) => [n, found.lists.get(n)?.written ?? own(n)]));
    this.#running = new Map(configured.map(([n]) => [n, found.lists.get(n)?.running ?? own(n)]));
    for (const [n, { running, written }] of found.lists) if (!same(running, written)) this.#due.add(n);
    this.#latched = new Map(found.latched);
    this.#aside = new Map(found.aside);
    this.#leads = found.leads;
    this.#noted = found.noted;
  }

  listOf(members: readonly Recorded[]): List {
    return new Map(members.map((m) => [m.id, m.node]));
  }
  get recorded(): List {
    return this.listOf(this.voters);
  }

  // ---- who serves --------------------------------------------------------------------------------------------------

  /** Whoever runs, also one that hears nobody. */
  get #processes(): readonly Server[] {
    return [...this.spots].flatMap(([node, s]) => {
      const list = this.#running.get(node);
      return s.process && s.data !== undefined && s.cluster === clusterId && list !== undefined
        ? [{ id: s.data, node, list }]
        : [];
    });
  }
  get #servers(): readonly Server[] {
    return this.#processes.filter((s) => this.spot(s.node).serves);
  }
  /** Who leads, and all who follow: as long as they can, those who do already. */
  get #reign(): Reign | undefined {
    if (this.#known !== undefined) return this.#known.reign;
    const able = this.#servers.map((leader) => ({ leader, group: groupOf(leader, this.#servers) }))
      .filter(({ group }) => group.length > 0);
    const reign = able.find(({ leader }) => leader.node === this.#leads) ?? able[0];
    this.#leads = reign?.leader.node;
    this.#known = { reign };
    return reign;
  }
  override change(node: string, over: Partial<Spot>): void {
    super.change(node, over);
    this.#known = undefined;
  }
  override get leader(): Pick<Recorded, "id" | "node"> | undefined {
    const leader = this.#reign?.leader;
    return this.record.find((m) => m.node === leader?.node && m.id === leader.id) ?? leader;
  }
  get #serving(): readonly Server[] {
    return this.#reign?.group ?? [];
  }
  override get held(): boolean {
    return this.leader !== undefined;
  }
  override follows(node: string): boolean {
    return this.#serving.some((s) => s.node === node);
  }
  override up(m: Recorded): boolean {
    return super.up(m) && this.follows(m.node);
  }

  override get unsafe(): string | undefined {
    return unsafe(this.#processes, this.recorded, (node) => this.#mayVote(node));
  }
  #mayVote(node: string | undefined): boolean {
    const s = this.spot(node ?? "");
    return !s.fenced && (s.process || s.data !== undefined || s.latch !== undefined);
  }

  /** All can be restarted one after the other, to go by this list in the end; who joins is in sync by then. */
  override canRoll(next: readonly Recorded[]): boolean {
    // A list that is not told is no proof, nor is the vote of one that nobody can see.
    const known = this.#serving.filter((s) =>
      this.spot(s.node).reached || this.record.some((m) => m.id === s.id && m.node === s.node)
    );
    if (known.some((s) => !this.#tells(this.spot(s.node)))) return false;
    // Nor is it seen that one leads which is no member and cannot be asked.
    const leads = this.leader?.node;
    if (known.every((s) => s.node !== leads)) return false;
    // What was broken off is finished first, unless there is a place in it to take over.
    const now = this.#vacant === undefined ? rolled(known, this.recorded, leads) : known;
    const list = this.listOf(next);
    const come = next.filter((m) => !this.record.some((r) => r.id === m.id && r.node === m.node));
    return now !== undefined &&
      rolled([...now, ...come.map((m): Server => ({ ...m, list }))], list, leads) !== undefined;
  }
  #tells(s: Spot): boolean {
    return s.answers && s.scanned;
  }
  /** An id that is counted, and that nobody can vote as any more. */
  get #vacant(): string | undefined {
    const counted = this.#serving.flatMap((s) => [...s.list]).filter(([id]) =>
      this.record.every((m) => m.id !== id)
    );
    const [[id = ""] = []] = counted;
    const put = counted.every(([one, node]) =>
      one === id && this.spot(node).fenced && this.spot(node).reached && this.#aside.get(node)?.includes(id)
    );
    const left = [...this.spots.values()].some((s) => s.data === id);
    // Where a host is not seen, the data of one that took it over before may lie.
    const seen = this.target.nodes.every(({ name }) => {
      const { reached, readable, mounted } = this.spot(name);
      return this.record.some((m) => m.node === name) || (reached && readable && mounted);
    });
    return counted.length > 0 && put && !left && seen ? id : undefined;
  }
  override joining(node: string): Recorded {
    return { ...super.joining(node), id: this.#vacant ?? "new" };
  }
  /** Not who may have another list than the rest, or has an id that they count. */
  override canLeave(m: Recorded): boolean {
    if (!m.voter) {
      const others = this.#serving.filter((s) => s.node !== m.node);
      const count = others.filter((s) => s.list.has(m.id));
      return count.length === 0 ||
        (this.spot(m.node).reached && count.every((s) => majority(s.list, idsOf(others))));
    }
    const left = this.record.filter((r) => r !== m);
    return this.canRoll(left) && this.late.length === 0 &&
      (this.spot(m.node).reached ||
        left.every((r) => this.votersLatched(r.node).join() === this.voters.map((v) => v.node).join()));
  }
  override get late(): readonly Recorded[] {
    return this.voters.filter((m) => {
      const list = this.#running.get(m.node);
      return this.up(m) && list !== undefined && !same(list, this.recorded);
    });
  }

  // ---- what is seen ------------------------------------------------------------------------------------------------

  override leaderBy(node: string): string | undefined {
    const leader = this.leader;
    return leader?.node === node || leader === undefined
      ? leader?.id
      : this.voters.find((m) => m.node === leader.node)?.id;
  }
  override listBy(node: string): readonly RecordedMember[] {
    const list = this.#running.get(node);
    if (this.#noted || list === undefined) return this.record.map((m) => this.#member(m.id, m.node, m.voter));
    return [...list].map(([id, at]) => this.#member(id, at, true));
  }
  #member(id: string, node: string, voter: boolean): RecordedMember {
    const host = this.target.nodes.find((n) => n.name === node);
    return {
      id,
      name: `server.${id}`,
      role: voter ? "voter" : "learner",
      peerUrls: host === undefined ? [] : [this.habits.peerUrl(host)],
      clientUrls: [`${host?.address}:2181`],
    };
  }
  #text(list: List): string {
    return listText([...list].map(([id, node]) => this.#member(id, node, true)));
  }
  override votersLatched(node: string): readonly string[] {
    return this.#latched.get(node) ?? super.votersLatched(node);
  }
  override told(node: string): Partial<NodeFacts> {
    const s = this.spot(node);
    const [running, written] = [this.#running.get(node), this.#written.get(node)];
    const serves = this.#tells(s) && this.follows(node);
    return {
      aside: (this.#aside.get(node) ?? []).map((memberId) => ({
        clusterId,
        memberId,
        path: `${place.dataPath}.quorate-${memberId}`,
        at: "20260101T000000Z",
      })),
      settings: written === undefined ? {} : {
        reconfigEnabled: "false",
        standaloneEnabled: "false",
        "db.autocreate": "false",
        tickTime: s.drifted ? "9999" : "2000",
        [WRITTEN]: this.#text(written),
        ...(this.#due.has(node) ? { [RESTART]: "due" } : {}),
        ...(!serves || running === undefined ? {} : {
          [RUNNING]: this.#text(running),
          [HIGHEST]: `${this.#highest}`,
          [VERSION]: `${this.#writes}`,
          ...(this.#noted ? { [SERVERS]: this.#text(this.recorded) } : {}),
        }),
      },
    };
  }
  override get judge(): Judge {
    return this.service;
  }
  override texts(command: Command, seen: Observation): ReadonlyMap<string, string> | undefined {
    const texts = new Map<string, string>();
    for (const late of latesOf(command)) {
      const text = lateValue(late, seen, this.service, this.target.desired);
      if (text === undefined) return undefined;
      if (late.late === "derived") texts.set(late.key, text);
    }
    return texts;
  }

  // ---- what effects do ---------------------------------------------------------------------------------------------

  override apply(effect: Effect, texts: ReadonlyMap<string, string>): Outcome {
    const why = effect.does === "restarts" ? this.#keeps(effect.node, texts) : undefined;
    if (why !== undefined) return { kind: "failed", why };
    const { held } = this;
    const outcome = super.apply(effect, texts);
    if (outcome.kind !== "done") return outcome;
    const what = this.unsafe ?? (held && !this.held ? "the quorum is lost" : undefined);
    return what === undefined ? outcome : { kind: "wrong", what };
  }

  protected override happens(effect: Effect, texts: ReadonlyMap<string, string>): string | undefined {
    switch (effect.does) {
      case "configures":
        this.#write(effect.node, texts);
        return super.happens(effect, texts);
      case "restarts":
        return this.#restart(effect.node, effect, texts);
      case "starts":
        if (!this.follows(effect.node) || !this.spot(effect.node).answers) {
          this.#reads(effect.node);
          // One that runs is started anew.
          if (this.spot(effect.node).process) this.#due.delete(effect.node);
        }
        return super.happens(effect, texts);
      case "fences":
        // What its vote was worth is told by the lists.
        this.change(effect.node, { process: false, fenced: true });
        return undefined;
      case "latches":
        this.#latched.set(effect.node, this.voters.map((m) => m.node));
        return super.happens(effect, texts);
      case "setsAside": {
        const { data } = this.spot(effect.node);
        const wrong = super.happens(effect, texts);
        if (data !== undefined) {
          this.#aside.set(effect.node, [...(this.#aside.get(effect.node) ?? []), data]);
        }
        return wrong;
      }
      case "registersLearner":
      case "promotes":
      case "removes": {
        const wrong = super.happens(effect, texts);
        const text = [...texts].find(([key]) => key.includes(":"))?.[1];
        if (text !== undefined) this.#note(text);
        return wrong;
      }
      default:
        return super.happens(effect, texts);
    }
  }

  #parse(lines: readonly string[]) {
    const nodeOf = (url: string | undefined) =>
      this.target.nodes.find((n) => this.habits.peerUrl(n) === url)?.name ?? "";
    return (readServers(lines, 2181, () => true) ?? []).map((m) => ({
      id: m.id,
      node: nodeOf(m.peerUrls[0]),
      voter: m.role === "voter",
    }));
  }
  #listIn(text: string): List {
    return new Map(this.#parse(text.split(" ")).map((m) => [m.id, m.node]));
  }
  /** `/quorate` holds this from now on. */
  #note(text: string): void {
    const name = readName(text);
    this.record = this.#parse(name?.servers ?? []).map((m) => ({
      named: false,
      inSync: false,
      ...this.record.find((r) => r.node === m.node),
      ...m,
    }));
    this.#highest = name?.highest ?? 0;
    this.#writes++;
    this.#noted = true;
  }
  /** Only what is written beside a server that knows who it is makes a restart due. */
  #write(node: string, texts: ReadonlyMap<string, string>): void {
    const text = texts.get(`servers:${node}`);
    if (text !== undefined) {
      this.#written.set(node, this.#listIn(text));
    }
    if (texts.has("clusterId")) this.#due.delete(node);
    else this.#due.add(node);
  }
  #reads(node: string): void {
    const list = this.#written.get(node);
    if (list !== undefined) this.#running.set(node, list);
    this.#known = undefined;
  }
  /** Why the node itself does not restart its server: only there it may be seen who leads. */
  #keeps(node: string, texts: ReadonlyMap<string, string>): string | undefined {
    if (!this.spot(node).process) return `${node} was stopped`;
    const { leader } = this;
    const text = texts.get(`servers:${node}`);
    if (text === undefined || leader === undefined || !this.follows(node)) return undefined;
    const next = this.#listIn(text);
    if (next.get(leader.id) !== leader.node) return `${leader.node} leads and is no member`;
    // What can be seen from here has to be known before: a restart that costs the quorum is wrong then.
    const seen = this.#serving.every((s) => this.spot(s.node).reached && this.#tells(this.spot(s.node)));
    const others = this.#serving.filter((s) => s.node !== node);
    const lists = [next, ...others.filter((s) => next.has(s.id)).map((s) => s.list)];
    return seen || lists.every((list) => majority(list, idsOf(others))) ? undefined : `${node} is not spared`;
  }
  /** With a list that it is to have whoever it is; without one just who leads, until another does. */
  #restart(node: string, effect: Effect, texts: ReadonlyMap<string, string>): string | undefined {
    const reloads = texts.has(`servers:${node}`);
    if (!reloads && this.leader?.node !== node) return undefined;
    const served = this.follows(node);
    this.change(node, { process: false });
    const lost = served && !this.held;
    this.change(node, { process: true });
    this.#reads(node);
    if (reloads) this.#due.delete(node);
    return lost ? `restarting ${node} stops the service` : super.happens(effect, texts);
  }
}
