/**
 * What is known of one service in one run: the newest facts of each node, how old they are, and what has been done
 * since. A question looks anew only at the nodes whose own word it needs (`whom.ts`); where votes are counted that is
 * everybody.
 *
 * A node that was not looked at since the record was changed keeps its facts, but not its member list: the record has to
 * come from somebody who was asked after that (S2).
 *
 * @module
 */
import type { HostNode, NodeFacts } from "../model/node.ts";
import type { Member, Observation } from "../model/observation.ts";
import type { Tri } from "../model/tri.ts";
import { observe, toAskPeers } from "../observe/observe.ts";
import {
  changesRecord,
  type Effect,
  hostOf,
  keepsMarks,
  quiet,
  writes,
  type Written,
} from "../playbook/effect.ts";
import { type CommandProbe, commandsOf, evaluate } from "../playbook/evaluate.ts";
import type { Probe } from "../playbook/probe.ts";
import { project } from "../rules/project.ts";
import { truthful } from "../rules/s02_truth.ts";
import type { ServiceRun } from "./outside.ts";
import { type Whom, whomToAsk } from "./whom.ts";

/** What was seen longer ago than this is looked at again before anything is judged by it. */
const FRESH_MS = 5_000;
/** What cannot be taken back is judged by what was seen at most so long ago. */
export const JUST_NOW_MS = 2_000;
/**
 * How long something may be unknown (an election, a node that just started) before it stops the case (S24); and in how
 * many looks at least, because on a busy fleet a single one may take as long.
 */
const UNKNOWN_PATIENCE_MS = 8_000;
const UNKNOWN_LOOKS = 3;
const POLL_MS = 100;

export interface View {
  /** Looks at every host of the config that was not seen just now and after all that was done. */
  observe(): Promise<Observation>;
  /** What is known, however old. */
  readonly newest: Observation;
  /** These were seen after the last deed, at most `maxAgeMs` ago; the others as they were seen before. */
  see(whom: Whom, maxAgeMs?: number): Promise<Observation>;
  /** What was seen before does not count any more. */
  touch(): void;
  /** This was done on a node, or was tried and has not `ended` well: what it changes has to be seen anew. */
  did(effect: Effect, on: string, ended: boolean): void;
  /** All of it is old: somebody else may have been at work. */
  forget(): void;
  /** Hosts that have a part in what comes, beside members, desired ones and those that hold something. */
  concern(nodes: readonly string[]): void;
  /** Answers a probe; unknown only after some patience. */
  ask(probe: Probe): Promise<Tri>;
  /** Looks until a probe is answered with yes, at `first` to begin with; undefined when `giveUp` says so first. */
  until(
    probe: Probe,
    giveUp: (answer: Tri, seen: Observation) => boolean,
    first?: Whom,
  ): Promise<Observation | undefined>;
}

/** The view of one run. `answer` runs the command of a probe on its node. */
export const viewOf = (
  run: ServiceRun,
  answer: (probe: CommandProbe, seen: Observation) => Promise<Tri>,
): View => new Eyes(run, answer);

interface Known {
  readonly facts: NodeFacts;
  /** When the look at it began. */
  readonly at: number;
  /** How many deeds had been done by then. */
  readonly after: number;
}

/** Whom one look may have to ask others about. */
interface About {
  readonly concerns: (m: Member) => boolean;
  readonly maxAgeMs: number;
  readonly said: Map<string, Tri>;
}

class Eyes implements View {
  readonly #known = new Map<string, Known>();
  readonly #under = new Map<string, { readonly after: number; readonly look: Promise<void> }>();
  /** What those who hold the quorum said of members whose own nodes could not be asked (S4). */
  #peers: Readonly<Record<string, Tri>> = {};
  #deeds = 0;
  /** The last deed that concerns the record, the last one on each host, and the last that may have been anything. */
  #lastChange = 0;
  #lastTouch = 0;
  readonly #lastDeedOn = new Map<string, number>();
  /** What our own files say anew since each node was looked at. */
  readonly #written = new Map<string, ReadonlySet<Written>>();
  #concerned: readonly string[] = [];
  #looked = false;
  /** The quorum was held at some time of this run. */
  #served = false;

  constructor(
    readonly run: ServiceRun,
    readonly answer: (probe: CommandProbe, seen: Observation) => Promise<Tri>,
  ) {}

  async observe(): Promise<Observation> {
    const { nodes } = this.run.target;
    const first = !this.#looked;
    this.#looked = true;
    const part = new Set(first ? nodes.map((n) => n.name) : this.#part());
    await this.#look(
      nodes.filter((n) =>
        part.has(n.name)
          ? this.#written.has(n.name) || !this.#seenSince(n.name, this.#deeds, JUST_NOW_MS)
          // Nothing that is done concerns it, so only time makes it old.
          : this.#age(n.name) > FRESH_MS
      ),
      JUST_NOW_MS,
    );
    return this.#seen();
  }

  see(whom: Whom, maxAgeMs = FRESH_MS): Promise<Observation> {
    return this.#see(whom, maxAgeMs, false);
  }

  async #see(whom: Whom, maxAgeMs: number, alsoWritten: boolean): Promise<Observation> {
    const reader = whom === "all" ? undefined : this.#reader(whom.service);
    // Where nobody has served in this run there is no record to read, and what runs and lies on a host its own word tells:
    // not to ask the others lets a node start while those that started before it wait for it. A quorum that was seen and
    // is not seen now is another matter: then everybody is asked.
    const alone = whom !== "all" && !this.#served && whom.service.length === 0 &&
      whom.host.length + whom.files.length > 0;
    if (whom !== "all" && (reader !== undefined || alone)) {
      await this.#look(
        this.#hosts([
          ...whom.service.filter((n) => !this.#seenSince(n, this.#deeds, maxAgeMs)),
          ...whom.host.filter((n) => !this.#seenSince(n, this.#deedsOn(n), maxAgeMs)),
          ...whom.files.filter(({ node, fact }) => this.#written.get(node)?.has(fact)).map(({ node }) =>
            node
          ),
          ...(reader === undefined || this.#seenSince(reader, this.#lastChange, maxAgeMs) ? [] : [reader]),
        ]),
        maxAgeMs,
        false,
      );
      const seen = this.#seen();
      if (reader === undefined) return seen;
      // Who was to read the record may have lost the quorum, or have been removed: then everybody is asked (S2).
      const view = seen.nodes[reader]?.view;
      if (view !== undefined && truthful(view) && seen.state === "held" && seen.conflicts.length === 0) {
        return seen;
      }
    }
    const named = whom === "all" ? [] : [...whom.service, ...whom.host, ...whom.files.map((f) => f.node)];
    // A look may have waited long for one node, and what the others said is old by then: those are asked once more.
    for (let looks = 0; looks < 2; looks++) {
      const old = this.#hosts([...this.#part(), ...named]).filter(({ name }) =>
        (alsoWritten && this.#written.has(name)) || !this.#seenSince(name, this.#deeds, maxAgeMs)
      );
      await this.#look(old, maxAgeMs);
    }
    return this.#seen();
  }

  get newest(): Observation {
    const seen = this.#seen();
    return seen.state === "held" ? seen : this.#compared([...this.#known.values()], this.#peers);
  }
  touch(): void {
    this.#lastTouch = this.#lastChange = ++this.#deeds;
  }
  did(effect: Effect, on: string, ended: boolean): void {
    if (effect.does === "nothing" || (ended && keepsMarks(effect) && this.#mark(effect))) return;
    const host = hostOf(effect);
    if (quiet(effect)) {
      const written = this.#written.get(host ?? on) ?? new Set();
      this.#written.set(host ?? on, new Set([...written, ...writes(effect)]));
      return;
    }
    this.#deeds++;
    if (changesRecord(effect)) this.#lastChange = this.#deeds;
    if (host !== undefined) this.#lastDeedOn.set(host, this.#deeds);
  }
  forget(): void {
    this.#looked = false;
    this.touch();
  }
  concern(nodes: readonly string[]): void {
    this.#concerned = nodes;
  }

  async ask(probe: Probe): Promise<Tri> {
    const { clock } = this.run.outside;
    const since = clock.now();
    for (let looks = 1;; looks++) {
      const said = await this.#judge(probe, await this.#see(whomToAsk(probe, this.newest), FRESH_MS, true));
      const patient = looks < UNKNOWN_LOOKS || clock.now() - since < UNKNOWN_PATIENCE_MS;
      if (said !== "unknown" || !patient) return said;
      await clock.sleep(POLL_MS);
      this.touch();
    }
  }

  async until(probe: Probe, giveUp: (answer: Tri, seen: Observation) => boolean, first?: Whom) {
    const { clock } = this.run.outside;
    for (let whom = first ?? whomToAsk(probe, this.newest);; whom = whomToAsk(probe, this.newest)) {
      const seen = await this.#see(whom, FRESH_MS, true);
      const said = await this.#judge(probe, seen);
      if (said === "yes") return seen;
      if (giveUp(said, seen)) return undefined;
      await clock.sleep(POLL_MS);
      this.touch();
    }
  }

  async #judge(probe: Probe, seen: Observation): Promise<Tri> {
    const answers = new Map<CommandProbe, Tri>();
    for (const c of commandsOf(probe)) answers.set(c, await this.answer(c, seen));
    return evaluate(probe, seen, answers);
  }

  // ---- whom to look at ---------------------------------------------------------------------------------------------

  #hosts(names: Iterable<string>): readonly HostNode[] {
    const asked = new Set(names);
    return this.run.target.nodes.filter((n) => asked.has(n.name));
  }

  /** On all others nothing was found when the run began. In a large fleet they are most, and looking is the cost. */
  #part(): readonly string[] {
    const held = [...this.#known.values()].map((k) => k.facts).filter(holdsSomething).map((f) => f.node);
    return [
      ...this.run.target.desired.map((n) => n.name),
      ...this.newest.members.flatMap((m) => m.node ?? []),
      ...held,
      ...this.#concerned,
    ];
  }

  /** A healthy voter of the newest observation who reads the record, rather one of these nodes; undefined: there is none. */
  #reader(nodes: readonly string[]): string | undefined {
    const { members, nodes: facts, state } = this.newest;
    if (state !== "held") return undefined;
    const able = members.filter((m) =>
      m.role === "voter" && m.health === "healthy" && m.node !== undefined && facts[m.node]?.reached === true
    );
    const fresh = able.find((m) => this.#seenSince(m.node ?? "", this.#lastChange, FRESH_MS));
    return (able.find((m) => nodes.includes(m.node ?? "")) ?? fresh ?? able.find((m) => m.leader) ?? able[0])
      ?.node;
  }

  #age(node: string): number {
    return this.run.outside.clock.now() - (this.#known.get(node)?.at ?? -Infinity);
  }
  #deedsOn(node: string): number {
    return Math.max(this.#lastTouch, this.#lastDeedOn.get(node) ?? 0);
  }
  #seenSince(node: string, deed: number, maxAgeMs: number): boolean {
    const after = this.#known.get(node)?.after;
    return after !== undefined && after >= deed && this.#age(node) <= maxAgeMs;
  }

  /** A command of ours that wrote a mark, or took it away, has synced it before it ended well: it is as it declares. */
  #mark(effect: Effect & { readonly node: string }): boolean {
    const known = this.#known.get(effect.node);
    const seen = this.#seen();
    const facts = project(seen, effect).nodes[effect.node];
    // A latch names what the record says: without one in sight it has to be looked at.
    if (known === undefined || facts === undefined || (effect.does === "latches" && seen.state !== "held")) {
      return false;
    }
    this.#known.set(effect.node, { ...known, facts: { ...facts, view: known.facts.view } });
    return true;
  }

  // ---- looking -----------------------------------------------------------------------------------------------------

  /**
   * Looks at these nodes at once; others are asked about whoever keeps us waiting, meanwhile. `strangers`: whether
   * members on no node of the config are asked about, too.
   */
  async #look(nodes: readonly HostNode[], maxAgeMs: number, strangers = true): Promise<void> {
    if (nodes.length === 0) return;
    const about: About = {
      concerns: (m) => m.node === undefined ? strangers : nodes.some((n) => n.name === m.node),
      maxAgeMs,
      said: new Map(),
    };
    const { clock, checks } = this.run.outside;
    const waiting = new Set(nodes.map((n) => n.name));
    const began = clock.now();
    const most = Promise.withResolvers<void>();
    const all = Promise.all(nodes.map(async (n) => {
      await this.#check(n);
      waiting.delete(n.name);
      if (waiting.size < nodes.length / 2) most.resolve();
    }));
    const enough = new AbortController();
    const late = most.promise.then(() => checks.late(clock.now() - began, enough.signal));
    const isLate = await Promise.race([all.then(() => false), late.then(() => true)]);
    enough.abort();
    if (isLate) await Promise.all([all, this.#askPeers(about, waiting)]);
    await this.#askPeers(about, new Set());
    const mine = this.#seen().members.filter(about.concerns);
    const others = Object.entries(this.#peers).filter(([id]) => mine.every((m) => m.id !== id));
    this.#peers = Object.fromEntries([...others, ...about.said]);
  }

  /** One look at a node at a time; steps that run side by side share it. */
  #check(node: HostNode): Promise<void> {
    const after = this.#deeds;
    const under = this.#under.get(node.name);
    if (under?.after === after) return under.look;
    const { service, outside } = this.run;
    const at = outside.clock.now();
    this.#written.delete(node.name);
    const look = outside.checks.check(service, node).then((facts) => {
      const before = this.#known.get(node.name);
      if (before === undefined || before.after <= after) this.#known.set(node.name, { facts, at, after });
      if (this.#under.get(node.name)?.after === after) this.#under.delete(node.name);
    });
    this.#under.set(node.name, { after, look });
    return look;
  }

  /** S4: members of whom their own nodes say nothing decisive; each is asked about once a look. */
  async #askPeers({ concerns, maxAgeMs, said }: About, silent: ReadonlySet<string>): Promise<void> {
    const { service, target, outside } = this.run;
    const seen = this.#seen(silent, {});
    const doubtful = toAskPeers(seen).filter((m) => !said.has(m.id) && concerns(m));
    if (doubtful.length === 0) return;
    const from = target.nodes.filter((n) =>
      seen.members.some((m) => m.node === n.name && m.role === "voter" && m.health === "healthy")
    );
    const answers = await outside.checks.peers(service, doubtful, from, maxAgeMs);
    doubtful.forEach((m) => said.set(m.id, answers[m.id] ?? "unknown"));
  }

  /** All that is known and still counts; `silent` nodes as if they had not answered. */
  #seen(silent: ReadonlySet<string> = new Set(), peers = this.#peers): Observation {
    const known = [...this.#known.values()].filter((k) => !silent.has(k.facts.node));
    const seen = this.#compared(known.map((k) => ({ ...k, facts: this.#current(k) })), peers);
    this.#served ||= seen.state === "held";
    return seen;
  }

  #compared(known: readonly Known[], peers: Readonly<Record<string, Tri>>): Observation {
    const { service, target } = this.run;
    // In the config's order, whoever answered first: what is judged and told must not depend on that.
    const place = new Map(target.nodes.map((n, i) => [n.name, i]));
    const ordered = [...known].sort((a, b) =>
      (place.get(a.facts.node) ?? 0) - (place.get(b.facts.node) ?? 0)
    );
    return observe(service, target.nodes, {
      facts: Object.fromEntries(ordered.map((k) => [k.facts.node, k.facts])),
      peers,
      at: Math.min(...known.map((k) => k.at)),
    });
  }

  #current({ facts, after }: Known): NodeFacts {
    if (after >= this.#lastChange || facts.view === undefined) return facts;
    return { ...facts, view: { ...facts.view, members: undefined } };
  }
}

const holdsSomething = (f: NodeFacts): boolean =>
  f.reached && (f.process !== "no" || f.data.state !== "empty");
