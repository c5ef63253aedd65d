import { playSchedule, type Schedule, type Subject } from "../sim/schedule.ts";
import { noTally, rowsOf, type Tally, tallyOf, together } from "../sim/tally.ts";
import type { Line } from "../report/lines.ts";
import { duration } from "../report/words.ts";
import type { SimulateFlags } from "./commands/playbooks.ts";
import { type Cli, EXIT, misused, print, say } from "./cli.ts";
import { chosen, readConfigs } from "./config.ts";
import { modelOf, simulated } from "./models.ts";
import { bind } from "./plugins.ts";

/** So much of a timeline shows how it came to a violation; `--seed` prints all of it. */
const STORY_LINES = 40;
const BAR_MS = 200;

/** `quorate simulate`: the engine and the playbook of a service, on its nodes as they would be in memory, with bad luck. */
export default async function simulate(cli: Cli, flags: SimulateFlags, name?: string): Promise<number> {
  const read = await readConfigs(cli, flags);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, name === undefined ? [] : [name]);
  if (typeof services === "number") return services;
  const [first] = services;
  if (first === undefined) return misused(cli, flags, `${read.path} has no service`);
  const { service } = first;
  const bound = bind(first.config, service);
  const model = modelOf(service);
  if (model === undefined) {
    const instead = "test it with FakeFleet of quorate/testing";
    return misused(
      cli,
      flags,
      `only ${simulated.join(" and ")} can be simulated, not ${service.plugin.name}: ${instead}`,
    );
  }
  const target = { ...bound.target, policy: { ...bound.target.policy, paused: false } };
  const subject: Subject = { service: bound.service, target, model };

  if (flags.seed !== undefined) {
    const played = await playSchedule(subject, flags.seed);
    print(cli, flags, [...played.trace.map((line): Line => [line]), verdict(played)]);
    return played.violation === undefined ? EXIT.ok : EXIT.failed;
  }
  let tally = noTally;
  const bar = barOf(cli, flags);
  for (let seed = 1; seed <= flags.seeds; seed++) {
    const played = await playSchedule(subject, seed);
    tally = together(tally, tallyOf(played));
    bar.show(seed);
    if (played.violation === undefined) continue;
    bar.clear();
    const left = Math.max(0, played.trace.length - STORY_LINES);
    print(cli, flags, [
      ...(left === 0 ? [] : [[["dim", `… ${left} lines before`]] satisfies Line]),
      ...played.trace.slice(left).map((line): Line => [line]),
      verdict(played),
      ...table(tally),
    ]);
    say(cli, flags, [[`the whole of it again: quorate simulate ${service.name} --seed ${seed}`]]);
    return EXIT.failed;
  }
  bar.clear();
  print(cli, flags, [[["green", `${service.name}: every invariant held`]], ...table(tally)]);
  return EXIT.ok;
}

const verdict = ({ seed, violation, outcome }: Schedule): Line =>
  violation === undefined
    ? [["green", `seed ${seed}: every invariant held`], `; the last run ended ${outcome}`]
    : [["red", `seed ${seed}: ${violation.invariant}`], `: ${violation.story}`];

const table = (tally: Tally): readonly Line[] =>
  rowsOf(tally).map(({ count, what }): Line =>
    count === undefined ? [["bold", what]] : [String(count).padStart(10), `  ${what}`]
  );

/** How far it is and how long it will still take; on a terminal only. */
function barOf(cli: Cli, { quiet, seeds }: SimulateFlags) {
  const { err } = cli;
  const began = performance.now();
  const shown = err.terminal && !quiet;
  let drawn = -Infinity;
  return {
    show(done: number): void {
      const now = performance.now();
      if (!shown || now - drawn < BAR_MS) return;
      drawn = now;
      const left = duration(((now - began) / done) * (seeds - done));
      const text = ` ${done} of ${seeds}, ${left} left`;
      const width = Math.max(0, Math.min(30, err.size().columns - text.length - 1));
      const full = Math.round((done / seeds) * width);
      err.write(`\r${"█".repeat(full)}${"░".repeat(width - full)}${text}\x1b[K`);
    },
    clear(): void {
      if (shown) err.write("\r\x1b[K");
    },
  };
}
