/**
 * Two management hosts that share a lock in etcd, one of them frozen and thawed at random points of its run while the
 * other one tries: `deno task frozen --rounds 67 --seed 1`. What is looked at afterwards is not what the managers
 * believe: their journals side by side, and what the nodes themselves wrote down of each command that changes members.
 * All hosts are of one kernel, so the times that they write down are of one clock.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { type Lab, type Running, until } from "../../lab/mod.ts";
import type { Event } from "../../src/model/event.ts";
import { Random } from "../../src/sim/random.ts";
import { build, scratch } from "../exe/kit.ts";
import { eventsOf } from "./crash.ts";
import { Site } from "./kit.ts";

const MANAGERS = ["m1", "m2"] as const;
type Manager = typeof MANAGERS[number];
const THREE = ["n1", "n2", "n3"];
const FOUR = [...THREE, "n4"];
/** A third place: the etcd that keeps the lock. */
const LOCKS = "locks";

/** The configs that both managers have, by the names of their files. */
const CONFIGS = {
  /** The lock is in the etcd of the service itself. */
  own: { members: THREE, lock: "metadata" },
  three: { members: THREE, lock: [`http://${LOCKS}:2379`] },
  four: { members: FOUR, lock: [`http://${LOCKS}:2379`] },
};
type Config = keyof typeof CONFIGS;

export interface FrozenOptions {
  readonly name: string;
  readonly rounds: number;
  readonly seed: number;
  /** How long the next freeze lasts, in milliseconds. */
  readonly frozenMs: (random: Random) => number;
  readonly say: (line: string) => void;
}

/** Something that was going on from one time to another, in milliseconds since 1970. */
interface Span {
  readonly what: string;
  readonly who: string;
  readonly from: number;
  readonly to: number;
}

interface Freeze {
  readonly who: Manager;
  /** From here on no process of it ran. */
  readonly from: number;
}

/** Plays the rounds, and throws where two effects were ever under way at once or one was had twice. */
export async function frozenManagers(options: FrozenOptions): Promise<void> {
  const { rounds, seed, say } = options;
  const random = new Random(seed);
  const program = build(scratch());
  await using site = await Site.up(options.name, { hosts: [...MANAGERS, ...FOUR, LOCKS] });
  const { lab } = site;
  await installManagers(lab, await Deno.readFile(await program));
  await lab.must(LOCKS, KEEP_LOCKS);
  const start = (manager: Manager, config: Config): Running =>
    lab.sshSpawn(`root@${manager}`, `quorate apply -o json -c /etc/quorate/${config}.yaml`);

  /** A run that has its lease; one that comes too early for what a former run could not let go is tried again. */
  const leased = async (who: Manager, config: Config) => {
    for (let tries = 1;; tries++) {
      const running = start(who, config);
      await running.says(/"event":"leased"|"event":"runEnded"/);
      if (running.stdout().includes('"event":"leased"')) return running;
      const { stdout } = await running.exited;
      assert.ok(tries < 60 && stdout.includes('"outcome":"yielded"'), stdout);
      await pause(1_000);
    }
  };
  const outcomes: string[] = [];
  /** The end of a run, which is counted. */
  const ended = async ({ exited }: Running): Promise<string> => {
    const { code, stdout, stderr } = await exited;
    assert.ok([0, 3, 5].includes(code), `${code} ${stdout}${stderr}`);
    const events = eventsOf(stdout);
    const end = events.at(-1);
    assert.ok(end?.event === "runEnded", `no end was told: ${stdout}${stderr}`);
    outcomes.push(end.outcome);
    if (end.why !== undefined) say(`  ${end.why}`);
    const refusals = events.flatMap((e) => e.event === "refused" ? e.refusals : []);
    for (const { rule, evidence } of refusals) say(`  ${rule}: ${evidence}`);
    return end.outcome;
  };

  await ownLock(lab, (config) => start("m1", config));
  await Promise.all(FOUR.map((host) => lab.must(host, WRITE_DOWN)));
  const freezes: Freeze[] = [];
  for (let round = 1; round <= rounds; round++) {
    const config = round % 2 === 1 ? "four" : "three";
    const [sleeper, other]: readonly [Manager, Manager] = random.percent(50) ? ["m1", "m2"] : ["m2", "m1"];
    await using sleeping = await leased(sleeper, config);
    await pause(random.int(0, 2_200)); // as long as a run takes from there
    await lab.freeze(sleeper);
    const from = Date.now();
    let slept = true;
    /** Run after run, as a timer starts them, until the one that slept has ended. */
    const awake = (async () => {
      const told: string[] = [];
      while (slept) {
        told.push(await ended(start(other, config)));
        if (slept) await pause(500);
      }
      return told;
    })();
    await Promise.race([awake, pause(options.frozenMs(random))]);
    const sleptMs = Date.now() - from;
    await lab.thaw(sleeper);
    freezes.push({ who: sleeper, from });
    const [woken, told] = await Promise.all([ended(sleeping).finally(() => slept = false), awake]);
    say(`round ${round}: ${sleeper} slept ${sleptMs} ms: ${woken}; ${other}: ${tally(told)}`);
    let last = [woken, ...told];
    await until(`the members are as in ${config}`, async () => {
      if (last.some((outcome) => outcome === "converged" || outcome === "steady")) return true;
      last = [await ended(start(random.percent(50) ? sleeper : other, config))];
      return false;
    }, 120_000);
    await site.mustBe(...CONFIGS[config].members);
  }

  const journals = (await Promise.all(MANAGERS.map(async (who) => {
    const { stdout, stderr } = await lab.on(who, "quorate journal -o json -n 100000");
    assert.equal(stderr, "", "no line is damaged");
    return stepsOf(who, eventsOf(stdout));
  }))).flat();
  assert.ok(journals.length > rounds * 4, `${journals.length} steps`);
  for (const who of MANAGERS) assert.ok(journals.some((span) => span.who === who), `${who} did something`);
  const struck = freezes.filter((freeze) => journals.some((span) => during(freeze, span)));
  const known = journals.map((span) => ({
    ...span,
    to: freezes.find((one) => during(one, span))?.from ?? span.to,
  }));
  apart(known, (one, two) => one.who === two.who);

  const written =
    (await Promise.all(FOUR.map(async (host) => spansOf(await lab.must(host, "cat /run/effects"), host))))
      .flat();
  apart(written, () => false);
  const had = (verb: string): number => written.filter(({ what }) => what.startsWith(verb)).length;
  assert.equal(had("member add"), Math.ceil(rounds / 2), "each member was added once");
  assert.equal(had("member remove"), Math.floor(rounds / 2), "each member was removed once");
  say(
    `${rounds} rounds, ${outcomes.length} runs: ${tally(outcomes)}; ` +
      `${struck.length} freezes in the middle of a step; ${journals.length} steps in the journals, ` +
      `${written.length} changes of members on the nodes, never two at once`,
  );
}

/** On each management host: the executable, a key of its own that all nodes let in, the nodes' keys, the configs. */
async function installManagers(lab: Lab, program: Uint8Array): Promise<void> {
  const known = await Deno.readTextFile(`${lab.dir}/known_hosts`);
  const nodes = lab.hosts.filter(({ name }) => FOUR.includes(name));
  await Promise.all(MANAGERS.map(async (manager) => {
    const write = (path: string, stdin: string | Uint8Array): Promise<string> =>
      lab.must(manager, `mkdir -p "$(dirname ${path})"; cat >${path}`, { stdin });
    await write("/usr/local/bin/quorate", program);
    await write("/root/.ssh/known_hosts", known);
    for (const [name, { members, lock }] of Object.entries(CONFIGS)) {
      const config = {
        version: 1,
        ssh: { user: "root", connectTimeout: "3s" },
        lock: { etcd: lock, ttl: "5s" },
        nodes: Object.fromEntries(nodes.map((n) => [n.name, { host: n.address }])),
        services: { metadata: { plugin: "etcd", members, policy: { stabilize: "0s", deadline: "3m" } } },
      };
      await write(`/etc/quorate/${name}.yaml`, stringify(config));
    }
    const key = await lab.must(
      manager,
      `chmod 755 /usr/local/bin/quorate; quorate --version >/dev/null # the first start unpacks it
      ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519; cat /root/.ssh/id_ed25519.pub`,
    );
    await Promise.all(
      nodes.map(({ name }) => lab.must(name, `echo '${key}' >>/root/.ssh/authorized_keys`)),
    );
  }));
}

const KEEP_LOCKS = `cat >>/etc/default/etcd <<END
ETCD_LISTEN_CLIENT_URLS=http://0.0.0.0:2379
ETCD_ADVERTISE_CLIENT_URLS=http://${LOCKS}:2379
END
systemctl start etcd`;

/** An etcd that keeps the lock of its own service: formed, and brought back, by the node locks alone; then it has a lease. */
async function ownLock(lab: Lab, start: (config: Config) => Running): Promise<void> {
  const applied = async (): Promise<string> => {
    const { code, stdout, stderr } = await start("own").exited;
    assert.equal(code, 0, `${stdout}${stderr}`);
    return stdout;
  };
  const formed = await applied();
  assert.match(formed, /"event":"leaseless"[^]*"case":"bootstrap"[^]*"outcome":"converged"/);
  assert.match(await applied(), /"event":"leased"[^]*"outcome":"steady"/);
  // Asked to stop all at once, they would look for somebody to hand over to.
  await Promise.all(THREE.map((host) => lab.must(host, "systemctl kill -s KILL etcd; systemctl stop etcd")));
  assert.match(await applied(), /"event":"leaseless"[^]*"case":"restart[^]*"outcome":"converged"/);
  assert.match(await applied(), /"event":"leased"[^]*"outcome":"steady"/);
}

/** How often each of these words is there: "yielded 5, converged 1". */
function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, n]) => `${word} ${n}`).join(", ");
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `etcdctl` on a node writes down when a command that changes members began and ended well. */
const WRITE_DOWN = `: >/run/effects; cat >/usr/local/bin/etcdctl <<'END'
#!/bin/sh
verb=$(printf '%s\\n' "$*" | grep -o 'member [apru][a-z]*\\|move-leader')
[ -n "$verb" ] || exec /usr/bin/etcdctl "$@"
from=$(date +%s%N)
/usr/bin/etcdctl "$@"
code=$?
[ $code = 0 ] && echo "$from $(date +%s%N) $verb" >>/run/effects
exit $code
END
chmod 755 /usr/local/bin/etcdctl`;

function spansOf(text: string, who: string): readonly Span[] {
  return text.split("\n").filter(Boolean).map((line) => {
    const [from = "", to = "", ...what] = line.split(" ");
    return { what: what.join(" "), who, from: Number(from.slice(0, -6)), to: Number(to.slice(0, -6)) };
  });
}

/** The commands of a manager's runs. */
function stepsOf(who: Manager, events: readonly Event[]): readonly Span[] {
  return events.flatMap((event, i): readonly Span[] => {
    if (event.event !== "stepStarted" || event.command === undefined) return [];
    const end = events.slice(i).find((e) =>
      (e.event === "stepDone" || e.event === "stepFailed") && e.run === event.run &&
      e.step.id === event.step.id
    );
    const from = Date.parse(event.time);
    return [{ what: event.step.id, who, from, to: end === undefined ? from : Date.parse(end.time) }];
  });
}

/** Whether a command was under way when its manager froze: then the nodes know when it ended, not the journal. */
const during = (freeze: Freeze, span: Span): boolean =>
  freeze.who === span.who && span.from <= freeze.from && freeze.from <= span.to;

/** No two of these were under way at once, but for those that may be. */
function apart(spans: readonly Span[], may: (one: Span, two: Span) => boolean): void {
  const sorted = spans.toSorted((a, b) => a.from - b.from);
  for (const [i, one] of sorted.entries()) {
    for (const two of sorted.slice(i + 1)) {
      if (two.from >= one.to) break;
      assert.ok(may(one, two), `two effects at once: ${JSON.stringify([one, two])}`);
    }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { rounds: { type: "string", default: "67" }, seed: { type: "string", default: "1" } },
  });
  await frozenManagers({
    name: "frozen-all",
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    // The nodes let the locks of a session go that was silent for 45 s: one freeze in eight outlasts that.
    frozenMs: (random) => random.percent(12.5) ? random.int(46_000, 60_000) : random.int(0, 12_000),
    say: (line) => console.error(line),
  });
}
