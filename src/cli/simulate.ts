import type { Outcome } from "../model/event.ts";
import type { HostNode } from "../model/node.ts";
import type { Options } from "../playbook/options.ts";
import type { ServiceConfig } from "../config/config.ts";
import { playSchedule, type Schedule, type Subject } from "../sim/schedule.ts";
import { clientUrl, type EtcdOptions, peerUrl } from "../../plugins/etcd/options.ts";
import type { Line } from "../report/lines.ts";
import type { SimulateFlags } from "./app.ts";
import { type Cli, EXIT, misused, print, say } from "./cli.ts";
import { chosen, readConfig } from "./config.ts";
import { bind } from "./plugins.ts";

/** `quorate simulate`: the engine and the playbook of a service, on its nodes as they would be in memory, with bad luck. */
export default async function simulate(cli: Cli, flags: SimulateFlags, name?: string): Promise<number> {
  const config = await readConfig(cli, flags);
  if (config === undefined) return EXIT.config;
  const services = chosen(cli, flags, config, name === undefined ? [] : [name]);
  if (typeof services === "number") return services;
  const [service] = services;
  const [bound] = bind(config, services.slice(0, 1));
  if (service === undefined || bound === undefined) {
    return misused(cli, flags, `${config.path} has no service`);
  }
  if (service.plugin.name !== "etcd") {
    const instead = "test it with FakeFleet of quorate/testing";
    return misused(
      cli,
      flags,
      `only etcd's processes can be simulated, not those of ${service.plugin.name}: ${instead}`,
    );
  }
  const target = { ...bound.target, policy: { ...bound.target.policy, paused: false } };
  const subject: Subject = { service: bound.service, target, wiring: wiringOf(service) };

  if (flags.seed !== undefined) {
    const played = await playSchedule(subject, flags.seed);
    cli.out.write(`${played.trace.join("\n")}\n`);
    print(cli, flags, [verdict(played)]);
    return played.violation === undefined ? EXIT.ok : EXIT.failed;
  }
  const tally = new Tally();
  for (let seed = 1; seed <= flags.seeds; seed++) {
    const played = await playSchedule(subject, seed);
    tally.add(played);
    if (cli.err.terminal && !flags.quiet && (seed % 10 === 0 || seed === flags.seeds)) {
      cli.err.write(`\r${bar(seed / flags.seeds)} ${seed} of ${flags.seeds}`);
    }
    if (played.violation === undefined) continue;
    if (cli.err.terminal && !flags.quiet) cli.err.write("\n");
    cli.out.write(`${played.trace.join("\n")}\n`);
    print(cli, flags, [verdict(played), ...tally.lines()]);
    say(cli, flags, [[`the same again: quorate simulate ${service.name} --seed ${seed}`]]);
    return EXIT.failed;
  }
  if (cli.err.terminal && !flags.quiet) cli.err.write("\n");
  print(cli, flags, [[["green", `${service.name}: every invariant held`]], ...tally.lines()]);
  return EXIT.ok;
}

/** etcd is the one plugin that is built in, and what the simulated processes behave like. */
function wiringOf({ options }: ServiceConfig): Subject["wiring"] {
  // Read by etcd's own spec.
  const etcd = options as Options & EtcdOptions;
  return {
    peerUrl: (n: HostNode) => peerUrl(n, etcd),
    clientUrl: (n: HostNode) => clientUrl(n, etcd),
  };
}

const verdict = ({ seed, violation, outcome }: Schedule): Line =>
  violation === undefined
    ? [["green", `seed ${seed}: every invariant held`], `; the last run ended ${outcome}`]
    : [["red", `seed ${seed}: ${violation.invariant}`], `: ${violation.story}`];

const WIDTH = 30;
const bar = (part: number): string => "█".repeat(Math.round(part * WIDTH)).padEnd(WIDTH, "░");

/** What all schedules came to. */
class Tally {
  readonly #outcomes = new Map<Outcome, number>();
  #schedules = 0;
  #sums = { faults: 0, runs: 0, changes: 0, writes: 0 };

  add(s: Schedule): void {
    this.#schedules++;
    this.#outcomes.set(s.outcome, (this.#outcomes.get(s.outcome) ?? 0) + 1);
    const { faults, runs, changes, writes } = this.#sums;
    this.#sums = {
      faults: faults + s.faults,
      runs: runs + s.runs,
      changes: changes + s.changes,
      writes: writes + s.writes,
    };
  }

  lines(): readonly Line[] {
    const { faults, runs, changes, writes } = this.#sums;
    const row = (n: number, what: string): Line => [String(n).padStart(10), `  ${what}`];
    return [
      row(this.#schedules, "schedules"),
      row(faults, "faults"),
      row(runs, "runs"),
      row(changes, "changes completed"),
      row(writes, "acknowledged writes"),
      ...[...this.#outcomes].sort((a, b) => b[1] - a[1]).map(([o, n]) =>
        row(n, `${n === 1 ? "schedule" : "schedules"} that ended ${o}`)
      ),
    ];
  }
}
