/**
 * Two management hosts that share a lock in etcd, one of them frozen and thawed at random points of its run while the
 * other one tries: `deno task frozen --rounds 200 --seed 1`. What is looked at afterwards is not what the managers
 * believe: their journals side by side, and what the nodes themselves wrote down of each command that changes members.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Running, until } from "../../lab/mod.ts";
import { readJournal } from "../../src/engine/journal_read.ts";
import type { Event } from "../../src/model/event.ts";
import { Random } from "../../src/sim/random.ts";
import { Site } from "./kit.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const THREE = ["n1", "n2", "n3"];
const FOUR = [...THREE, "n4"];
const LOCKS = "http://127.0.0.1:2379";
type Manager = "a" | "b";

export interface FrozenOptions {
  readonly name: string;
  readonly rounds: number;
  readonly seed: number;
  /** The longest freeze, in milliseconds. */
  readonly frozenMs: number;
  readonly say: (line: string) => void;
}

/** Something that was going on from one time to another, by this machine's wall clock in milliseconds. */
interface Span {
  readonly what: string;
  readonly who: string;
  readonly from: number;
  readonly to: number;
}

/** Plays the rounds, and throws where two effects were ever under way at once or one was had twice. */
export async function frozenManagers(options: FrozenOptions): Promise<void> {
  const { rounds, seed, say } = options;
  const random = new Random(seed);
  await using site = await Site.up(options.name, { hosts: 4 });
  const { lab } = site;
  await using _locks = lab.spawn(["etcd", "--data-dir", `${lab.dir}/locks`]);
  const locked = async (members: readonly string[], etcd = `["${LOCKS}"]`): Promise<string> => {
    const path = await site.config(members, { policy: { stabilize: "0s" } });
    await Deno.writeTextFile(path, `lock: { etcd: ${etcd}, ttl: 5s }\n`, { append: true });
    return path;
  };
  const configs = { three: await locked(THREE), four: await locked(FOUR) };
  const stateOf = (manager: Manager): string => `${lab.dir}/state-of-${manager}`;
  const start = (manager: Manager, config: string): Running => {
    const args = ["apply", "-o", "json", "-c", config, "--state", stateOf(manager)];
    return lab.spawn([Deno.execPath(), "run", "-A", "--no-check", MAIN, ...args]);
  };
  /** Runs of one manager after the other until everything is as the config says. */
  const settle = (config: string): Promise<void> => {
    let last = "";
    return until(`the members are as in ${config}; ${last}`, async () => {
      const running = start(random.percent(50) ? "a" : "b", config);
      const { stdout, code } = await running.exited;
      last = stdout;
      assert.ok([0, 3, 5].includes(code), stdout);
      return /"outcome":"(?:steady|converged)"/.test(stdout);
    }, 120_000);
  };

  /** A run that has its lease; one that comes too early for what a former run could not let go is tried again. */
  const leased = async (who: Manager, config: string) => {
    for (let tries = 1;; tries++) {
      const running = start(who, config);
      await running.says(/"event":"leased"|"event":"runEnded"/);
      if (running.stdout().includes('"event":"leased"')) return running;
      const { stdout } = await running.exited;
      assert.ok(tries < 60 && stdout.includes('"outcome":"yielded"'), stdout);
      await pause(1_000);
    }
  };

  await ownLock(site, await locked(THREE, "metadata"), (config) => start("a", config));
  await Promise.all(THREE.concat("n4").map((host) => lab.must(host, WRITE_DOWN)));
  const outcomes = new Map<string, number>();
  const freezes: { readonly who: Manager; readonly from: number; readonly to: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const config = round % 2 === 1 ? configs.four : configs.three;
    const [sleeper, other]: readonly [Manager, Manager] = random.percent(50) ? ["a", "b"] : ["b", "a"];
    await using sleeping = await leased(sleeper, config);
    await pause(random.int(0, 3_000));
    sleeping.kill("SIGSTOP");
    const from = Date.now();
    await pause(20); // what it has sent is on its way
    const awake = start(other, config);
    await Promise.race([awake.exited, pause(options.frozenMs)]);
    await pause(random.int(0, options.frozenMs));
    freezes.push({ who: sleeper, from, to: Date.now() });
    sleeping.kill("SIGCONT");
    await using again = start(other, config);
    const ends = await Promise.all([sleeping, awake, again].map(({ exited }) => exited));
    const told = ends.map(({ stdout }) => /"outcome":"(\w+)"/.exec(stdout)?.[1] ?? "none");
    say(`round ${round}: ${sleeper} slept ${(freezes.at(-1)?.to ?? from) - from} ms: ${told.join(", ")}`);
    for (const { stdout } of ends) {
      const [, why] = /"event":"runEnded".*"why":"(.*?)"}/.exec(stdout) ?? [];
      if (why !== undefined) say(`  ${why}`);
    }
    for (const one of told) outcomes.set(one, (outcomes.get(one) ?? 0) + 1);
    for (const { code, stdout, stderr } of ends) assert.ok([0, 3, 5].includes(code), `${stdout}${stderr}`);
    if (!told.includes("converged")) await settle(config);
    const names = (await site.members("n1")).map((m) => m.name).sort();
    assert.deepEqual(names, round % 2 === 1 ? FOUR : THREE, `after round ${round}`);
  }

  const journals = (await Promise.all((["a", "b"] as const).map(async (who) => {
    const { runs, damaged } = await readJournal(stateOf(who), { runs: 100_000 });
    assert.deepEqual(damaged, []);
    return runs.flatMap(({ events }) => stepsOf(who, events, freezes));
  }))).flat();
  assert.ok(journals.length > rounds * 4, `${journals.length} steps`);
  for (const who of ["a", "b"]) assert.ok(journals.some((span) => span.who === who), `${who} did something`);
  apart(journals, (one, two) => one.who === two.who);

  const written =
    (await Promise.all(FOUR.map(async (host) => spansOf(await lab.must(host, "cat /run/effects"), host))))
      .flat();
  apart(written, () => false);
  const had = (verb: string): number => written.filter(({ what }) => what.startsWith(verb)).length;
  assert.equal(had("member add"), Math.ceil(rounds / 2), "each member was added once");
  assert.equal(had("member remove"), Math.floor(rounds / 2), "each member was removed once");
  say(
    `${rounds} rounds: ${journals.length} steps in the journals, ${written.length} changes of members on the nodes, never ` +
      `two at once; ${[...outcomes].map(([outcome, n]) => `${outcome} ${n}`).join(", ")}`,
  );
}

/** An etcd that keeps the lock of its own service: formed, and brought back, by the node locks alone; then it has a lease. */
async function ownLock(site: Site, config: string, start: (config: string) => Running): Promise<void> {
  const applied = async (): Promise<string> => {
    const { code, stdout, stderr } = await start(config).exited;
    assert.equal(code, 0, `${stdout}${stderr}`);
    return stdout;
  };
  const formed = await applied();
  assert.match(formed, /"event":"leaseless"[^]*"case":"bootstrap"[^]*"outcome":"converged"/);
  assert.match(await applied(), /"event":"leased"[^]*"outcome":"steady"/);
  await Promise.all(THREE.map((host) => site.lab.must(host, "systemctl stop etcd")));
  assert.match(await applied(), /"event":"leaseless"[^]*"case":"restart[^]*"outcome":"converged"/);
  assert.match(await applied(), /"event":"leased"[^]*"outcome":"steady"/);
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

/** The commands of a run. Of one that was under way when its manager froze, the nodes know when it ended, not the journal. */
function stepsOf(
  who: Manager,
  events: readonly Event[],
  freezes: readonly { readonly who: Manager; readonly from: number; readonly to: number }[],
): readonly Span[] {
  return events.flatMap((event, i): readonly Span[] => {
    if (event.event !== "stepStarted" || event.command === undefined) return [];
    const end = events.slice(i).find((e) =>
      (e.event === "stepDone" || e.event === "stepFailed") && e.step.id === event.step.id
    );
    const from = Date.parse(event.time);
    const to = end === undefined ? from : Date.parse(end.time);
    const frozen = freezes.find((f) => f.who === who && f.from >= from && f.from <= to);
    return [{ what: event.step.id, who, from, to: frozen?.from ?? to }];
  });
}

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
    options: { rounds: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
  });
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  await frozenManagers({
    name: "frozen",
    rounds,
    seed,
    frozenMs: 20_000,
    say: (line) => console.error(line),
  });
}
