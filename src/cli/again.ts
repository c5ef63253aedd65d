/**
 * What `recover` and `restore` share: a proposal that a person reads and says yes to, and the run that follows, told and
 * written down like any other.
 *
 * @module
 */
import { type Again, beginAgain, type Proposal, proposeAgain } from "../engine/again.ts";
import { fileJournal, recorder } from "../engine/journal.ts";
import type { ServiceRun } from "../engine/mod.ts";
import { type Event, exitCodeOf, type Happening } from "../model/event.ts";
import type { ServicePlan } from "../model/plan.ts";
import type { Refusal } from "../model/refusal.ts";
import type { SnapshotSight } from "../playbook/snapshot.ts";
import { statement } from "../report/again.ts";
import { refusalBlock } from "../report/blocks.ts";
import { blank } from "../report/lines.ts";
import { planText } from "../report/plan_text.ts";
import { duration } from "../report/words.ts";
import { type Cli, EXIT, misused, say, stateDir } from "./cli.ts";
import type { AgainFlags } from "./commands/lost.ts";
import { compose, type Composition } from "./compose.ts";
import { type Chosen, chosen, readConfigs } from "./config.ts";
import { printPlans } from "./plans.ts";
import { reporter } from "./reporter.ts";
import { stopSignals } from "./signals.ts";
import { VERSION } from "./version.ts";

/** How a service begins again; `snapshot` is what that says of itself. */
export interface Prepared {
  readonly how: Pick<Again, "judge" | "change">;
  readonly snapshot?: SnapshotSight;
}

/** Why a service cannot begin again, before any host is asked: 3 where what it would begin with is refused, 1 where there is none. */
export interface Unready {
  readonly why: string;
  readonly code: typeof EXIT.refused | typeof EXIT.failed;
}

/** Runs one of the two; `prepare` may say why not. */
export async function again(
  cli: Cli,
  flags: AgainFlags,
  name: string,
  prepare: (run: ServiceRun, one: Chosen) => Promise<Prepared | Unready> | Prepared | Unready,
): Promise<number> {
  const dryRun = flags.dryRun || flags.output === "sh";
  const asks = cli.err.terminal && Deno.stdin.isTerminal() && !flags.noInput;
  if (!flags.yesLoseWrites && !asks && !dryRun) {
    return misused(cli, flags, "a person has to say yes on a terminal: without one, say --yes-lose-writes");
  }
  const read = await readConfigs(cli, flags, false);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, [name]);
  if (typeof services === "number") return services;
  const composed = compose(services, stateDir(cli, flags));
  try {
    const [run] = composed.runs, [one] = services;
    if (run === undefined || one === undefined) throw new TypeError(`${name} was not bound`);
    const prepared = await prepare(run, one);
    if ("why" in prepared) {
      say(cli, flags, [[["red", "quorate: "], prepared.why]]);
      return prepared.code;
    }
    return dryRun
      ? await show(cli, flags, run, services, prepared)
      : await carryOut(cli, flags, run, prepared);
  } finally {
    await composed.close();
  }
}

async function show(
  cli: Cli,
  flags: AgainFlags,
  run: ServiceRun,
  services: readonly Chosen[],
  { how, snapshot }: Prepared,
): Promise<number> {
  const nobody: Again = { ...how, watching: () => {}, confirm: () => Promise.resolve(false) };
  const found = await proposeAgain(run, nobody);
  if (isRefused(found)) {
    say(cli, flags, [[["yellow", `${run.service.name}: refused by a safety rule`]], ...refusalBlock(found)]);
    return EXIT.refused;
  }
  say(cli, flags, statement(found.begins, snapshot));
  await printPlans(cli, flags, [planOf(run, found)], services);
  return EXIT.ok;
}

const isRefused = (found: Proposal | readonly Refusal[]): found is readonly Refusal[] => Array.isArray(found);

const planOf = ({ service }: ServiceRun, { change, seen, planned }: Proposal): ServicePlan => ({
  name: service.name,
  plugin: service.plugin,
  case: change.case,
  seen,
  changes: [planned],
  refusals: [],
});

async function carryOut(
  cli: Cli,
  flags: AgainFlags,
  run: Composition,
  { how, snapshot }: Prepared,
): Promise<number> {
  const output = flags.output === "json" ? "json" : "text";
  const report = reporter(cli, { ...flags, output });
  const stop = stopSignals((text) => report.say([[["yellow", `quorate: ${text}`]]]));
  const dir = stateDir(cli, flags);
  const record = recorder(fileJournal(dir));
  const id = crypto.randomUUID();
  const emit = (happening: Happening): void => {
    const event: Event = { time: new Date().toISOString(), run: id, service: run.service.name, ...happening };
    report.onEvent(event);
    try {
      record(event);
    } catch (error) {
      report.warn(
        `the journal in ${dir} could not be written: ${error instanceof Error ? error.message : error}`,
      );
    }
  };
  const watching = (ms: number): void => {
    if (!flags.quiet) {
      report.say([[`${run.service.name}: watching for ${duration(ms)} whether nobody serves`]]);
    }
  };
  const confirm = (proposal: Proposal): Promise<boolean> => {
    const word = proposal.begins.former[0] ?? run.service.name;
    report.say([
      [["bold", `${run.service.name}: a new cluster is to take the place of the old one`]],
      ...statement(proposal.begins, snapshot),
      blank,
      ...planText(planOf(run, proposal)),
    ]);
    return Promise.resolve(
      flags.yesLoseWrites || prompt(`Type ${word} to give it up and begin again:`)?.trim() === word,
    );
  };
  emit({ event: "runStarted", config: run.configPath, version: VERSION });
  try {
    const { outcome } = await beginAgain(run, { ...how, watching, confirm }, emit, stop.signal);
    return exitCodeOf[outcome];
  } finally {
    report.close();
    stop.close();
  }
}
